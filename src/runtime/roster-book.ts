/**
 * What a node knows of the roster: the last one it read, and what it wrote or was told since.
 *
 * Apart from the duty that acts on it, because what a late read may not undo, and what a loss of data is, is decided here alone.
 */
import { hasLost, isAfter, type Roster, type RosterEntry } from '../broker/roster.ts';
import { recordOf, type RosterRecord } from '../client/roster-record.ts';

export interface Known extends RosterEntry {
  readonly record: RosterRecord;
}

/** What a node leaves to the incarnation after it. */
export interface RosterLegacy {
  readonly node: string;
  readonly version: string;
  readonly entries: readonly Known[];
}

export class RosterBook {
  readonly #entries = new Map<string, Known>();
  /** Versions by name, of what was forgotten since the last read: one that was under way may still know it. */
  readonly #forgotten = new Map<string, string>();
  #version: string;

  constructor(legacy?: RosterLegacy) {
    this.#version = legacy?.version ?? '';
    for (const known of legacy?.entries ?? []) this.#entries.set(known.name, known);
  }

  get version(): string {
    return this.#version;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): Known | undefined {
    return this.#entries.get(name);
  }

  /** In the order of their names, which is the same on every node. */
  get all(): readonly Known[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** A record that was written, or told, and may be newer than the last read. */
  note(entry: RosterEntry): void {
    const record = recordOf(entry);
    if (record !== undefined) this.#entries.set(entry.name, { ...entry, record });
  }

  /** It was struck off. */
  forget(name: string): void {
    const known = this.#entries.get(name);
    if (known !== undefined) this.#forgotten.set(name, known.version);
    this.#entries.delete(name);
  }

  /** Takes over what was read; what the broker has lost. What was noted after that read stays, and what was forgotten stays forgotten. */
  absorb({ version, entries }: Roster): readonly Known[] {
    const isLoss = hasLost(this.#version, version);
    const before = new Map(this.#entries);
    const read = entries.filter(({ name, version: written }) => {
      const forgotten = this.#forgotten.get(name);
      return forgotten === undefined || isAfter(written, forgotten);
    });
    this.#forgotten.clear();
    this.#entries.clear();
    if (read.length === entries.length) this.#version = version; // else it is read again: an old state that came back would go unseen
    for (const entry of read) this.note(entry);
    const missing = [...before.values()].filter(({ name }) => !this.#entries.has(name));
    if (isLoss) return missing;
    for (const known of before.values()) if (isAfter(known.version, version)) this.#entries.set(known.name, known);
    return [];
  }
}
