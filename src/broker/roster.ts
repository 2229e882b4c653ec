/**
 * The roster: what was started on the running fleet and is not in anybody's configuration, as records that the broker keeps.
 *
 * Apart from the port that keeps it (control.ts, O8 to O10), because both sides read versions. The broker never reads a record's text.
 */
export interface RosterEntry {
  /** What it is called: one record of a name. */
  readonly name: string;
  readonly text: string;
  /** Of the roster when the record was written. */
  readonly version: string;
}

export interface Roster {
  /** Changes with every record that is written or struck off; `''` when nothing ever was, or all of it was lost. */
  readonly version: string;
  readonly entries: readonly RosterEntry[];
}

export interface EnrolRequest {
  readonly name: string;
  readonly text: string;
  /** The version of the record that it replaces, `''` when there must be none. Absent: whatever is there. */
  readonly expected?: string;
  /** A node in whose name it is written: it must be present, else `OwnershipError('presence-lost')`. */
  readonly by?: string;
}

export type EnrolReply =
  | { readonly kind: 'enrolled'; readonly version: string }
  /** It is not as expected. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'full'; readonly entries: number };

/** A version is the time of the roster's first record and a count of its changes: `<microseconds>.<count>`. */
function partsOf(version: string): { readonly born: string; readonly count: number } {
  const [born = '', count = '0'] = version.split('.');
  return { born, count: Number(count) };
}

/** True when `version` cannot follow `known`: the broker has lost the roster, or the end of it. */
export function hasLost(known: string, version: string): boolean {
  if (known === '') return false;
  const [before, after] = [partsOf(known), partsOf(version)];
  return before.born !== after.born || after.count < before.count;
}

/** True when `version` was written after the roster was read at `read`. */
export function isAfter(version: string, read: string): boolean {
  const [written, seen] = [partsOf(version), partsOf(read)];
  return written.born === seen.born ? written.count > seen.count : Number(written.born) > Number(seen.born);
}
