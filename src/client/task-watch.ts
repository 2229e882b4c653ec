/**
 * Tasks whose end somebody in this process waits for.
 *
 * W1  A waiter is resolved by the notice `settled`, or by reading the outcome: when it joins late, when the link was restored, and
 *     every few seconds. Nothing depends on a notice alone.
 * W2  The notice may overtake the reply to `enqueue`. While an enqueue is on its way, outcomes nobody waits for yet are kept.
 */
import type { Broker } from '../broker/broker.ts';
import type { Notice } from '../broker/notices.ts';
import type { TaskOutcome } from '../broker/queues.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { type Clock, repeat, type Timer } from '../core/clock.ts';

export interface TaskListener {
  onProgress?(body: string): void;
  onSettled(outcome: TaskOutcome): void;
  /** The process leaves the fleet: nothing will be heard any more. */
  onClosed(error: Error): void;
}

export interface TaskWatchDeps {
  readonly broker: Pick<Broker, 'queues'>;
  readonly clock: Clock;
}

const lookEveryMs = 5_000;
const earlyKept = 1_000;

export class TaskWatch {
  readonly #deps: TaskWatchDeps;
  readonly #listeners = new Map<string, Set<TaskListener>>();
  /** W2 */
  readonly #early = new Map<string, TaskOutcome>();
  #enqueuing = 0;
  #look: Timer | undefined;
  #stopped: Error | undefined;

  constructor(deps: TaskWatchDeps) {
    this.#deps = deps;
  }

  /** Runs an enqueue; outcomes that overtake its reply are kept until it has returned and its caller could listen (W2). */
  async duringEnqueue<T>(enqueue: () => Promise<T>): Promise<T> {
    this.#enqueuing++;
    try {
      return await enqueue();
    } finally {
      this.#deps.clock.endOfTick(() => {
        if (--this.#enqueuing === 0) this.#early.clear();
      });
    }
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
    const listeners = this.#listeners.get(taskId) ?? new Set();
    this.#listeners.set(taskId, listeners.add(listener));
    this.#look ??= repeat(
      this.#deps.clock,
      () => lookEveryMs,
      () => this.#readAll(),
    );
    if (late) void this.#read([taskId]).catch(() => undefined); // the next look repeats it, and the link reports its trouble
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(taskId) === listeners) this.#listeners.delete(taskId);
    };
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'settled') this.#settle(notice.taskId, notice.outcome);
    else if (notice.kind === 'progress') {
      for (const listener of this.#listeners.get(notice.taskId) ?? []) listener.onProgress?.(notice.body);
    }
  }

  onReset(): void {
    void this.#readAll().catch(() => undefined); // repeated by the next look
  }

  stop(error: Error): void {
    this.#stopped = error;
    this.#look?.cancel();
    this.#look = undefined;
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.onClosed(error);
    this.#listeners.clear();
    this.#early.clear();
  }

  #settle(taskId: string, outcome: TaskOutcome): void {
    const listeners = this.#listeners.get(taskId);
    this.#listeners.delete(taskId);
    if (listeners !== undefined) for (const listener of listeners) listener.onSettled(outcome);
    else if (this.#enqueuing > 0 && this.#early.size < earlyKept) this.#early.set(taskId, outcome);
  }

  async #readAll(): Promise<void> {
    if (this.#listeners.size === 0) {
      this.#look?.cancel();
      this.#look = undefined;
      return;
    }
    const byQueue = new Map<string, string[]>();
    for (const taskId of this.#listeners.keys()) {
      const queue = parseTaskId(taskId)?.queue ?? '';
      const taskIds = byQueue.get(queue);
      if (taskIds === undefined) byQueue.set(queue, [taskId]);
      else taskIds.push(taskId);
    }
    for (const taskIds of byQueue.values()) await this.#read(taskIds);
  }

  async #read(taskIds: readonly string[]): Promise<void> {
    for (let from = 0; from < taskIds.length; from += 128) {
      const page = taskIds.slice(from, from + 128);
      const outcomes = await this.#deps.broker.queues.outcomes(parseTaskId(page[0] ?? '')?.queue ?? '', page);
      outcomes.forEach((outcome, index) => outcome !== undefined && this.#settle(String(page[index]), outcome));
    }
  }
}
