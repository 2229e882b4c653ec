/**
 * Wrapping what a verb was given into an envelope: ids, times, and what travels on from the call it is part of.
 *
 * Every verb goes through here, so no envelope leaves without a trace, a sender and the deadline of its caller.
 */
import type { Duration } from '../core/duration.ts';
import { durationMs } from '../core/duration.ts';
import type { Envelope, TaskPolicy } from '../core/envelope.ts';
import type { Member } from './member.ts';
import { type Identity, nextDeadline, nextTrace } from './scope.ts';

export interface Content extends Pick<Envelope, 'kind' | 'to' | 'name' | 'data'> {
  /** From now. */
  readonly deadline?: Duration | undefined;
  readonly policy?: TaskPolicy;
  /** The caller waits for the answer. */
  readonly waits: boolean;
}

export function wrap(member: Member, identity: Identity, content: Content): Envelope {
  const { kind, to, name, data, deadline, policy, waits } = content;
  const { random, address } = member.deps;
  const now = member.serverNow();
  const own = deadline === undefined ? undefined : now + durationMs(deadline, 'deadline');
  const opId = random.id('op');
  return {
    v: 1,
    opId,
    kind,
    to,
    name,
    data,
    ...(policy && { policy }),
    from: identity.name,
    via: address,
    sentAt: Math.floor(now),
    ...(kind !== 'message' && nextDeadline(identity, own)), // a message that is left behind outlives its call
    trace: nextTrace(identity, opId, waits),
  };
}
