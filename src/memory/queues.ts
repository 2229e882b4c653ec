/**
 * The queue port in memory: outcomes, counts, progress and dead letters of the queues' state.
 *
 * Invariants Q1 to Q3 stand in broker/queues.ts.
 */
import type { DeadLetter, ProgressReport, QueuePort, QueueStats, TaskOutcome, TaskState } from '../broker/queues.ts';
import { parseTaskId, priorities } from '../broker/task-id.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';
import { stepOn } from './limiter.ts';
import { keep, kept, type QueueState } from './queue-state.ts';

export class MemoryQueues implements QueuePort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  outcomes(queue: string, taskIds: readonly string[]): Promise<readonly (TaskOutcome | undefined)[]> {
    return this.#link.call(taskIds, (ids) => {
      const { outcomes } = this.#fleet.queue(queue);
      return ids.map((id) => kept(outcomes, id, this.#fleet.clock.now()));
    });
  }

  state(taskId: string): Promise<TaskState> {
    return this.#link.call(taskId, (id) => {
      const queue = this.#queueOf(id);
      const task = queue?.tasks.get(id);
      if (task !== undefined) return task.place === 'parked' || task.place === 'claimed' ? task.place : 'waiting';
      if (queue?.dead.has(id)) return 'dead';
      return queue === undefined ? 'unknown' : (kept(queue.outcomes, id, this.#fleet.clock.now())?.kind ?? 'unknown');
    });
  }

  stats(queue: string): Promise<QueueStats> {
    return this.#link.call(queue, (name) => {
      const { waiting, released, parked, claimed, behind, dead, deadDropped, paused, limiter } =
        this.#fleet.queue(name);
      const sizes = priorities.map((priority) => waiting[priority].size + released[priority].size);
      return {
        waiting: sizes.reduce((sum, size) => sum + size, behind.size),
        parked: parked.size,
        claimed: claimed.size,
        dead: dead.size,
        deadDropped,
        paused,
        ...(limiter.limits && { limits: limiter.limits }),
      };
    });
  }

  report(queue: string, reports: readonly ProgressReport[]): Promise<void> {
    return this.#link.call(reports, (received) => {
      const now = this.#fleet.clock.now();
      for (const { taskId, body, notify, ttlMs } of received) {
        keep(this.#fleet.queue(queue).progress, taskId, body, { now, ttlMs });
        this.#fleet.exchange.postNotice(notify, { kind: 'progress', taskId, body });
      }
    });
  }

  progress(taskId: string): Promise<string | undefined> {
    return this.#link.call(taskId, (id) => {
      const queue = this.#queueOf(id);
      return queue && kept(queue.progress, id, this.#fleet.clock.now());
    });
  }

  deadLetters(queue: string, page: { count: number; before?: number }): Promise<readonly DeadLetter[]> {
    return this.#link.call(page, ({ count, before = Infinity }) => {
      const letters = [...this.#fleet.queue(queue).dead.values()].filter(({ diedAt }) => diedAt < before);
      return letters.reverse().slice(0, Math.max(0, count));
    });
  }

  requeue(queue: string, taskIds: readonly string[]): Promise<readonly string[]> {
    return this.#link.call(taskIds, (ids) => {
      const state = this.#fleet.queue(queue);
      return stepOn(this.#fleet, state, () => ids.filter((id) => requeueOne(state, id)));
    });
  }

  #queueOf(taskId: string): QueueState | undefined {
    const parts = parseTaskId(taskId);
    return parts && this.#fleet.queues.get(parts.queue);
  }
}

/** Q3 */
function requeueOne(queue: QueueState, id: string): boolean {
  const letter = queue.dead.get(id);
  const priority = parseTaskId(id)?.priority;
  if (letter === undefined || priority === undefined) return false;
  queue.dead.delete(id);
  queue.outcomes.delete(id);
  queue.revive(id, priority, letter.envelope);
  return true;
}
