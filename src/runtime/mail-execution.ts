/**
 * One ask or classic message in the hands of its handler, and what all mail has in common there: `handle`.
 *
 * Messages that nobody waits for are message-execution.ts.
 */
import type { MessageHandler } from '../agent/handlers.ts';
import { checkPayload, checkSoon } from '../client/check-payload.ts';
import { wrapThrown } from '../client/reply-error.ts';
import { encodePayload, type Envelope } from '../core/envelope.ts';
import { AgentUnavailable, DeliveryError, describeError } from '../core/errors.ts';
import { answerOf } from './answers.ts';
import type { Cell } from './cell.ts';
import { answerable, callFreely, type ExecutionDeps } from './handling.ts';
import { AgentFailed, callHandler, CallSignal } from './handler-call.ts';
import type { OutgoingParts } from './outgoing-parts.ts';
import type { Work } from './work.ts';

export async function executeAsk(deps: ExecutionDeps, cell: Cell, { envelope }: Work & { kind: 'ask' }): Promise<void> {
  if (envelope.stream) return answerInParts(deps, cell, envelope);
  const reply = (ok: boolean, body: string): void =>
    deps.replies.send({ address: envelope.via, notice: { kind: 'reply', askId: envelope.opId, ok, body } });
  try {
    const { handler, value } = await handle(deps, cell, envelope, { isAsk: true, redelivered: false });
    await checkPayload(handler.reply, value, `the answer to "${envelope.name}"`);
    reply(true, encodePayload(value ?? null, `the answer to "${envelope.name}"`));
  } catch (error) {
    reply(false, JSON.stringify(describeError(toldOf(cell, error))));
  }
}

async function answerInParts(deps: ExecutionDeps, cell: Cell, envelope: Envelope): Promise<void> {
  const parts = deps.streams.open(envelope);
  try {
    await handle(deps, cell, envelope, { isAsk: true, redelivered: false }, parts);
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

export async function handle(
  deps: ExecutionDeps,
  cell: Cell,
  envelope: Envelope,
  mark: { isAsk: boolean; redelivered: boolean },
  parts?: OutgoingParts,
): Promise<{ handler: MessageHandler; value: unknown }> {
  const { name, from, sentAt, trace, deadline, opId } = envelope;
  const handler = cell.spec.table.messages.get(name);
  if (handler === undefined) throw noHandler(cell, name);
  if (deadline !== undefined && deadline <= deps.member.serverNow())
    throw new DeliveryError('deadline', `expected "${name}" to be handled before its deadline, got: it has passed`);
  const checked = checkSoon(handler.data, envelope.data, `the data of message "${name}"`);
  const data = checked instanceof Promise ? await checked : checked;
  const { clock } = deps.member.deps;
  const deadlineInMs = deadline === undefined ? undefined : deadline - deps.member.serverNow();
  const limits = new CallSignal(clock, { sources: [cell.life], deadlineInMs });
  if (parts !== undefined) limits.add(parts.signal);
  try {
    const message = {
      id: opId,
      name,
      from,
      data,
      sentAt,
      ...mark,
      ...(deadline !== undefined && { deadline }),
      trace,
      get signal() {
        return limits.signal;
      },
    };
    const wanted = parts ?? (mark.isAsk ? 'value' : 'nothing');
    const answered = (returned: unknown): unknown => answerOf(handler, returned, wanted, limits);
    const body = (): unknown =>
      answerable(deps, cell, limits, () => answer(() => cell.call(handler.method, message), answered));
    const onGivenUp = (rest: Promise<void>): void => cell.giveUp(name, rest);
    const call = { clock, scopes: deps.scopes, trace, deadline, limits, body, onGivenUp };
    const value = callHandler(call);
    return { handler, value: value instanceof Promise ? await value : value };
  } catch (error) {
    throw limits.outcomeOf(error);
  } finally {
    limits.end();
  }
}

/** What the handler itself throws is wrapped. */
function answer(call: () => unknown, answered: (returned: unknown) => unknown): unknown {
  const fail = (error: unknown): never => {
    throw wrapThrown(error);
  };
  let returned: unknown;
  try {
    returned = call();
  } catch (error) {
    return fail(error);
  }
  return returned instanceof Promise ? returned.then(answered, fail) : answered(returned);
}

function noHandler(cell: Cell, name: string): DeliveryError {
  return new DeliveryError(
    'no-handler',
    `expected agent "${cell.id}" to handle message "${name}", got: no such handler`,
  );
}
