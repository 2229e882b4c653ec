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

export interface StreamOptions {
  /** Ends the loop when it aborts; the task goes on. Default: the signal of the handler call that enqueued it. */
  readonly signal?: AbortSignal;
}

/** One part of a task, as its handler yielded it. */
export interface TaskPart<Part = unknown> {
  readonly data: Part;
  /** Of the try that yielded it: 1 for the first. */
  readonly attempt: number;
  /** From 1 in every try. */
  readonly number: number;
  /** The task was begun anew: what was read before this part counts no longer. */
  readonly restarted?: true;
  /** So many parts right before this one are kept no longer. */
  readonly missed?: number;
}

export interface TaskHandle<T = unknown, Part = unknown> {
  readonly id: string;
  /**
   * The result, once; a later call gives the same.
   *
   * @throws HandlerError when the task failed for good; DeliveryError `reply-timeout` after `timeout`, `unknown-task` when its outcome
   * is kept no longer or was lost; the signal's reason.
   */
  result(options?: ResultOptions): Promise<T>;
  /** The last known progress, then every newer one; ends when the task is settled. Live: steps may be merged. */
  progress(): AsyncIterable<Progress>;
  /**
   * What the handler, an async generator, yields: from the first part that is kept (the newest 10,000 within 1 MiB, for 10 minutes)
   * to the last, each once and in order, however late or slow the reader is and whatever becomes of its connection. A reader never
   * holds up the task. A try that begins anew starts again with number 1 and says `restarted`. The loop ends when the task has
   * completed; `result()` is what the handler returned.
   *
   * @throws what `result()` throws, behind the parts before it.
   * @example
   * const handle = await fleet.enqueue(AuditAgent, 'audit', { path: '.' });
   * for await (const { number, data } of handle.stream()) console.log(number, data);
   */
  stream(options?: StreamOptions): AsyncIterable<TaskPart<Part>>;
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
