/**
 * The foreign port: tasks that agents of another protocol put into the one list that all of them share, on their way into the fleet and
 * back as completions.
 *
 * B1  One node is the bridge at a time: the one whose lease holds. Every method that changes something refuses another one
 *     with `OwnershipError('bridge-lost')` and changes nothing then.
 * B2  A look reads entries behind a mark, oldest first, and changes nothing. A mark says how many of the oldest entries were looked at,
 *     and which the newest of them was; entries that others took from the old end move it. A mark whose entry is not found any more is as
 *     none: the look begins at the oldest. Where entries repeat byte for byte a mark may stand too far: so whoever looks begins at the
 *     oldest again now and then.
 * B3  What was not picked stays where it is, byte for byte and in order. The cost of a look does not depend on how many entries stand
 *     before its mark, but for walking there.
 * B4  A pick takes an entry out of the list and keeps it, in one step: among the taken tasks, or in the quarantine (Z2). An entry that is
 *     not the one that was looked at is left alone. At most `most` tasks are taken at a time.
 * B5  A taken task stays until it is ended. Its end is one step: the completion is stored, the event is appended and published, the task
 *     is forgotten, in this order and once; a repeat finds no such task and changes nothing. A task that failed has no completion.
 * B6  While a key of the other protocol has another type than it should, what would be stored there is held: the task stays, and the
 *     answer says so. A completion that was stored before its event could be is not stored again.
 */
import type { AppendOp } from './events.ts';
import { OwnershipError } from '../core/errors.ts';

export type ForeignList = 'queue' | 'completed';

/** B2 */
export interface Mark {
  /** How many of the oldest entries were looked at. */
  readonly count: number;
  /** Says which the newest of them is; `''` where there is none. */
  readonly last: string;
}

export const startMark: Mark = { count: 0, last: '' };
/** Behind the newest entry there is. */
export const endMark: Mark = { count: -1, last: '' };

export interface LookedAt {
  /** Behind the mark of the look: 1 for the first. */
  readonly number: number;
  /** Of one with more than `limits.foreignText` bytes: only the beginning. What is not UTF-8 shows as U+FFFD. */
  readonly text: string;
  readonly bytes: number;
  readonly isWhole: boolean;
  readonly isUtf8: boolean;
  /** Proves which one was looked at. */
  readonly proof: string;
}

export type Look =
  | {
      readonly kind: 'entries';
      readonly entries: readonly LookedAt[];
      /** Where the look began, as the list was: for the picks. */
      readonly from: Mark;
      /** Behind what was read: for the next look when nothing is picked. */
      readonly next: Mark;
      /** There may be more. */
      readonly more: boolean;
    }
  /** B6 */
  | { readonly kind: 'wrong-type'; readonly type: string };

export interface Pick {
  readonly number: number;
  readonly proof: string;
  /** Absent: it is a task for the fleet. Present: it cannot be read, and why. */
  readonly reason?: string;
}

export interface Picked {
  /** For each pick the id of the taken task, `'quarantined'`, or undefined where it was left alone (B4). */
  readonly ids: readonly (string | undefined)[];
  /** For the next look. */
  readonly next: Mark;
}

export interface TakenTask {
  /** Greater ids were taken later. */
  readonly id: string;
  readonly text: string;
}

export interface TaskEnd {
  readonly id: string;
  /** The task of the fleet that it became. Its result and its key are not needed any more when it has ended. */
  readonly taskId?: string;
  /** Absent: the task has failed. */
  readonly completion?: string;
  readonly event: AppendOp;
}

/** `unknown`: it was ended before. `held`: B6. */
export type TaskEndReply = 'ended' | 'unknown' | 'held';

export interface ForeignPort {
  /** Takes the lease of the bridge or keeps it (B1); with 0 ms, gives it back. True when the node is the bridge now. */
  hold(node: string, leaseMs: number): Promise<boolean>;
  /** Reads at most `count` entries behind a mark (B2). */
  look(request: { readonly list: ForeignList; readonly mark: Mark; readonly count: number }): Promise<Look>;
  /** Takes entries out of the queue (B4). */
  take(request: {
    readonly node: string;
    readonly from: Mark;
    /** How many entries the look brought. */
    readonly looked: number;
    readonly picks: readonly Pick[];
    readonly most: number;
  }): Promise<Picked>;
  /** Taken tasks that have not ended, oldest first, at most `count`, behind the id `after` (`''`: from the start). */
  taken(page: { readonly after: string; readonly count: number }): Promise<readonly TakenTask[]>;
  /** Ends taken tasks (B5, B6), at most `limits.frameOps`; one answer for each. */
  end(request: { readonly node: string; readonly ends: readonly TaskEnd[] }): Promise<readonly TaskEndReply[]>;
}

/** The idempotency key under which a taken task is enqueued: whoever becomes the bridge enqueues it again, and it stays one task. */
export function foreignKey(id: string): string {
  return `classic:${id}`;
}

/** B1 */
export function bridgeLost(node: string): OwnershipError {
  return new OwnershipError('bridge-lost', `expected node "${node}" to be the bridge, got: its lease has ended`, {
    node,
  });
}
