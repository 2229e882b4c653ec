/**
 * One delivery of one task as a pipe of named steps: open, admit, lock, run, settle. Every way out ends in one verdict.
 *
 * Nothing is settled anywhere else, and nothing here decides by itself what an error means (outcome.ts does).
 *
 * E1  The next task does not wait for the answer to a settle, so that those of one tick travel together. A cell has a bounded number of
 *     them on the way, each under its lease, and has not ended before they have.
 */
import type { TaskHandler } from '../agent/handlers.ts';
import type { Lock } from '../agent/lock.ts';
import { checkSoon } from '../client/check-payload.ts';
import { wrapThrown } from '../client/reply-error.ts';
import { sleep } from '../core/clock.ts';
import { decodeEnvelope, encodePayload, type Envelope } from '../core/envelope.ts';
import { defaultBackoff } from '../core/backoff.ts';
import {
  BrokerError,
  DeliveryError,
  describeError,
  HandlerError,
  OwnershipError,
  TerminalError,
} from '../core/errors.ts';
import { limits as bounds } from '../core/limits.ts';
import { observe } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { Family, followParent } from './family.ts';
import { answerable, type ExecutionDeps, reportFailure } from './handling.ts';
import { callHandler, CallSignal } from './handler-call.ts';
import { placeOf } from './handler-place.ts';
import { type Attempt, type Verdict, verdictOf } from './outcome.ts';
import { admit, takeTurn } from './task-admission.ts';
import { type InHand, TaskInHand } from './task-in-hand.ts';
import { toItsEnd } from './task-parts.ts';
import type { Work } from './work.ts';

const troublePauseMs = 1_000;

type TaskWork = Work & { kind: 'task' };

export async function executeTask(deps: ExecutionDeps, cell: Cell, work: TaskWork): Promise<void> {
  const startedAt = deps.member.deps.clock.monotonic();
  const opened = open(work);
  const envelope = opened instanceof Error ? undefined : opened;
  const attempt = attemptOf(deps, cell, work, envelope);
  const family = new Family(deps, cell, attempt.taskId);
  let verdict: Verdict;
  try {
    if (opened instanceof Error) throw opened;
    const result = await runTask(deps, cell, work, opened, attempt, family);
    verdict = { kind: 'complete', result, resultTtlMs: attempt.resultTtlMs };
  } catch (error) {
    verdict = verdictOf(error, attempt, deps.member.deps.random);
    if (verdict.kind === 'release' && work.lease.hasBegun) verdict = { ...verdict, begun: true };
    if (verdict.kind === 'release' && error instanceof BrokerError) await pause(deps, cell);
  }
  const ended = settle(deps, cell, work, envelope, verdict, startedAt).then(
    (isLast) => family.end(isLast),
    (error: unknown) => reportFailure(deps, cell, work.kind, error),
  );
  cell.trail(ended);
  if (cell.trailing >= bounds.acknowledgements) await ended;
}

/** A broker in trouble is not helped by a task that comes back at once. */
async function pause(deps: ExecutionDeps, cell: Cell): Promise<void> {
  await sleep(deps.member.deps.clock, troublePauseMs, cell.signal).catch(() => undefined); // the node stops: release now
}

function open(work: TaskWork): Envelope | Error {
  try {
    return decodeEnvelope(work.claimed.envelope);
  } catch (error) {
    return error instanceof Error ? error : new DeliveryError('malformed', String(error));
  }
}

function attemptOf(deps: ExecutionDeps, cell: Cell, work: TaskWork, envelope: Envelope | undefined): Attempt {
  const options = cell.spec.table.tasks.get(envelope?.name ?? '')?.options;
  return {
    taskId: work.claimed.receipt.taskId,
    attempt: work.claimed.attempt,
    lost: work.claimed.lost?.length ?? 0,
    returned: work.claimed.returned ?? 0,
    retries: envelope?.policy?.retries ?? options?.retries ?? 0,
    backoff: options?.backoff ?? defaultBackoff,
    resultTtlMs: envelope?.policy?.resultTtlMs ?? options?.resultTtlMs ?? deps.settings.resultTtlMs,
  };
}

/** The steps between open and settle. Resolves to the result as JSON text. Only what has to be waited for is: every task pays for each wait. */
async function runTask(
  deps: ExecutionDeps,
  cell: Cell,
  work: TaskWork,
  envelope: Envelope,
  attempt: Attempt,
  family: Family,
): Promise<string> {
  const handler = admit(deps, cell, work, envelope);
  const checked = checkSoon(handler.input, envelope.data, `the input of task "${envelope.name}"`);
  const input = checked instanceof Promise ? await checked : checked;
  const { parent, deadline } = envelope;
  const leaveParent = parent === undefined ? undefined : await followParent(deps.member, cell.signal, attempt, parent);
  const deadlineInMs = deadline === undefined ? undefined : deadline - deps.member.serverNow();
  const limits = new CallSignal(deps.member.deps.clock, { sources: [work.lease.lost, cell.life], deadlineInMs });
  const task = new TaskInHand({ deps, cell, work, envelope, family, limits }, input);
  let leaveTurn: (() => void) | undefined;
  let zombie = undefined as Promise<void> | undefined;
  try {
    limits.throwIfAborted(); // it was cancelled or lost while it waited in the mailbox
    const { lockName } = handler.options;
    if (lockName !== undefined) task.lock = await takeLock(deps, cell, lockName(task), limits);
    const turn = takeTurn(deps, work, handler, limits);
    if (turn !== undefined) leaveTurn = await turn;
    limits.startTimeout(handler.options.timeoutMs);
    tellStart(deps, cell, work, envelope);
    const returned = callTask(deps, cell, handler, { task, work, envelope, limits }, (rest) => (zombie = rest));
    const result = encodeResult(handler, returned instanceof Promise ? await returned : returned);
    return typeof result === 'string' ? result : await result;
  } catch (error) {
    throw limits.aborted && !(error instanceof OwnershipError) ? limits.reason : wrapThrown(error); // what the handler's own asks met is not what became of this task
  } finally {
    limits.end();
    leaveParent?.();
    leaveTurn?.();
    // A handler that ignores its signal still works under the lock: nobody else may have it before that has ended.
    const { lock } = task;
    const release = (): Promise<void> | undefined => lock && releaseLock(deps, cell, lock);
    if (lock !== undefined) await (zombie === undefined ? release() : void zombie.then(release));
    const told = task.told();
    if (told !== undefined) await told;
  }
}

/** What the handler returns, or a promise of it; `onGivenUp` gets what resolves when one that was given up has ended all the same. */
function callTask(
  deps: ExecutionDeps,
  cell: Cell,
  handler: TaskHandler,
  { task, work, envelope, limits }: Pick<InHand, 'work' | 'envelope' | 'limits'> & { readonly task: TaskInHand },
  onGivenUp: (rest: Promise<void>) => void,
): unknown {
  const place = placeOf(deps, cell, handler);
  const partsOf = () => ({ handler, claimed: work.claimed, notify: envelope.via, signal: limits.signal });
  const { trace, deadline } = envelope;
  return callHandler({
    clock: deps.member.deps.clock,
    scopes: deps.scopes,
    trace,
    deadline,
    limits,
    body: () => answerable(deps, cell, limits, () => toItsEnd(deps.member, partsOf, place.call(task))),
    graceMs: handler.options.graceMs,
    onGivenUp: (rest) => {
      onGivenUp(rest);
      place.giveUp(rest);
    },
  });
}

function tellStart(deps: ExecutionDeps, cell: Cell, work: TaskWork, envelope: Envelope): void {
  const { receipt, attempt, redelivered } = work.claimed;
  observe(deps.member.deps.observer, 'task.started', {
    agent: cell.id,
    task: receipt.taskId,
    name: envelope.name,
    attempt,
    redelivered: redelivered || envelope.again === true,
  });
}

async function takeLock(deps: ExecutionDeps, cell: Cell, name: string, limits: CallSignal): Promise<Lock> {
  const lock = await deps.member.locks.acquire({
    name,
    owner: cell.id,
    leaseMs: deps.settings.lockLeaseMs,
    waitMs: Number.POSITIVE_INFINITY,
    signal: limits.signal,
  });
  limits.add(lock.signal);
  return lock;
}

async function releaseLock(deps: ExecutionDeps, cell: Cell, lock: Lock): Promise<void> {
  try {
    await lock.release();
  } catch (error) {
    // Its lease ends by itself; the task's own outcome is not touched by it.
    observe(deps.member.deps.observer, 'broker.trouble', {
      what: `releasing lock "${lock.name}" of ${cell.id}`,
      error: describeError(error),
    });
  }
}

/** The result as JSON text, or a promise of it. */
function encodeResult(handler: TaskHandler, value: unknown): string | Promise<string> {
  const unfit = (cause: unknown): never => {
    throw new HandlerError(cause instanceof Error ? cause.message : String(cause), { cause });
  };
  let checked: unknown;
  try {
    checked = checkSoon(handler.output, value, `the result of task "${handler.name}"`);
  } catch (cause) {
    return unfit(cause);
  }
  return checked instanceof Promise ? checked.then(() => encoded(handler, value), unfit) : encoded(handler, value);
}

function encoded(handler: TaskHandler, value: unknown): string {
  try {
    return encodePayload(value ?? null, `the result of task "${handler.name}"`);
  } catch (cause) {
    throw new TerminalError(cause instanceof Error ? cause.message : String(cause), { cause }); // it would not fit next time
  }
}

/** Resolves to whether the task has ended with it. */
async function settle(
  deps: ExecutionDeps,
  cell: Cell,
  work: TaskWork,
  envelope: Envelope | undefined,
  verdict: Verdict,
  startedAt: number,
): Promise<boolean> {
  const { queue, receipt } = work.claimed;
  const { observer, clock } = deps.member.deps;
  const error = 'error' in verdict ? { error: verdict.error } : {};
  const report = (outcome: string): void => {
    const tookMs = clock.monotonic() - startedAt;
    observe(observer, 'task.settled', {
      agent: cell.id,
      task: receipt.taskId,
      name: envelope?.name ?? '?',
      outcome,
      tookMs,
      ...error,
    });
  };
  try {
    if (verdict.kind === 'abandon') {
      report('abandoned');
      return false;
    }
    const notify = envelope === undefined ? {} : { notify: envelope.via };
    const reply = await deps.member.lanes.settle.submit(queue, { receipt, outcome: verdict, ...notify });
    report(reply === 'settled' ? verdict.kind : reply);
    const isLast = verdict.kind === 'complete' || verdict.kind === 'dead';
    return reply === 'cancelled' || (reply === 'settled' && isLast);
  } catch (failure) {
    report('unsettled');
    if (failure instanceof OwnershipError || failure instanceof BrokerError) return false; // the lease ends, and another node takes the task
    throw failure;
  } finally {
    work.lease.letGo();
  }
}
