/**
 * Live mail that a mailbox did not take, or had to give up: whoever asked is told, the rest is said aloud.
 *
 * Apart from the postman, because what waited in a mailbox ends here too: pushed out by newer mail, or left over at the end.
 */
import type { Notice } from '../broker/notices.ts';
import { AgentUnavailable, DeliveryError, describeError } from '../core/errors.ts';
import { observe } from '../core/observer.ts';
import type { ExecutionDeps } from './handling.ts';
import type { LiveWork } from './work.ts';

/** Ends live mail to `agentId` that no handler will see. */
export function refuseLive(deps: ExecutionDeps, agentId: string, work: LiveWork, error: DeliveryError): void {
  const described = describeError(error);
  if (work.kind !== 'ask') {
    const name = work.kind === 'volatile' ? work.envelope.name : work.name;
    return observe(deps.member.deps.observer, 'message.dropped', { agent: agentId, name, error: described });
  }
  const { opId, via } = work.envelope;
  const notice: Notice = { kind: 'reply', askId: opId, ok: false, body: JSON.stringify(described) };
  deps.replies.send({ address: via, notice });
}

/** No handler has begun (client/asks.ts, A5). */
export function notReached(deps: ExecutionDeps, agentId: string, why: string): AgentUnavailable {
  return new AgentUnavailable(agentId, why, { reached: 'no', ...(deps.isMoving(agentId) && { moving: true }) });
}

export function mailboxFull(agentId: string): DeliveryError {
  return new DeliveryError('mailbox-full', `expected the mailbox of "${agentId}" to have room, got: it is full`);
}
