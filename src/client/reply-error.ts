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
  if (record.code === 'agent-unavailable') return new AgentUnavailable(agentId, 'its node told so');
  const cause = restoreError(record);
  if (record.name === 'DeliveryError') return new DeliveryError(record.code as DeliveryCode, record.message, { cause });
  return new HandlerError(`agent "${agentId}" failed to answer: ${record.message}`, { cause, details: { agentId } });
}

/** What a handler threw, in a form that is not taken for an error of its runtime. */
export function wrapThrown(error: unknown): unknown {
  return error instanceof DeliveryError ? new HandlerError(error.message, { cause: error }) : error;
}
