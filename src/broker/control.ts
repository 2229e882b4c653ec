/**
 * The control port: how a caller or an operator steers what others run: tasks, queues, and the roster of agents that were started on
 * the running fleet. Nothing here is needed to run a task.
 *
 * O1  Every call but `enrol` may be repeated: a repeat changes nothing and gets the answer that fits what is.
 * O2  A task that is not claimed is cancelled at once: it leaves its queue, its outcome is kept as `dead` with the reason
 *     `cancelled`, and everyone is told `settled`. It is no dead letter.
 * O3  A claimed task is marked and its holder told `cancelled`; the renewal of its claim says so too. Whatever then ends the
 *     delivery (any settle, or a recovery) ends the task as O2 says: a marked task is never delivered again.
 * O4  While a queue is paused, claims, recoveries and waits that begin hand out none of its tasks; enqueues, promotions and
 *     what runs go on. Everyone is told `paused` and `resumed`. A wait that began before goes by what was then: who waits ends it
 *     at the notice, and only what was enqueued until then is still handed over.
 * O5  While a queue has a `concurrency`, at most that many of its tasks are claimed at a time in the whole fleet, whoever
 *     claims. A take-over keeps the place of the lost holder. A place is free when its delivery has ended, however it did. What
 *     was claimed before the limit came or was lowered goes on, and nothing is handed out until there is room.
 * O6  While a queue has a `rate`, at most `max` of its deliveries begin in any `perMs` milliseconds, by server time: a sliding
 *     window. First tries, retries and take-overs all count; a release gives nothing back. An overdue claim for which there is no
 *     room goes to the front of the queue, charged. The window knows the starts since the rate came; changing its numbers keeps them.
 * O7  Waits that begin hand out no task of a limited queue; only claims do. Everyone is told `limited` when the limits change, and
 *     `released` when a limited queue has a free place and a task that may be claimed. For room that only time makes, the claim
 *     says when to look again. A wait that began before goes by what was then, as under O4; what it takes may have been told, too.
 * O8  The roster holds one record of a name, at most `limits.rosterEntries` of them; it is written and struck off under the version that
 *     its writer expects, so that of two who change one record at the same time one is told so. It outlives every node.
 * O9  Everyone is told `roster` with the name of a record that was written or struck off.
 * O10 The version of the roster changes with every record. One that cannot follow the one that was known means that data was lost.
 */
import type { ErrorRecord } from '../core/errors.ts';
import type { EnrolReply, EnrolRequest, Roster } from './roster.ts';

/** The reason of the outcome of a cancelled task. */
export const cancelledReason = 'cancelled';

export interface CancelRequest {
  readonly taskId: string;
  /** Kept as the error of the outcome; its message is what the holder is told. */
  readonly error: ErrorRecord;
  /** How long the outcome is readable. */
  readonly resultTtlMs: number;
}

/**
 * `cancelled`: it will not run (O2). `requested`: it runs, and its holder was told (O3). `ended`: it had ended before.
 * `unknown`: never accepted, or settled and its result expired.
 */
export type CancelReply = 'cancelled' | 'requested' | 'ended' | 'unknown';

export interface RateLimit {
  /** Deliveries that may begin in the window. */
  readonly max: number;
  readonly perMs: number;
}

/** The limits of a queue in the whole fleet; what is absent is not limited. */
export interface QueueLimits {
  readonly concurrency?: number;
  readonly rate?: RateLimit;
}

/** What is absent stays as it is; `null` takes the limit away. */
export interface LimitChange {
  readonly concurrency?: number | null;
  readonly rate?: RateLimit | null;
}

export interface ControlPort {
  /** Cancels a task wherever it is (O2, O3). The first request's error counts. */
  cancel(request: CancelRequest): Promise<CancelReply>;
  /** Pauses a queue, also one that was never heard of (O4). True when it was not paused. */
  pause(queue: string): Promise<boolean>;
  /** Ends the pause of a queue (O4). True when it was paused. */
  resume(queue: string): Promise<boolean>;
  /** Changes the limits of a queue, also one that was never heard of (O5 to O7). Resolves to the limits that hold then. */
  limit(queue: string, change: LimitChange): Promise<QueueLimits>;
  /** Writes a record of the roster (O8, O9). Not to be repeated blindly: a repeat under the same `expected` finds it changed. */
  enrol(request: EnrolRequest): Promise<EnrolReply>;
  /** Strikes a record off (O8, O9). True when it was there, under `expected` when that is given. */
  dismiss(name: string, expected?: string): Promise<boolean>;
  /** The whole roster, in no order; undefined when it still has the version `known` (O10). */
  roster(known: string): Promise<Roster | undefined>;
}
