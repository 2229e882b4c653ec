/**
 * Cancelling a task, for a handle and for whoever knows only its id.
 *
 * It says in one place what the outcome of a cancelled task holds.
 */
import type { CancelAnswer } from '../agent/task-handle.ts';
import { CancelledError, describeError } from '../core/errors.ts';
import type { Member } from './member.ts';

/** The code of the error that is kept of a child which ended because its parent had. */
export const parentEnded = 'parent-ended';

export interface Cancellation {
  readonly taskId: string;
  readonly reason?: string | undefined;
  /** Default: `cancelled`. */
  readonly code?: typeof parentEnded;
  readonly resultTtlMs: number;
}

/** Rejects with `BrokerError` when the broker cannot be reached; repeating it is safe. */
export function cancelTask(member: Member, cancellation: Cancellation): Promise<CancelAnswer> {
  const { taskId, reason, code, resultTtlMs } = cancellation;
  const { stack: _, ...error } = describeError(
    new CancelledError('cancelled', reason ?? 'somebody cancelled the task, and gave no reason'),
  );
  return member.deps.broker.control.cancel({ taskId, error: { ...error, ...(code && { code }) }, resultTtlMs });
}
