/**
 * The error of an answer as its asker sees it: the runtime's own kinds by their class, whatever a handler threw as `HandlerError`.
 *
 * Both ends of the rule stand here: `wrapThrown` keeps the errors that a handler let through from looking like those of its runtime.
 */
import {
  AgentUnavailable,
  type DeliveryCode,
  DeliveryError,
  type ErrorRecord,
  HandlerError,
  restoreError,
} from '../core/errors.ts';

/** What the asker's call rejects with. */
export function replyError(agentId: string, record: ErrorRecord): Error {
  const cause = restoreError(record);
  if (record.byHandler) return failedToAnswer(agentId, cause);
  if (record.name === 'AgentUnavailable') {
    const reached = record.details?.['reached'] === 'no' ? 'no' : 'maybe';
    return new AgentUnavailable(agentId, 'its node told so', { reached });
  }
  if (record.name === 'DeliveryError') return new DeliveryError(record.code as DeliveryCode, record.message, { cause });
  return failedToAnswer(agentId, cause);
}

/** The runtime says that no handler has begun, and that somebody may run the agent soon. */
export function isMoving({ byHandler, name, details }: ErrorRecord): boolean {
  return !byHandler && name === 'AgentUnavailable' && details?.['reached'] === 'no' && details['moving'] === true;
}

/** Name, code, message and details of what was thrown are those of the cause. */
function failedToAnswer(agentId: string, cause: Error): HandlerError {
  return new HandlerError(`agent "${agentId}" failed to answer: ${cause.message}`, { cause, details: { agentId } });
}

/** What a handler threw, in a form that is not taken for an error of its runtime. */
export function wrapThrown(error: unknown): unknown {
  if (!(error instanceof DeliveryError)) return error;
  return new HandlerError(error.message, { cause: error, details: { byHandler: true } });
}
