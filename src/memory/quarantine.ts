/**
 * The quarantine port in memory: one bounded list.
 *
 * Invariants Z1 to Z4 stand in broker/quarantine.ts. Nobody hears what is published again here: a memory fleet has no foreign agents.
 */
import type { Quarantined, Quarantining, QuarantinePage, QuarantinePort } from '../broker/quarantine.ts';
import { limits } from '../core/limits.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

const beginning = 65_536;

export class MemoryQuarantine implements QuarantinePort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  add(entries: readonly Quarantining[]): Promise<void> {
    return this.#link.call(entries, (received) => {
      const { foreign, clock } = this.#fleet;
      const now = clock.now();
      for (const [mark, until] of foreign.keptOnce) if (until <= now) foreign.keptOnce.delete(mark);
      for (const entry of received) {
        const mark = JSON.stringify([entry.origin, entry.bytes ?? Buffer.byteLength(entry.text), entry.text]);
        if (foreign.keptOnce.has(mark)) continue;
        foreign.keptOnce.set(mark, now + limits.quarantineOnceMs);
        quarantine(this.#fleet, entry, entry.left);
      }
    });
  }

  list(page: Parameters<QuarantinePort['list']>[0]): Promise<QuarantinePage> {
    return this.#link.call(page, ({ count, before, textBytes }) => {
      const { quarantined, quarantineDropped: dropped } = this.#fleet.foreign;
      const older = quarantined.filter(({ id }) => before === undefined || numberOf(id) < numberOf(before)).reverse();
      const entries = older
        .slice(0, Math.max(0, count))
        .map((one) => ({ ...one, text: beginningOf(one.text, textBytes) }));
      return { entries, total: quarantined.length, dropped };
    });
  }

  release(ids: readonly string[]): Promise<readonly string[]> {
    return this.#link.call(ids, (asked) => this.#end(asked, (entry) => this.#giveBack(entry)));
  }

  drop(ids: readonly string[]): Promise<readonly string[]> {
    return this.#link.call(ids, (asked) => this.#end(asked, () => true));
  }

  /** Z4 */
  #giveBack({ left, bytes, text }: Quarantined): boolean {
    const { queue, wrongTypes } = this.#fleet.foreign;
    if (left === 'copy' || Buffer.byteLength(text) < bytes) return false;
    if (left === 'list' && wrongTypes.has('queue')) return false;
    if (left === 'list') queue.push(text);
    return true;
  }

  #end(ids: readonly string[], end: (entry: Quarantined) => boolean): readonly string[] {
    const { foreign } = this.#fleet;
    return ids.filter((id) => {
      const at = foreign.quarantined.findIndex((entry) => entry.id === id);
      const entry = foreign.quarantined[at];
      if (entry === undefined || !end(entry)) return false;
      foreign.quarantined.splice(at, 1);
      if (foreign.quarantined.length === 0) foreign.quarantineDropped = 0;
      return true;
    });
  }
}

/** Z1 */
export function quarantine(
  fleet: MemoryFleet,
  { origin, reason, text, bytes: whole }: Omit<Quarantining, 'left'>,
  left: Quarantined['left'],
): void {
  const { quarantined } = fleet.foreign;
  const bytes = Buffer.byteLength(text);
  const kept = bytes > limits.quarantineText ? beginningOf(text, beginning) : text;
  const at = Math.floor(fleet.clock.now());
  quarantined.push({ id: `${fleet.nextNumber()}-0`, origin, reason, left, bytes: whole ?? bytes, text: kept, at });
  let all = quarantined.reduce((sum, entry) => sum + Buffer.byteLength(entry.text), 0);
  while (quarantined.length > limits.quarantined || (all > limits.quarantineBytes && quarantined.length > 1)) {
    all -= Buffer.byteLength(quarantined.shift()?.text ?? '');
    fleet.foreign.quarantineDropped++;
  }
}

/** A character that is cut through shows as U+FFFD. */
function beginningOf(text: string, bytes: number): string {
  return Buffer.from(text).subarray(0, bytes).toString();
}

function numberOf(id: string): number {
  return Number.parseInt(id, 10);
}
