/**
 * The quarantine port: what foreign agents wrote and nobody can read, kept with its reason and its origin until a person decides.
 *
 * Z1  What is kept is bounded: the newest `limits.quarantined` entries within `limits.quarantineBytes`. Those that newer ones pushed
 *     out are counted for as long as the list is not empty. Of a text of more than `limits.quarantineText` bytes only the beginning is kept.
 * Z2  An entry that was taken from a list is taken and kept in one step (foreign, B4); it is in one of the two places.
 * Z3  The same text from the same origin within a minute is one entry, unless it was taken from a list: many processes hear what is
 *     published, and each may say so.
 * Z4  A release gives an entry back to where it came from, as the newest of its list or by publishing it, and takes it off the list of
 *     the quarantine in the same step. What was only copied (`copy`), and what is not whole, cannot be released: it stays.
 */
export interface Quarantining {
  /** The key or channel that it came from. */
  readonly origin: string;
  /** For people: one line. */
  readonly reason: string;
  readonly text: string;
  /** Its whole size, where `text` is only the beginning. */
  readonly bytes?: number;
  /** How it left its origin: it was published there, or it still stands there. */
  readonly left: 'channel' | 'copy';
}

export interface Quarantined {
  /** Greater ids came later. */
  readonly id: string;
  readonly origin: string;
  readonly reason: string;
  readonly left: 'list' | 'channel' | 'copy';
  /** Its whole size; more than `text` has where only the beginning was kept. */
  readonly bytes: number;
  /** What is not UTF-8 shows as U+FFFD. */
  readonly text: string;
  /** Server time in milliseconds. */
  readonly at: number;
}

export interface QuarantinePage {
  readonly entries: readonly Quarantined[];
  /** How many there are. */
  readonly total: number;
  /** Z1 */
  readonly dropped: number;
}

export interface QuarantinePort {
  /** Keeps something that cannot be read (Z3). Live: lost when the broker cannot be reached (rejects then). */
  add(entries: readonly Quarantining[]): Promise<void>;
  /** Newest first, at most `count`, older than `before` when given; of each text at most the first `textBytes` bytes. */
  list(page: { readonly count: number; readonly before?: string; readonly textBytes: number }): Promise<QuarantinePage>;
  /** Gives entries back (Z4). Resolves to the ids that were. */
  release(ids: readonly string[]): Promise<readonly string[]>;
  /** Forgets entries. Resolves to the ids that were there. */
  drop(ids: readonly string[]): Promise<readonly string[]>;
}
