/**
 * The verbs of broadcasts, in the name of one agent or client, and the event stream as it reads it.
 *
 * A broadcast is in the stream when its call ends; who hears it, and when, is the affair of the nodes.
 */
import type { BroadcastContract } from '../agent/contract.ts';
import type { Events, EventVerbs } from '../agent/event-verbs.ts';
import { encodePayload } from '../core/envelope.ts';
import { DeliveryError } from '../core/errors.ts';
import { checkSoon } from './check-payload.ts';
import { EventsView } from './events-view.ts';
import type { Answer } from './frame-line.ts';
import type { VerbsDeps } from './verbs.ts';

export class ClientEvents implements EventVerbs {
  readonly events: Events;
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
    this.events = new EventsView(deps.member);
  }

  readonly broadcast = (topic: string | BroadcastContract, data?: unknown): Promise<string> =>
    new Promise((resolve, reject) => {
      const name = typeof topic === 'string' ? topic : topic.topic;
      if (name === '' || name.includes('*'))
        throw new DeliveryError('malformed', `expected a topic without wildcards, got: "${name}"`);
      const schema = typeof topic === 'string' ? undefined : topic.data;
      const checked = checkSoon(schema, data, `the data of broadcast "${name}"`);
      const append = (): void => this.#append(name, data, { resolve, reject });
      if (checked instanceof Promise) checked.then(append).catch(reject);
      else append();
    });

  #append(topic: string, data: unknown, answer: Answer<string>): void {
    const { member, identity } = this.#deps;
    identity.scope(); // refused when the call that uses it was given up
    const op = {
      opId: member.deps.random.id('op'),
      topic,
      from: identity.name,
      data: encodePayload(data ?? null, `broadcast "${topic}"`),
      sentAt: member.serverNow(),
    };
    member.lanes.append.post('events', op, answer);
  }
}
