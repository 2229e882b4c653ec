/**
 * The roster in memory: records by name, and the version that changes with each of them.
 *
 * Invariants O8 to O10 stand in broker/control.ts.
 */
import { everyone } from '../broker/notices.ts';
import type { EnrolReply, EnrolRequest, Roster } from '../broker/roster.ts';
import { limits } from '../core/limits.ts';
import type { MemoryFleet } from './fleet.ts';

/** What the fleet holds of it. */
export class StoredRoster {
  readonly entries = new Map<string, { readonly text: string; readonly version: string }>();
  #born = '';
  #changes = 0;

  get version(): string {
    return this.#born === '' ? '' : `${this.#born}.${this.#changes}`;
  }

  /** The next version. */
  change(now: () => number): string {
    if (this.#born === '') this.#born = String(now());
    this.#changes++;
    return this.version;
  }

  /** Remembers it; the returned function brings it back. */
  remember(): () => void {
    const [kept, born, changes] = [[...this.entries], this.#born, this.#changes];
    return () => {
      this.entries.clear();
      for (const [name, entry] of kept) this.entries.set(name, entry);
      this.#born = born;
      this.#changes = changes;
    };
  }

  clear(): void {
    this.entries.clear();
    this.#born = '';
    this.#changes = 0;
  }
}

export function enrol(fleet: MemoryFleet, { name, text, expected, by }: EnrolRequest): EnrolReply {
  if (by !== undefined) fleet.directory.demandPresence(by);
  const { roster } = fleet;
  const current = roster.entries.get(name);
  if (expected !== undefined && expected !== (current?.version ?? '')) return { kind: 'changed' };
  if (current === undefined && roster.entries.size >= limits.rosterEntries)
    return { kind: 'full', entries: roster.entries.size };
  const version = roster.change(() => fleet.nextNumber());
  roster.entries.set(name, { text, version });
  fleet.exchange.postNotice(everyone, { kind: 'roster', name });
  return { kind: 'enrolled', version };
}

export function dismiss(fleet: MemoryFleet, name: string, expected: string | undefined): boolean {
  const { roster } = fleet;
  const current = roster.entries.get(name);
  if (current === undefined || (expected !== undefined && expected !== current.version)) return false;
  roster.entries.delete(name);
  roster.change(() => fleet.nextNumber());
  fleet.exchange.postNotice(everyone, { kind: 'roster', name });
  return true;
}

export function readRoster({ roster }: MemoryFleet, known: string): Roster | undefined {
  if (roster.version === known) return undefined;
  const entries = [...roster.entries].map(([name, { text, version }]) => ({ name, text, version }));
  return { version: roster.version, entries };
}
