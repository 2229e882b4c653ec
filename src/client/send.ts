/**
 * Sending one message: stored in an inbox, once for each key, or volatile.
 *
 * Apart from the other verbs of mail, because what it promises depends on its options.
 */
import type { Schema } from '../agent/contract.ts';
import type { SendOptions, Sent } from '../agent/mail-verbs.ts';
import type { SendReply } from '../broker/mail.ts';
import { durationMs } from '../core/duration.ts';
import { encodeEnvelope, type Envelope } from '../core/envelope.ts';
import { AgentUnavailable, DeliveryError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { checkSoon } from './check-payload.ts';
import type { VerbsDeps } from './verbs.ts';
import { wrap } from './wrap.ts';

export interface SendCall {
  readonly to: string;
  readonly name: string;
  readonly schema?: Schema | undefined;
  readonly data: unknown;
  readonly options: SendOptions;
}

/** Rejects with `DeliveryError` and, as the lane says, with `BrokerError`. */
export function sendMessage(deps: VerbsDeps, call: SendCall): Promise<Sent> {
  try {
    const { name, schema, data } = call;
    const checked = checkSoon(schema, data, `the data of message "${name}"`);
    return checked instanceof Promise ? checked.then(() => sendChecked(deps, call)) : sendChecked(deps, call);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

function sendChecked(deps: VerbsDeps, { to, name, data, options }: SendCall): Promise<Sent> {
  const key = keyOf(options);
  const envelope = wrap(deps.member, deps.identity, { kind: 'message', to, name, data, waits: false });
  return options.volatile ? publish(deps, envelope) : store(deps, envelope, key);
}

function store(
  { member, settings }: VerbsDeps,
  envelope: Envelope,
  key: { name: string; ttlMs: number } | undefined,
): Promise<Sent> {
  const { to, opId } = envelope;
  const limit = settings.inboxLimit;
  const op = { to, opId, envelope: encodeEnvelope(envelope), limit, ...(key && { key }) };
  return new Promise((resolve, reject) => {
    const told = (reply: SendReply): void => {
      if (reply.kind === 'stored') resolve({ id: opId, stored: true });
      else if (reply.kind === 'published') resolve({ id: opId, stored: false });
      else if (reply.kind === 'known') resolve({ id: reply.opId, stored: false });
      else reject(inboxFull(to, limit, reply));
    };
    member.lanes.send.post(member.deps.broker.mail.tagOf(to), op, { resolve: told, reject });
  });
}

/** Live mail, in one line with the asks of this process: at most once, and never stored. */
async function publish({ member }: VerbsDeps, envelope: Envelope): Promise<Sent> {
  const { to, opId } = envelope;
  const op = { to, envelope: encodeEnvelope(envelope) };
  const reply = await member.lanes.ask.submit(member.deps.broker.mail.tagOf(to), op);
  if (reply.kind === 'no-owner') throw new AgentUnavailable(to, 'nobody runs it', { reached: 'no' });
  return { id: opId, stored: false };
}

function keyOf({ key: name, keyTtl, volatile }: SendOptions): { name: string; ttlMs: number } | undefined {
  if (name === undefined) return undefined;
  if (volatile)
    throw new DeliveryError(
      'malformed',
      'expected a volatile message to have no key, got: one\nOnly inboxes know keys.',
    );
  if (name === '' || name.length > 256)
    throw new DeliveryError('malformed', `expected a key of 1 to 256 characters, got: ${name.length}`);
  return { name, ttlMs: keyTtl === undefined ? limits.messageKeyMs : durationMs(keyTtl, 'keyTtl') };
}

/** M6 */
export function inboxFull(agentId: string, limit: number, reply: SendReply): DeliveryError {
  const entries = reply.kind === 'inbox-full' ? reply.entries : limit;
  return new DeliveryError(
    'inbox-full',
    `expected the inbox of "${agentId}" to hold fewer than ${limit} messages, got: ${entries}`,
  );
}
