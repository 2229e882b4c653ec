/**
 * One message, ask or classic message in the hands of its handler.
 *
 * A durable message is acknowledged when its handler has ended, also when it threw: the failure is reported, and a message that
 * always throws must not hold up those behind it. It is not acknowledged when it failed because the agent was told to stop.
 */
import type { MessageHandler } from '../agent/handlers.ts';
import { checkPayload } from '../client/check-payload.ts';
import { wrapThrown } from '../client/reply-error.ts';
import { decodeEnvelope, encodePayload, type Envelope } from '../core/envelope.ts';
import { AgentUnavailable, DeliveryError, describeError } from '../core/errors.ts';
import type { Cell } from './cell.ts';
import { callFreely, type ExecutionDeps, reportFailure } from './handling.ts';
import { callHandler, CallSignal } from './handler-call.ts';
import type { Work } from './work.ts';

export async function executeMessage(
  deps: ExecutionDeps,
  cell: Cell,
  { entry }: Work & { kind: 'message' },
): Promise<void> {
  let name = '?';
  try {
    const envelope = decodeEnvelope(entry.envelope);
    name = envelope.name;
    await handle(deps, cell, envelope, { isAsk: false, redelivered: entry.redelivered });
  } catch (error) {
    if (cell.signal.aborted) return;
    reportFailure(deps, cell, name, error);
  }
  const { lanes, deps: memberDeps } = deps.member;
  const op = { agentId: cell.id, epoch: cell.epoch, entry: entry.entry, opId: entry.opId };
  await lanes.acknowledge.submit(memberDeps.broker.mail.tagOf(cell.id), op);
}

export async function executeAsk(deps: ExecutionDeps, cell: Cell, { envelope }: Work & { kind: 'ask' }): Promise<void> {
  const reply = (ok: boolean, body: string): void =>
    deps.replies.send({ address: envelope.via, notice: { kind: 'reply', askId: envelope.opId, ok, body } });
  try {
    const { handler, value } = await handle(deps, cell, envelope, { isAsk: true, redelivered: false });
    await checkPayload(handler.reply, value, `the answer to "${envelope.name}"`);
    reply(true, encodePayload(value ?? null, `the answer to "${envelope.name}"`));
  } catch (error) {
    const told = cell.signal.aborted ? new AgentUnavailable(cell.id, 'it is stopping') : error;
    reply(false, JSON.stringify(describeError(told)));
  }
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

async function handle(
  deps: ExecutionDeps,
  cell: Cell,
  envelope: Envelope,
  mark: { isAsk: boolean; redelivered: boolean },
): Promise<{ handler: MessageHandler; value: unknown }> {
  const { name, from, sentAt, trace, deadline, opId } = envelope;
  const handler = cell.spec.table.messages.get(name);
  if (handler === undefined) throw noHandler(cell, name);
  if (deadline !== undefined && deadline <= deps.member.serverNow())
    throw new DeliveryError('deadline', `expected "${name}" to be handled before its deadline, got: it has passed`);
  const data = await checkPayload(handler.data, envelope.data, `the data of message "${name}"`);
  const { clock } = deps.member.deps;
  const deadlineInMs = deadline === undefined ? undefined : deadline - deps.member.serverNow();
  const limits = new CallSignal(clock, { sources: [cell.signal], deadlineInMs });
  try {
    const { signal } = limits;
    const message = {
      id: opId,
      name,
      from,
      data,
      sentAt,
      ...mark,
      ...(deadline !== undefined && { deadline }),
      trace,
      signal,
    };
    const body = (): Promise<unknown> =>
      cell.call(handler.method, message).catch((error: unknown) => Promise.reject(wrapThrown(error)));
    return { handler, value: await callHandler({ clock, scopes: deps.scopes, trace, deadline, signal, body }) };
  } finally {
    limits.end();
  }
}

function noHandler(cell: Cell, name: string): DeliveryError {
  return new DeliveryError(
    'no-handler',
    `expected agent "${cell.id}" to handle message "${name}", got: no such handler`,
  );
}
