/**
 * The control port: how a caller or an operator steers tasks that others run. Nothing here is needed to run one.
 *
 * O1  Every call may be repeated: a repeat changes nothing and gets the answer that fits what is.
 * O2  A task that is not claimed is cancelled at once: it leaves its queue, its outcome is kept as `dead` with the reason
 *     `cancelled`, and everyone is told `settled`. It is no dead letter.
 * O3  A claimed task is marked and its holder told `cancelled`; the renewal of its claim says so too. Whatever then ends the
 *     delivery (any settle, or a recovery) ends the task as O2 says: a marked task is never delivered again.
 */
import type { ErrorRecord } from '../core/errors.ts';

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

export interface ControlPort {
  /** Cancels a task wherever it is (O2, O3). The first request's error counts. */
  cancel(request: CancelRequest): Promise<CancelReply>;
}
