/**
 * One ask or classic message in the hands of its handler, and what all mail has in common there: `handle`.
 *
 * Messages that nobody waits for are message-execution.ts.
 */
import type { MessageHandler } from '../agent/handlers.ts';
import { checkPayload, checkSoon } from '../client/check-payload.ts';
import { encodePayload, type Envelope } from '../core/envelope.ts';
import { AgentUnavailable, DeliveryError, describeError } from '../core/errors.ts';
import type { Cell } from './cell.ts';
import { callFreely, type ExecutionDeps } from './handling.ts';
import { AgentFailed } from './handler-call.ts';
import { MailCall, type Mark } from './mail-call.ts';
import type { OutgoingParts } from './outgoing-parts.ts';
import type { Work } from './work.ts';

/** Undefined when it has ended already, else a promise that resolves then. */
export function executeAsk(
  deps: ExecutionDeps,
  cell: Cell,
  { envelope }: Work & { kind: 'ask' },
): Promise<void> | undefined {
  if (envelope.stream) return answerInParts(deps, cell, envelope);
  const reply = (ok: boolean, body: string): void =>
    deps.replies.send({ address: envelope.via, notice: { kind: 'reply', askId: envelope.opId, ok, body } });
  const refuse = (error: unknown): void => reply(false, JSON.stringify(describeError(toldOf(cell, error))));
  const answer = (value: unknown): void =>
    reply(true, encodePayload(value ?? null, `the answer to "${envelope.name}"`));
  try {
    const handler = handlerOf(cell, envelope);
    const checked = (value: unknown): unknown => {
      const told = checkSoon(handler.reply, value, `the answer to "${envelope.name}"`);
      return told instanceof Promise ? told.then(() => answer(value)) : answer(value);
    };
    const value = handle(deps, cell, envelope, handler, askMark);
    const told = value instanceof Promise ? value.then(checked) : checked(value);
    return told instanceof Promise ? told.then(() => undefined, refuse) : undefined;
  } catch (error) {
    refuse(error);
    return undefined;
  }
}

async function answerInParts(deps: ExecutionDeps, cell: Cell, envelope: Envelope): Promise<void> {
  const parts = deps.streams.open(envelope);
  try {
    await handle(deps, cell, envelope, handlerOf(cell, envelope), askMark, parts);
    parts.end();
  } catch (error) {
    parts.fail(toldOf(cell, error));
  }
}

/** What the asker hears: of an agent that goes down, that it does, unless this very ask was what it failed with. */
function toldOf(cell: Cell, error: unknown): unknown {
  return cell.life.aborted && !(error instanceof AgentFailed) ? new AgentUnavailable(cell.id, 'it is stopping') : error;
}

/** Classic agents name no handler: the text is the name where a handler has it, else the handler of `*` gets it. */
export async function executeClassic(deps: ExecutionDeps, cell: Cell, work: Work & { kind: 'classic' }): Promise<void> {
  const { id, from, name, data, sentAt } = work;
  const handler = cell.spec.table.messages.get(name) ?? cell.spec.table.messages.get('*');
  if (handler === undefined) throw noHandler(cell, name);
  const checked = await checkPayload(handler.data, data, `the data of message "${name}"`);
  const trace = { id, asks: [] };
  const message = {
    id,
    name,
    from,
    data: checked,
    sentAt,
    redelivered: false,
    isAsk: false,
    trace,
    signal: cell.signal,
  };
  await callFreely(deps, cell, trace, handler.method, message);
}

const askMark: Mark = { isAsk: true, redelivered: false };

/** Throws `DeliveryError('no-handler')`. */
export function handlerOf(cell: Cell, { name }: Envelope): MessageHandler {
  const handler = cell.spec.table.messages.get(name);
  if (handler === undefined) throw noHandler(cell, name);
  return handler;
}

/** What the handler makes of it, or a promise of that: every message pays for each wait, and most need none. */
export function handle(
  deps: ExecutionDeps,
  cell: Cell,
  envelope: Envelope,
  handler: MessageHandler,
  mark: Mark,
  parts?: OutgoingParts,
): unknown {
  const { name, deadline } = envelope;
  if (deadline !== undefined && deadline <= deps.member.serverNow())
    throw new DeliveryError('deadline', `expected "${name}" to be handled before its deadline, got: it has passed`);
  const checked = checkSoon(handler.data, envelope.data, `the data of message "${name}"`);
  const call = (data: unknown): unknown => new MailCall({ deps, cell, envelope, handler, mark, parts }, data).start();
  return checked instanceof Promise ? checked.then(call) : call(checked);
}

function noHandler(cell: Cell, name: string): DeliveryError {
  return new DeliveryError(
    'no-handler',
    `expected agent "${cell.id}" to handle message "${name}", got: no such handler`,
  );
}
