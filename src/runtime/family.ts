/**
 * A task among its kin: the children that its handler fans out, and the parent that it does not outlive.
 *
 * W8  A child whose parent has ended is not run: it is cancelled when it would start. One that runs while its parent ends is told by
 *     whoever ran the parent (client/fan-out.ts, W7), and else finds out by looking, within seconds.
 * W9  A parent that is given back, lost or tried again has not ended, and keeps its children.
 */
import type { Children, FanOut } from '../agent/many-tasks.ts';
import type { TaskState } from '../broker/queues.ts';
import { partitionOf } from '../broker/partitions.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { type Cancellation, cancelTask, parentEnded } from '../client/cancel.ts';
import type { ChildTasks } from '../client/children.ts';
import { FanOuts } from '../client/fan-out.ts';
import type { Member } from '../client/member.ts';
import { isOpen } from '../client/missing-tasks.ts';
import { scopeOf } from '../client/scope.ts';
import { sleep, type Timer } from '../core/clock.ts';
import { CancelledError, DeliveryError, describeError, TerminalError } from '../core/errors.ts';
import { observe } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import type { ExecutionDeps } from './handling.ts';

/** Children in the queue of their parent's role that have not moved for that long are spoken of. */
const stalledMs = 30_000;
const lookAgainMs = 500;

/** The children of one delivery of one task. */
export class Family {
  readonly #deps: ExecutionDeps;
  readonly #cell: Cell;
  readonly #taskId: string;
  #timers: Timer[] | undefined;
  #fanOuts: FanOuts | undefined;
  #hasEnded = false;

  constructor(deps: ExecutionDeps, cell: Cell, taskId: string) {
    this.#deps = deps;
    this.#cell = cell;
    this.#taskId = taskId;
  }

  /** What `task.fanOut` is in a handler that runs under `signal`. */
  fanOut(signal: AbortSignal): FanOut {
    const { member, settings, scopes } = this.#deps;
    const identity = { name: this.#cell.id, isAgent: true, scope: () => scopeOf(scopes) };
    const admit = (queue: string): void => this.#admit(queue);
    const fanOuts = new FanOuts({ verbs: { member, settings, identity }, parent: this.#taskId, signal, admit });
    this.#fanOuts = fanOuts;
    if (this.#hasEnded) void fanOuts.end(); // asked for too late: it refuses
    const start = async (...args: unknown[]): Promise<Children> => {
      const children = await fanOuts.start(args);
      this.#watch(children);
      return children;
    };
    return start as FanOut;
  }

  /**
   * The delivery is over; with `hasEnded` so is the task, and what is left of its children is cancelled. Never rejects; undefined when there
   * is nothing to wait for.
   */
  end(hasEnded: boolean): Promise<void> | undefined {
    for (const timer of this.#timers ?? []) timer.cancel();
    if (!hasEnded) return undefined;
    this.#hasEnded = true;
    return this.#fanOuts?.end().catch((error: unknown) => {
      const { observer } = this.#deps.member.deps; // the children see for themselves
      observe(observer, 'broker.trouble', {
        what: `cancelling the children of ${this.#taskId}`,
        error: describeError(error),
      });
    });
  }

  #admit(queue: string): void {
    const { id, concurrency } = this.#cell.spec;
    if (queue !== id || concurrency > 1) return;
    throw new TerminalError(
      `expected the children of task ${this.#taskId} to run in other agents than their parent, got: agent "${id}", which waits for them`,
    );
  }

  /** Says it when all agents of the role may be waiting for children that need an agent of the same role. */
  #watch(children: ChildTasks): void {
    const { role } = this.#cell.spec.table;
    if (!children.handles.some(({ id }) => partitionOf(parseTaskId(id)?.queue ?? '').queue === role)) return;
    const { clock, observer } = this.#deps.member.deps;
    const say = (): void => {
      if (children.open < children.handles.length) return;
      const message =
        `none of the ${children.open} children of task ${this.#taskId} has ended within ${stalledMs / 1_000} s; they wait for role ` +
        `"${role}", which runs their parent, too: when parents take all its agents, nothing moves. Give parents a role of their own.`;
      observe(observer, 'log', { agent: this.#cell.id, level: 'warn', message });
    };
    (this.#timers ??= []).push(clock.setTimer(stalledMs, say));
  }
}

/**
 * W8: Throws `CancelledError('cancelled')` when the parent of a claimed child has ended, after the child was cancelled; else follows the
 * parent until the function that it resolves to is called. Rejects with `BrokerError`.
 */
export async function followParent(
  member: Member,
  signal: AbortSignal,
  child: Omit<Cancellation, 'code'>,
  parent: string,
): Promise<() => void> {
  const cancellation: Cancellation = { ...child, reason: `its parent ${parent} has ended`, code: parentEnded };
  if (!isOpen(await stateOf(member, parent, signal))) {
    await cancelTask(member, cancellation);
    throw new CancelledError('cancelled', String(cancellation.reason));
  }
  let leave = (): void => {};
  let isOver = false;
  const follow = (): void => {
    if (!isOver) leave = member.tasks.listen(parent, { onSettled: end, onClosed }, false);
  };
  /** Its lease hears of it, as of any other cancellation (leases.ts, S3). */
  const end = (): void => void cancelTask(member, cancellation).catch(follow);
  const onClosed = (error: Error): void => {
    if (error instanceof DeliveryError) end();
  };
  follow();
  return () => {
    isOver = true;
    leave();
  };
}

/** After a loss of data the child may be back before its parent is. */
async function stateOf(member: Member, taskId: string, signal: AbortSignal): Promise<TaskState> {
  const { broker, clock } = member.deps;
  for (;;) {
    const state = await broker.queues.state(taskId);
    const { patientMs } = member.tasks;
    if (state !== 'unknown' || patientMs === 0) return state;
    await sleep(clock, Math.min(lookAgainMs, patientMs), signal);
  }
}
