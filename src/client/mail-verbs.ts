/**
 * The verbs of mail, in the name of one agent or client: checked, wrapped, and handed to a lane or asked live.
 *
 * A message is stored or refused when its call ends; an ask is live, and its cycles are found here.
 */
import type { MessageContract, Schema } from '../agent/contract.ts';
import type { AskOptions, MailVerbs } from '../agent/mail-verbs.ts';
import { encodeEnvelope } from '../core/envelope.ts';
import { DeliveryError } from '../core/errors.ts';
import { checkPayload } from './check-payload.ts';
import type { VerbsDeps } from './verbs.ts';
import { wrap } from './wrap.ts';

export class ClientMail implements MailVerbs {
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
  }

  readonly send = (async (to: string, message: string | MessageContract, data?: unknown) => {
    const { member, settings, identity } = this.#deps;
    const { name, schema } = named(message);
    await checkPayload(schema, data, `the data of message "${name}"`);
    const envelope = wrap(member, identity, { kind: 'message', to, name, data, waits: false });
    const reply = await member.lanes.send.submit(member.deps.broker.mail.tagOf(to), {
      to,
      opId: envelope.opId,
      envelope: encodeEnvelope(envelope),
      limit: settings.inboxLimit,
      classic: { from: identity.name, message: name, metadata: JSON.stringify(data ?? {}), sentAt: envelope.sentAt },
    });
    if (reply.kind === 'stored') return;
    throw new DeliveryError(
      'inbox-full',
      `expected the inbox of "${to}" to hold fewer than ${settings.inboxLimit} messages, got: ${reply.entries}`,
    );
  }) as MailVerbs['send'];

  readonly ask = (async (to: string, message: string | MessageContract, data?: unknown, options: AskOptions = {}) => {
    const { member, identity, settings } = this.#deps;
    const { name, schema, reply } = named(message);
    await checkPayload(schema, data, `the data of ask "${name}"`);
    const envelope = wrap(member, identity, {
      kind: 'ask',
      to,
      name,
      data,
      deadline: options.deadline ?? settings.askDeadlineMs,
      waits: true,
    });
    const asks = identity.isAgent ? [...envelope.trace.asks, identity.name] : envelope.trace.asks;
    if (asks.includes(to)) {
      throw new DeliveryError(
        'ask-cycle',
        `expected "${to}" not to wait for this ask itself, got: ${[...asks, to].join(' asks ')}`,
      );
    }
    const leftMs = Math.max(0, (envelope.deadline ?? 0) - member.serverNow());
    const signal = options.signal ?? identity.scope()?.signal;
    const value = await member.asks.ask({ ...envelope, trace: { id: envelope.trace.id, asks } }, leftMs, signal);
    return checkPayload(reply, value, `the answer to "${name}"`);
  }) as MailVerbs['ask'];
}

function named(message: string | MessageContract): { name: string; schema?: Schema; reply?: Schema | undefined } {
  return typeof message === 'string'
    ? { name: message }
    : { name: message.name, schema: message.data, reply: message.reply };
}
