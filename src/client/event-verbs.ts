/**
 * The verbs of broadcasts, in the name of one agent or client, and the event stream as it reads it.
 *
 * A broadcast is in the stream when its call ends; who hears it, and when, is the affair of the nodes.
 */
import type { BroadcastContract } from '../agent/contract.ts';
import type { Events, EventVerbs } from '../agent/event-verbs.ts';
import { encodePayload } from '../core/envelope.ts';
import { DeliveryError } from '../core/errors.ts';
import { checkPayload } from './check-payload.ts';
import { EventsView } from './events-view.ts';
import type { VerbsDeps } from './verbs.ts';

export class ClientEvents implements EventVerbs {
  readonly events: Events;
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
    this.events = new EventsView(deps.member);
  }

  readonly broadcast = async (topic: string | BroadcastContract, data?: unknown): Promise<string> => {
    const { member, identity } = this.#deps;
    const name = typeof topic === 'string' ? topic : topic.topic;
    if (name === '' || name.includes('*'))
      throw new DeliveryError('malformed', `expected a topic without wildcards, got: "${name}"`);
    await checkPayload(typeof topic === 'string' ? undefined : topic.data, data, `the data of broadcast "${name}"`);
    identity.scope(); // refused when the call that uses it was given up
    return member.lanes.append.submit('events', {
      opId: member.deps.random.id('op'),
      topic: name,
      from: identity.name,
      data: encodePayload(data ?? null, `broadcast "${name}"`),
      sentAt: member.serverNow(),
    });
  };
}
