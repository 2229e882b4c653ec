/**
 * Whether a task that was claimed may start here: what is known of it before its handler runs, and when its turn is.
 *
 * Apart from the rest of its execution, because nothing of this touches the handler.
 */
import type { TaskHandler } from '../agent/handlers.ts';
import type { Envelope } from '../core/envelope.ts';
import { DeliveryError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Cell } from './cell.ts';
import type { CallSignal } from './handler-call.ts';
import type { ExecutionDeps } from './handling.ts';
import type { Work } from './work.ts';

type TaskWork = Work & { kind: 'task' };

/** Whether it may start at all: lost holders, deadline, handler. Its input is the handler's affair. */
export function admit(deps: ExecutionDeps, cell: Cell, work: TaskWork, envelope: Envelope): TaskHandler {
  const { name, deadline } = envelope;
  const { lost = [] } = work.claimed;
  if (lost.length >= limits.lostHolders) {
    throw new DeliveryError(
      'poison',
      `expected task "${name}" to lose fewer than ${limits.lostHolders} nodes while it runs, got: it has lost ${lost.join(', ')}`,
      { details: { lost } },
    );
  }
  if (deadline !== undefined && deadline <= deps.member.serverNow()) {
    throw new DeliveryError('deadline', `expected task "${name}" to start before its deadline, got: it has passed`);
  }
  const handler = cell.spec.table.tasks.get(name);
  if (handler === undefined)
    throw new DeliveryError(
      'no-handler',
      `expected role "${cell.spec.table.role}" to handle task "${name}", got: no such handler`,
    );
  return handler;
}

/**
 * The last step before the handler: its turn when it is a suspect, and the record that it begins. Its way out, once it has waited; undefined
 * when it may begin at once. A handler that only waits for others is no suspect, and never begins: its task is not charged with nodes
 * that are lost meanwhile.
 */
export function takeTurn(
  deps: ExecutionDeps,
  work: TaskWork,
  { relayed }: TaskHandler,
  limits: CallSignal,
): Promise<() => void> | undefined {
  return relayed || work.lease.beginAtOnce() ? undefined : waitTurn(deps, work, limits);
}

async function waitTurn(deps: ExecutionDeps, work: TaskWork, limits: CallSignal): Promise<() => void> {
  const leave = work.claimed.lost === undefined ? () => {} : await deps.suspects.enter(limits.signal);
  try {
    await work.lease.begin();
    limits.throwIfAborted(); // it was lost or cancelled meanwhile
    return leave;
  } catch (error) {
    leave();
    throw error;
  }
}
