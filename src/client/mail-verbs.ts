/**
 * The verbs of mail, in the name of one agent or client: checked, wrapped, and handed to a lane or asked live.
 *
 * A message is stored or refused when its call ends; an ask is live, and its cycles are found here.
 */
import type { MessageContract, Schema } from '../agent/contract.ts';
import type { AskOptions, MailVerbs, SendOptions } from '../agent/mail-verbs.ts';
import type { Envelope } from '../core/envelope.ts';
import { DeliveryError } from '../core/errors.ts';
import { checkPayload, checkSoon } from './check-payload.ts';
import { sendMessage } from './send.ts';
import type { VerbsDeps } from './verbs.ts';
import { wrap } from './wrap.ts';

export class ClientMail implements MailVerbs {
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
  }

  readonly send = ((to: string, message: string | MessageContract, data?: unknown, options: SendOptions = {}) => {
    const { name, schema } = named(message);
    return sendMessage(this.#deps, { to, name, schema, data, options });
  }) as MailVerbs['send'];

  readonly ask = (async (to: string, message: string | MessageContract, data?: unknown, options: AskOptions = {}) => {
    const { name, reply, part } = named(message);
    const request = this.#request(to, message, data, options);
    const { envelope, leftMs, signal } = request instanceof Promise ? await request : request;
    const value = await this.#deps.member.asks.ask(envelope, leftMs, signal);
    if (part === undefined || !Array.isArray(value)) return checkSoon(reply, value, `the answer to "${name}"`);
    return Promise.all(value.map((one) => checkPayload(part, one, `a part of the answer to "${name}"`)));
  }) as MailVerbs['ask'];

  readonly stream = ((to: string, message: string | MessageContract, data?: unknown, options: AskOptions = {}) =>
    this.#stream(to, message, data, options)) as MailVerbs['stream'];

  async *#stream(
    to: string,
    message: string | MessageContract,
    data: unknown,
    options: AskOptions,
  ): AsyncGenerator<unknown> {
    const { name, reply, part = reply } = named(message);
    const { envelope, leftMs, signal } = await this.#request(to, message, data, options);
    for await (const value of this.#deps.member.asks.stream({ ...envelope, stream: true }, leftMs, signal))
      yield await checkPayload(part, value, `a part of the answer to "${name}"`);
  }

  /** What is asked, or a promise of it, unless its target waits for it already. */
  #request(
    to: string,
    message: string | MessageContract,
    data: unknown,
    options: AskOptions,
  ): Request | Promise<Request> {
    const { name, schema } = named(message);
    const checked = checkSoon(schema, data, `the data of ask "${name}"`);
    const checkedRequest = (): Request => this.#checkedRequest(to, name, data, options);
    return checked instanceof Promise ? checked.then(checkedRequest) : checkedRequest();
  }

  #checkedRequest(to: string, name: string, data: unknown, options: AskOptions): Request {
    const { member, identity, settings } = this.#deps;
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
    return { envelope: { ...envelope, trace: { id: envelope.trace.id, asks } }, leftMs, signal };
  }
}

interface Request {
  readonly envelope: Envelope;
  /** Until its deadline. */
  readonly leftMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Named {
  readonly name: string;
  readonly schema?: Schema;
  readonly reply?: Schema | undefined;
  readonly part?: Schema | undefined;
}

function named(message: string | MessageContract): Named {
  if (typeof message === 'string') return { name: message };
  const { name, data, reply, part } = message;
  return { name, schema: data, reply, part };
}
