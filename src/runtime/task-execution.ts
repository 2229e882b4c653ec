/**
 * One delivery of one task as a pipe of named steps: open, admit, run, settle. Every way out ends in one verdict.
 *
 * Nothing here decides by itself what an error means (outcome.ts does).
 */
import { checkSoon } from '../client/check-payload.ts';
import { sleep } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import type { Cell } from './cell.ts';
import { followParent } from './family.ts';
import type { ExecutionDeps } from './handling.ts';
import { verdictOf } from './outcome.ts';
import { admit } from './task-admission.ts';
import { Delivery, type TaskWork } from './task-delivery.ts';
import { TaskRun } from './task-run.ts';

const troublePauseMs = 1_000;

/** Undefined when the next task may begin at once, else a promise that resolves then. Never throws or rejects. */
export function executeTask(deps: ExecutionDeps, cell: Cell, work: TaskWork): Promise<void> | undefined {
  const delivery = new Delivery(deps, cell, work);
  let result: string | Promise<string>;
  try {
    result = run(delivery);
  } catch (error) {
    return fail(delivery, error);
  }
  if (!(result instanceof Promise)) return complete(delivery, result);
  return result.then(
    (text) => complete(delivery, text),
    (error: unknown) => fail(delivery, error),
  );
}

function complete(delivery: Delivery, result: string): Promise<void> | undefined {
  return delivery.settle({ kind: 'complete', result, resultTtlMs: delivery.resultTtlMs });
}

function fail(delivery: Delivery, error: unknown): Promise<void> | undefined {
  const { deps, cell, work } = delivery;
  const { clock, random } = deps.member.deps;
  const verdict = verdictOf(error, delivery.attempt, random);
  if (verdict.kind !== 'release') return delivery.settle(verdict);
  const settle = (): Promise<void> | undefined =>
    delivery.settle(work.lease.hasBegun ? { ...verdict, begun: true } : verdict);
  if (!(error instanceof BrokerError)) return settle();
  return sleep(clock, troublePauseMs, cell.signal).then(settle, settle); // a broker in trouble is not helped by a task that comes back at once
}

/** The result as JSON text, or a promise of it. */
function run(delivery: Delivery): string | Promise<string> {
  const { deps, cell, work, envelope } = delivery;
  const handler = admit(deps, cell, work, envelope);
  const input = checkSoon(handler.input, envelope.data, `the input of task "${envelope.name}"`);
  if (input instanceof Promise || envelope.parent !== undefined) return runLater(delivery, handler, input);
  return new TaskRun(delivery, handler, input).start();
}

/** The same for one that has something to wait for first. */
async function runLater(delivery: Delivery, handler: ReturnType<typeof admit>, input: unknown): Promise<string> {
  const { deps, cell, envelope, attempt } = delivery;
  const { parent } = envelope;
  const checked = await input;
  const leave = parent === undefined ? () => {} : await followParent(deps.member, cell.signal, attempt, parent);
  try {
    return await new TaskRun(delivery, handler, checked).start();
  } finally {
    leave();
  }
}
