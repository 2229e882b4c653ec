/**
 * How many partitions the queues of the fleet have, as far as this process knows: read from the roster when it joins, and again when it
 * is told that they changed.
 *
 * R5  The number belongs to the fleet: a node whose configuration names it writes it down before it claims anything, and the node that
 *     started last counts. Fewer than there were are filled from then on, and all of them served (R4).
 * R6  A process that has not heard of a change yet fills as many as it knew; until all have heard, tasks of one concurrency key may be in
 *     two partitions. So the number is changed while nothing flows where that order matters.
 * R7  What the broker has lost of them, whoever knew it writes again: tasks that are brought back may be in any partition.
 */
import type { ControlPort } from '../broker/control.ts';
import type { RosterEntry } from '../broker/roster.ts';
import { partitionFor, partitionsOf } from '../broker/partitions.ts';
import { BrokerError } from '../core/errors.ts';

export interface PartitionsDeps {
  readonly control: ControlPort;
  /** There are other ones to serve. */
  readonly onChange: () => void;
}

interface PartitionRecord {
  readonly kind: 'queue';
  readonly queue: string;
  /** Are filled. */
  readonly filled: number;
  /** Are served: the most there ever were. */
  readonly served: number;
}

interface Known extends PartitionRecord {
  /** Of the roster when it was written. */
  readonly version: string;
}

const prefix = 'queue:';
const mostRounds = 8;

export class Partitions {
  readonly #deps: PartitionsDeps;
  /** By queue. */
  #records: ReadonlyMap<string, Known> = new Map();
  #version = '';

  constructor(deps: PartitionsDeps) {
    this.#deps = deps;
  }

  /** True when the roster's record of this name is about partitions. */
  static concerns(name: string): boolean {
    return name.startsWith(prefix);
  }

  /** How many new tasks of a queue are spread over. */
  filled(queue: string): number {
    return this.#records.get(queue)?.filled ?? 1;
  }

  /** R2 */
  placeFor(queue: string, key: string): string {
    return partitionFor(queue, this.filled(queue), key);
  }

  /** R4: every one that may hold tasks of a queue. */
  all(queue: string): readonly string[] {
    return partitionsOf(queue, this.#records.get(queue)?.served ?? 1);
  }

  /** Rejects with `BrokerError`. */
  async read(): Promise<void> {
    const roster = await this.#deps.control.roster(this.#version);
    if (roster === undefined) return;
    const found = roster.entries.flatMap((entry) => recordOf(entry) ?? []);
    const known = this.#records;
    this.#records = new Map([...known, ...found.map((record) => [record.queue, record] as const)]);
    this.#version = roster.version;
    if (found.some(({ queue, served }) => served > (known.get(queue)?.served ?? 1))) this.#deps.onChange();
    await this.#restore([...known.values()].filter(({ queue }) => !found.some((one) => one.queue === queue)));
  }

  /** R7: of all who see it, one writes it. */
  async #restore(lost: readonly Known[]): Promise<void> {
    for (const { queue, filled, served } of lost) {
      const text = JSON.stringify({ kind: 'queue', queue, filled, served } satisfies PartitionRecord);
      await this.#deps.control.enrol({ name: prefix + queue, text, expected: '' });
    }
  }

  /** R5. Rejects with `BrokerError`. Repeating it is safe. */
  async write(queue: string, filled: number): Promise<void> {
    for (let round = 1; round <= mostRounds; round++) {
      await this.read();
      const known = this.#records.get(queue);
      if ((known?.filled ?? 1) === filled) return;
      const record = { kind: 'queue', queue, filled, served: Math.max(filled, known?.served ?? 1) } as const;
      const request = { name: prefix + queue, text: JSON.stringify(record), expected: known?.version ?? '' };
      const reply = await this.#deps.control.enrol(request);
      if (reply.kind === 'full')
        throw new BrokerError('overloaded', `expected the roster to have room for "${queue}", got: ${reply.entries}`);
    }
    throw new BrokerError('overloaded', `expected the partitions of "${queue}" to stay for a moment, got: changing`);
  }
}

/** Undefined for what is none, or is of another version of this package. */
function recordOf({ name, text, version }: RosterEntry): Known | undefined {
  if (!Partitions.concerns(name)) return undefined;
  try {
    const { kind, queue, filled, served } = JSON.parse(text) as Partial<PartitionRecord>;
    const isOne = kind === 'queue' && typeof queue === 'string' && Number(filled) >= 1 && Number(served) >= 1;
    return isOne ? { kind, queue, filled: Number(filled), served: Number(served), version } : undefined;
  } catch {
    return undefined;
  }
}
