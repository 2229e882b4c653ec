/**
 * The queue port: what callers, operators and pages ask about tasks. Nothing here is needed to run one.
 *
 * Q1  A result (or final failure) is readable until its time to live has passed, then gone.
 * Q2  A dead letter stays until it is requeued or until newer ones push it past `limits.deadLetters`; what was dropped so
 *     is counted.
 * Q3  A requeued task keeps its id, starts with attempt 1 and goes to the back; its outcome is forgotten.
 */
import type { ErrorRecord } from '../core/errors.ts';
import type { QueueLimits } from './control.ts';

/** How a task ended, as its callers see it. */
export type TaskOutcome =
  | { readonly kind: 'completed'; readonly result: string; readonly attempts: number }
  | { readonly kind: 'dead'; readonly reason: string; readonly error: ErrorRecord; readonly attempts: number };

export interface QueueStats {
  /** Also those behind another task of their concurrency key (tasks, T8). */
  readonly waiting: number;
  /** Delayed, retried or scheduled for later. */
  readonly parked: number;
  readonly claimed: number;
  readonly dead: number;
  /** Dead letters that newer ones pushed out (Q2). */
  readonly deadDropped: number;
  /** None of its tasks is handed out (control, O4). */
  readonly paused: boolean;
  /** How its tasks are handed out (control, O5 and O6); absent: without limits. */
  readonly limits?: QueueLimits;
}

export interface DeadLetter {
  readonly taskId: string;
  readonly envelope: string;
  readonly reason: string;
  readonly error: ErrorRecord;
  readonly attempts: number;
  /** Server time in milliseconds. */
  readonly diedAt: number;
}

/** `unknown`: never accepted, or settled and its result expired. */
export type TaskState = 'waiting' | 'parked' | 'claimed' | 'completed' | 'dead' | 'unknown';

export interface ProgressReport {
  readonly taskId: string;
  /** JSON text; the latest replaces the one before. */
  readonly body: string;
  /** Address that hears `progress`. */
  readonly notify: string;
  readonly ttlMs: number;
  /** For agents that speak the classic protocol; the broker uses it only in classic mode. */
  readonly classic?: ClassicProgress;
}

/** How classic agents know the task: by their own id, when it is one of theirs. */
export interface ClassicProgress {
  readonly taskId: string;
  readonly name: string;
  readonly agent: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface QueuePort {
  /** Ended tasks' outcomes, undefined where there is none (Q1). All ids belong to `queue`. */
  outcomes(queue: string, taskIds: readonly string[]): Promise<readonly (TaskOutcome | undefined)[]>;
  /** Where a task is now. */
  state(taskId: string): Promise<TaskState>;
  /** Counts; cost does not depend on the backlog. */
  stats(queue: string): Promise<QueueStats>;
  /** Stores and tells the progress of running tasks of one queue. Live: at most once. */
  report(queue: string, reports: readonly ProgressReport[]): Promise<void>;
  /** The last progress reported, as JSON text. */
  progress(taskId: string): Promise<string | undefined>;
  /** Dead letters, newest first, at most `count`, older than `before` (a server time) when given. */
  deadLetters(queue: string, page: { count: number; before?: number }): Promise<readonly DeadLetter[]>;
  /** Puts dead letters back (Q3). Resolves to the ids that were there. Repeating it changes nothing. */
  requeue(queue: string, taskIds: readonly string[]): Promise<readonly string[]>;
}
