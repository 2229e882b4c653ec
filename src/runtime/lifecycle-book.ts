/**
 * What becomes of the agents of this node, told to the whole fleet: up, up again in the same place, down.
 *
 * Records of one tick travel together, however many agents start at once, and are live: one that cannot be written is reported. Of a
 * fenced node nothing is written: the end of the node says it of all its agents.
 */
import type { AgentRecord, LogPort } from '../broker/logs.ts';
import { Post } from '../client/post.ts';
import type { Clock } from '../core/clock.ts';
import { describeError, redact } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import type { Cell } from './cell.ts';

export interface LifecycleBookDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly logs: LogPort;
  readonly node: string;
}

/** Characters of a reason that are kept. */
const longestReason = 500;

export class LifecycleBook {
  readonly #post: Post<AgentRecord>;
  /** The epoch under which it was last told of an agent. */
  readonly #told = new WeakMap<Cell, number>();
  /** And that it was down. */
  readonly #down = new WeakSet<Cell>();
  /** Why the incarnation before this one has ended. */
  readonly #failures = new WeakMap<Cell, string>();

  constructor({ logs, node, ...deps }: LifecycleBookDeps) {
    const deliver = (records: readonly AgentRecord[]): Promise<void> => logs.record(node, records);
    this.#post = new Post({ ...deps, what: 'recording what becomes of agents', deliver });
  }

  /** A new incarnation begins. */
  starting(cell: Cell): void {
    if (cell.life.aborted) this.#failures.set(cell, describeError(cell.life.reason).message);
  }

  up(cell: Cell): void {
    const wasUp = this.#told.get(cell) === cell.epoch;
    this.#told.set(cell, cell.epoch);
    this.#down.delete(cell);
    this.#record(cell, wasUp ? 'agent.restarted' : 'agent.up', wasUp ? this.#failures.get(cell) : undefined);
  }

  /** Its activation is over, or it will not be brought up again under it. Telling it twice is telling it once. */
  down(cell: Cell, reason: string): void {
    if (cell.epoch === 0 || (this.#told.get(cell) === cell.epoch && this.#down.has(cell))) return;
    this.#told.set(cell, cell.epoch);
    this.#down.add(cell);
    this.#record(cell, 'agent.down', reason);
  }

  /** Resolves when what was told has been written, or reported as lost. */
  flush(): Promise<void> {
    return this.#post.flush();
  }

  #record({ id, epoch, spec }: Cell, kind: AgentRecord['kind'], reason: string | undefined): void {
    const why = reason !== undefined && { reason: redact(reason).slice(0, longestReason) };
    this.#post.send({ kind, agent: id, role: spec.table.role, epoch, ...why });
  }
}
