/**
 * The task port: from accepted to settled.
 *
 * T1  An accepted task is waiting, parked (delayed), claimed, or settled; it leaves only by a settle, or
 *     because it was cancelled (control, O2).
 * T2  At most one node holds a task. Its receipt names the task, its entry and the delivery, and is good for the holder alone;
 *     any later delivery makes it stale, and so does any field that is not that of the claim.
 * T3  A settle or renewal with a stale receipt is refused, told so, and changes nothing: a task is settled exactly once.
 * T4  A claim is kept alive by renewal. It is recovered when it was not renewed for the lease time, or when its holder's
 *     presence has ended, whichever comes first. What a wait hands over after the presence of its node has ended is such a
 *     claim: others may recover it at once, and its node can neither renew nor settle it.
 * T5  Waiting tasks are claimed high before normal before low, first in first out within a priority; released tasks
 *     before all others of their priority, in their old order. A retried or promoted task goes to the back.
 * T6  `attempt` counts deliveries: 1 for the first. A retry and a recovery add one; a release adds none, nor does a recovery that is
 *     not charged (T10).
 * T7  A key stands for the task that was enqueued under it in that queue until the key's time to live has passed, counted
 *     from the first enqueue: until then an enqueue under the same key stores nothing and gets the id of that task, whatever
 *     has become of it, also when the queue is full.
 * T8  Of the tasks of a queue with the same concurrency key only the first that has not ended is parked, claimed or to be
 *     claimed; the others wait behind it in the order of their enqueueing, whatever their priority or delay. A retry, a release
 *     and a take-over keep the place; when the first has ended (settled for good, dead or cancelled) the next one goes to the
 *     back of its queue, or is parked until it is due. A requeued dead letter stands behind all others of its key.
 * T9  An enqueue that names an id brings back a task that was accepted under it and lost: under that id, at the back of its
 *     priority, also when the queue is full. It changes nothing while the queue has that task, as a dead letter too, or its
 *     outcome. A frame brings back all of its tasks or none.
 * T10 A renewal may say of a claim that its handler waits, or that it has begun; what has begun stays begun. A recovery charges the
 *     task with its holder (`attempt`, `lost`) when the handler had begun. When nothing was said of it, it counts as begun if the
 *     task has lost no holder before, and as not begun if it has: so whoever runs a task that has lost one says so first.
 * T11 A task that was released after its handler had begun says `redelivered` from then on, and how often it was (`returned`).
 *     This and `lost` are kept until the task has ended, also when it is tried again; a requeued dead letter has neither.
 */
import type { ErrorRecord } from '../core/errors.ts';
import type { Frame } from './frame.ts';
import type { Priority } from './task-id.ts';

export interface EnqueueOp {
  readonly priority: Priority;
  /** Not to be claimed before this many milliseconds have passed on the server; 0: at once. */
  readonly delayMs: number;
  /** The encoded envelope; the broker never reads it. */
  readonly envelope: string;
  /** Refused when this many tasks (waiting, parked or claimed) are in the queue. */
  readonly maxWaiting: number;
  /** T7 */
  readonly key?: { readonly name: string; readonly ttlMs: number };
  /** T8; not empty. */
  readonly concurrencyKey?: string;
  /** The id under which it was accepted before the broker lost it (T9). */
  readonly taskId?: string;
}

export type EnqueueReply =
  | { readonly kind: 'enqueued'; readonly taskId: string }
  /** The key stands for this task already (T7). */
  | { readonly kind: 'known'; readonly taskId: string }
  | { readonly kind: 'queue-full'; readonly tasks: number };

/** Proof of one delivery of one task to one node. */
export interface Receipt {
  readonly taskId: string;
  readonly priority: Priority;
  /** Where the task stands in its queue now. */
  readonly entry: string;
  /** How often that entry has been delivered. */
  readonly deliveries: number;
}

/** A receipt, and what its holder says of the handler (T10); absent: nothing. */
export interface HeldReceipt extends Receipt {
  readonly handler?: 'waits' | 'begun';
}

export interface ClaimedTask {
  readonly queue: string;
  readonly receipt: Receipt;
  readonly envelope: string;
  /** T6 */
  readonly attempt: number;
  /** True when this entry was charged before, or the task was released begun (T11). A retried task is a new entry. */
  readonly redelivered: boolean;
  /** T10: the nodes that were lost with it, the latest last, at most 16; absent: none. */
  readonly lost?: readonly string[];
  /** T11; absent: never. */
  readonly returned?: number;
}

/** What a claim brought. */
export interface Claims {
  readonly tasks: readonly ClaimedTask[];
  /** There for a limited queue (control, O5 to O7); `againInMs` where its rate leaves no room until then. */
  readonly limited?: { readonly againInMs?: number };
}

/** How one delivery ended. */
export type Outcome =
  /** The task is done. `result` is JSON text, kept for `resultTtlMs`. */
  | { readonly kind: 'complete'; readonly result: string; readonly resultTtlMs: number }
  /** Try again after `delayMs` (0: at once, without being parked); the attempt counts. */
  | { readonly kind: 'retry'; readonly delayMs: number; readonly error: ErrorRecord }
  /** Never try again: to the dead letters; the failure is kept as the result for `resultTtlMs`. */
  | { readonly kind: 'dead'; readonly reason: string; readonly error: ErrorRecord; readonly resultTtlMs: number }
  /**
   * Give back: the attempt does not count, and the task keeps its place. `begun`: its handler may have had effects (T11).
   * `delayMs`: it is parked that long, then goes to the back.
   */
  | { readonly kind: 'release'; readonly begun?: true; readonly delayMs?: number };

export interface SettleOp {
  readonly receipt: Receipt;
  readonly outcome: Outcome;
  /** Address that hears `settled` when the outcome is `complete` or `dead`. */
  readonly notify?: string;
}

/** `stale`: the receipt is not the current one (T3). `cancelled`: the task ended as cancelled, whatever the outcome said (O3). */
export type SettleReply = 'settled' | 'cancelled' | 'stale';

/** `stale`: the receipt is not the current one. `cancelled`: kept, and the task was cancelled (O3): end it soon. */
export type ClaimRenewal = 'kept' | 'cancelled' | 'stale';

export interface ClaimRequest {
  readonly queue: string;
  /** The node that claims; it must hold its presence lease, else `OwnershipError('presence-lost')`. */
  readonly node: string;
  /** At most this many tasks. */
  readonly count: number;
}

export interface WaitRequest {
  readonly queues: readonly string[];
  /** It must hold its presence lease when the wait begins, else `OwnershipError('presence-lost')`. */
  readonly node: string;
  /** At most this many tasks of each queue and priority. */
  readonly count: number;
  /** Resolves empty after this many milliseconds; at most 2,000. Below 1 nothing is taken. */
  readonly timeoutMs: number;
  /** Ends the wait early. Tasks that arrive in that moment are still handed over. */
  readonly signal?: AbortSignal;
}

export interface RecoverRequest extends ClaimRequest {
  /** T4: claims that were not renewed for this long are recovered. */
  readonly leaseMs: number;
  /** Nodes believed gone. Their claims are recovered at once when their presence lease has indeed ended. */
  readonly gone: readonly string[];
}

export interface TaskPort {
  /** Stores tasks. Lane `enqueue`; the tag is the queue. Durable when it resolves. */
  enqueue(frame: Frame<EnqueueOp>): Promise<readonly EnqueueReply[]>;
  /** Takes waiting tasks (T5) without blocking; fewer where the queue is limited (control, O5, O6). */
  claim(request: ClaimRequest): Promise<Claims>;
  /**
   * Takes tasks as they are enqueued, and those that wait already; does not see tasks that were released before the call.
   * Call `claim` first. A task is handed to one waiting node only. Nothing comes of queues that are paused or limited. Of tasks that
   * arrive together those of one priority are handed over, of the one that came first.
   */
  wait(request: WaitRequest): Promise<readonly ClaimedTask[]>;
  /** Ends deliveries (T3). Lane `settle`; the tag is the queue. The sender must be the node that claimed. */
  settle(frame: Frame<SettleOp>): Promise<readonly SettleReply[]>;
  /** Keeps claims alive (T4), and says what their handlers do (T10). One answer per receipt. The node must hold its presence lease. */
  renew(request: { queue: string; node: string; receipts: readonly HeldReceipt[] }): Promise<readonly ClaimRenewal[]>;
  /** Takes over claims whose holder failed (T4), oldest first. */
  recover(request: RecoverRequest): Promise<readonly ClaimedTask[]>;
  /**
   * Moves parked tasks that are due to the back of their queue in the order they fell due, at most `count`; says when the
   * next one is due. The node must hold its presence lease.
   */
  promote(request: { queue: string; node: string; count: number }): Promise<{ moved: number; nextDueInMs?: number }>;
}
