/**
 * A task as its caller sees it after `enqueue`: wait for the result, follow the progress, look at the state.
 *
 * A handle is only an id with verbs; dropping it does not touch the task.
 */
import type { Duration } from '../core/duration.ts';

/** `unknown`: never accepted, or settled and its result expired. */
export type TaskState = 'waiting' | 'parked' | 'claimed' | 'completed' | 'dead' | 'unknown';

/**
 * `cancelled`: it will not run. `requested`: it runs, its `task.signal` aborts, and it ends as cancelled. `ended`: it had ended
 * before. `unknown`: never accepted, or settled and its result expired.
 */
export type CancelAnswer = 'cancelled' | 'requested' | 'ended' | 'unknown';

/** What a handler reported with `task.progress(done, total, note)`. */
export interface Progress {
  readonly done: number;
  readonly total?: number;
  readonly note?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface ResultOptions {
  /** Gives up waiting after this; the task goes on. Default: waits until the task is settled. */
  readonly timeout?: Duration;
  /** Gives up waiting when it aborts; the task goes on. Default: the signal of the handler call that enqueued it. */
  readonly signal?: AbortSignal;
}

export interface TaskHandle<T = unknown> {
  readonly id: string;
  /**
   * The result, once; a later call gives the same.
   *
   * @throws HandlerError when the task failed for good; DeliveryError `reply-timeout` after `timeout`; the signal's reason.
   */
  result(options?: ResultOptions): Promise<T>;
  /** The last known progress, then every newer one; ends when the task is settled. Live: steps may be merged. */
  progress(): AsyncIterable<Progress>;
  /**
   * Cancels the task, wherever it is. One that waits is removed at once; of one that runs the signal aborts with the code
   * `cancelled`. It is not tried again, also when its node is lost meanwhile; `result` rejects, `details.reason` is `'cancelled'`.
   *
   * @throws BrokerError when the fleet cannot be reached; cancelling again is safe.
   */
  cancel(reason?: string): Promise<CancelAnswer>;
  /** Where the task is now. */
  state(): Promise<TaskState>;
}
