/**
 * Tasks whose end somebody in this process waits for.
 *
 * W1  A waiter is resolved by the notice `settled`, or by reading the outcome: when it joins late, when the link was restored, and
 *     every few seconds. Nothing depends on a notice alone. A process that settles a task of its own needs none: the answer tells it.
 * W2  The notice may overtake the reply to `enqueue`. While an enqueue is on its way, outcomes nobody waits for yet are kept.
 * W3  A waiter for a task that nobody knows, or whose outcome has expired, is told so: by the look when it joins late, or by one of
 *     the regular ones, which ask for the state of some tasks each. It takes two looks, since the notice may be on its way, and where data
 *     was lost, the time in which senders send it again; this process, if it is the sender, as long as it does.
 */
import type { Broker } from '../broker/broker.ts';
import type { Notice } from '../broker/notices.ts';
import type { TaskOutcome } from '../broker/queues.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import { DeliveryError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { MissingTasks } from './missing-tasks.ts';

export interface TaskListener {
  onProgress?(body: string): void;
  /** There are new parts to read. */
  onParts?(): void;
  onSettled(outcome: TaskOutcome): void;
  /** Nothing will be heard any more: the process leaves the fleet, or nobody knows the task (`DeliveryError('unknown-task')`). */
  onClosed(error: Error): void;
}

export interface TaskWatchDeps {
  readonly broker: Pick<Broker, 'queues'>;
  readonly clock: Clock;
  /** Asks whether the broker has lost data; `onDataLost` is called when it has (W3). */
  readonly onMissed?: () => void;
  /** See `MissingTasksDeps`. */
  readonly isBringingBack?: () => boolean;
}

const lookEveryMs = 5_000;
const readAgainMs = 250;
const earlyKept = 1_000;

export class TaskWatch {
  readonly #deps: TaskWatchDeps;
  /** Lists that are never changed: nearly all have one listener, and there may be very many. */
  readonly #listeners = new Map<string, readonly TaskListener[]>();
  /** W2 */
  readonly #early = new Map<string, TaskOutcome>();
  #enqueuing = 0;
  /** Those that have returned in this tick. */
  #returned = 0;
  #look: Timer | undefined;
  #soon: Timer | undefined;
  #stopped: Error | undefined;
  /** Tasks whose listeners joined late in this tick. */
  #late: string[] = [];
  /** W3 */
  readonly #missing: MissingTasks;
  /** How many states the regular looks have asked for. */
  #asked = 0;

  constructor(deps: TaskWatchDeps) {
    this.#deps = deps;
    this.#missing = new MissingTasks({
      queues: deps.broker.queues,
      clock: deps.clock,
      readAgain: (taskIds) =>
        void this.#readByQueue(taskIds, taskIds)
          .then(() => this.#readAll()) // where these are lost, others are
          .catch(() => undefined), // repeated by the next look
      isAwaited: (taskId) => this.#listeners.has(taskId),
      onLost: (taskId) => this.#lose(taskId),
      onMissed: () => deps.onMissed?.(),
      isBringingBack: () => deps.isBringingBack?.() ?? false,
    });
  }

  /** An enqueue begins; outcomes that overtake its reply are kept until it has returned and its caller could listen (W2). */
  beginEnqueue(): void {
    this.#enqueuing++;
  }

  /** It has returned. */
  endEnqueue(): void {
    if (this.#returned++ > 0) return;
    this.#deps.clock.endOfTick(() => {
      this.#enqueuing -= this.#returned;
      this.#returned = 0;
      if (this.#enqueuing === 0) this.#early.clear();
    });
  }

  /** Hears of a task until it has ended. With `late`, the outcome is read once, since the notice may have come already. */
  listen(taskId: string, listener: TaskListener, late: boolean): () => void {
    if (this.#stopped !== undefined) {
      listener.onClosed(this.#stopped);
      return () => {};
    }
    const early = this.#early.get(taskId);
    if (early !== undefined) {
      listener.onSettled(early);
      return () => {};
    }
    this.#listeners.set(taskId, [...(this.#listeners.get(taskId) ?? []), listener]);
    this.#look ??= repeat(
      this.#deps.clock,
      () => lookEveryMs,
      () => this.#readAll(),
    );
    if (late) this.#readLate(taskId);
    return () => this.#leave(taskId, listener);
  }

  #leave(taskId: string, listener: TaskListener): void {
    const left = this.#listeners.get(taskId)?.filter((one) => one !== listener);
    if (left?.length === 0) this.#forget(taskId);
    else if (left !== undefined) this.#listeners.set(taskId, left);
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'settled') this.onSettled(notice.taskId, notice.outcome);
    else if (notice.kind === 'progress') {
      for (const listener of this.#listeners.get(notice.taskId) ?? []) listener.onProgress?.(notice.body);
    } else if (notice.kind === 'parts') {
      for (const listener of this.#listeners.get(notice.taskId) ?? []) listener.onParts?.();
    }
  }

  onReset(): void {
    this.#missing.onReset();
    this.#readSoon();
  }

  /** The link that carries the question may be back later than the one that hears the notices: asked again until it is. */
  #readSoon(): void {
    this.#soon?.cancel();
    this.#soon = undefined;
    this.#readAll().catch(() => {
      if (this.#stopped !== undefined || this.#listeners.size === 0) return;
      this.#soon ??= this.#deps.clock.setTimer(readAgainMs, () => this.#readSoon());
    });
  }

  /** What is missed now may still be sent again. */
  onDataLost(): void {
    this.#missing.onReset();
  }

  /** After a lost link: for that long a task that nobody knows may still be sent again. */
  get patientMs(): number {
    return this.#missing.patientMs;
  }

  stop(error: Error): void {
    this.#stopped = error;
    this.#soon?.cancel();
    this.#look?.cancel();
    this.#look = undefined;
    this.#missing.stop();
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.onClosed(error);
    this.#listeners.clear();
    this.#early.clear();
  }

  /** A task has ended, whoever says so (W1). */
  onSettled(taskId: string, outcome: TaskOutcome): void {
    const listeners = this.#listeners.get(taskId);
    this.#forget(taskId);
    if (listeners !== undefined) for (const listener of listeners) listener.onSettled(outcome);
    else if (this.#enqueuing > 0 && this.#early.size < earlyKept) this.#early.set(taskId, outcome);
  }

  /** W3 */
  #lose(taskId: string): void {
    const listeners = this.#listeners.get(taskId) ?? [];
    this.#forget(taskId);
    const error = new DeliveryError(
      'unknown-task',
      `expected task ${taskId} to be known, got: it was never accepted, or its result is kept no longer`,
      { details: { taskId } },
    );
    for (const listener of listeners) listener.onClosed(error);
  }

  #forget(taskId: string): void {
    this.#listeners.delete(taskId);
    this.#missing.found(taskId);
  }

  /** Those who join late in one tick are read together. */
  #readLate(taskId: string): void {
    if (this.#late.push(taskId) > 1) return;
    this.#deps.clock.endOfTick(() => {
      const late = this.#late.splice(0).filter((id) => this.#listeners.has(id));
      void this.#readByQueue(late, late).catch(() => undefined); // the next look repeats it, and the link reports its trouble
    });
  }

  async #readAll(): Promise<void> {
    if (this.#listeners.size === 0) {
      this.#look?.cancel();
      this.#look = undefined;
      return;
    }
    const taskIds = [...this.#listeners.keys()];
    const from = this.#asked % taskIds.length;
    const asked = [...taskIds.slice(from), ...taskIds.slice(0, from)].slice(0, this.#missing.reach);
    this.#asked = from + asked.length;
    await this.#readByQueue(taskIds, asked);
  }

  /** Reads outcomes, and the states of those in `asked` that have none. */
  async #readByQueue(taskIds: readonly string[], asked: readonly string[]): Promise<void> {
    const byQueue = new Map<string, string[]>();
    for (const taskId of taskIds) {
      const queue = parseTaskId(taskId)?.queue ?? '';
      const ids = byQueue.get(queue);
      if (ids === undefined) byQueue.set(queue, [taskId]);
      else ids.push(taskId);
    }
    for (const [queue, ids] of byQueue) await this.#read(queue, ids);
    await this.#missing.look(asked.filter((taskId) => this.#listeners.has(taskId)));
  }

  async #read(queue: string, taskIds: readonly string[]): Promise<void> {
    for (let from = 0; from < taskIds.length; from += limits.frameOps) {
      const page = taskIds.slice(from, from + limits.frameOps);
      const outcomes = await this.#deps.broker.queues.outcomes(queue, page);
      outcomes.forEach((outcome, index) => outcome !== undefined && this.onSettled(String(page[index]), outcome));
    }
  }
}
