/**
 * The control port in memory: each call one step on the state of a queue.
 *
 * Invariants O1 to O10 stand in broker/control.ts. `endCancelled` is where every cancelled task ends, also for the task port.
 */
import {
  cancelledReason,
  type CancelReply,
  type CancelRequest,
  type ControlPort,
  type LimitChange,
  type QueueLimits,
} from '../broker/control.ts';
import { everyone } from '../broker/notices.ts';
import type { EnrolReply, EnrolRequest, Roster } from '../broker/roster.ts';
import { parseTaskId } from '../broker/task-id.ts';
import type { MemoryFleet } from './fleet.ts';
import { stepOn } from './limiter.ts';
import type { Link } from './link.ts';
import { dismiss, enrol, readRoster } from './roster.ts';
import { attemptsOf, type CancelMark, keep, kept, type QueueState, type StoredTask } from './queue-state.ts';

export class MemoryControl implements ControlPort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  cancel(request: CancelRequest): Promise<CancelReply> {
    return this.#link.call(request, ({ taskId, error, resultTtlMs }) => {
      const queue = this.#fleet.queues.get(parseTaskId(taskId)?.queue ?? '');
      const task = queue?.tasks.get(taskId);
      if (queue === undefined || task === undefined) return this.#replyOfEnded(queue, taskId);
      const mark = { error, resultTtlMs };
      if (task.place !== 'claimed') {
        stepOn(this.#fleet, queue, () => endCancelled(this.#fleet, queue, task, mark, attemptsOf(task)));
        return 'cancelled';
      }
      if (!queue.cancelled.has(taskId)) queue.cancelled.set(taskId, mark);
      this.#fleet.exchange.postNotice(task.holder, { kind: 'cancelled', taskId, message: error.message });
      return 'requested';
    });
  }

  pause(queue: string): Promise<boolean> {
    return this.#switch(queue, true);
  }

  resume(queue: string): Promise<boolean> {
    return this.#switch(queue, false);
  }

  limit(name: string, change: LimitChange): Promise<QueueLimits> {
    return this.#link.call({ name, change }, (asked) => {
      const { limiter } = this.#fleet.queue(asked.name);
      if (limiter.change(asked.change))
        this.#fleet.exchange.postNotice(everyone, { kind: 'limited', queue: asked.name });
      return limiter.limits ?? {};
    });
  }

  enrol(request: EnrolRequest): Promise<EnrolReply> {
    return this.#link.call(request, (received) => enrol(this.#fleet, received));
  }

  dismiss(name: string, expected?: string): Promise<boolean> {
    return this.#link.call({ name, expected }, (asked) => dismiss(this.#fleet, asked.name, asked.expected));
  }

  roster(known: string): Promise<Roster | undefined> {
    return this.#link.call(known, (version) => readRoster(this.#fleet, version));
  }

  #switch(name: string, paused: boolean): Promise<boolean> {
    return this.#link.call(name, (queue) => {
      const state = this.#fleet.queue(queue);
      const changed = state.paused !== paused;
      state.paused = paused;
      this.#fleet.exchange.postNotice(everyone, { kind: paused ? 'paused' : 'resumed', queue });
      return changed;
    });
  }

  #replyOfEnded(queue: QueueState | undefined, taskId: string): CancelReply {
    if (queue?.dead.has(taskId)) return 'ended';
    const outcome = queue && kept(queue.outcomes, taskId, this.#fleet.clock.now());
    if (outcome === undefined) return 'unknown';
    return outcome.kind === 'dead' && outcome.reason === cancelledReason ? 'cancelled' : 'ended';
  }
}

/** O2 */
export function endCancelled(
  fleet: MemoryFleet,
  queue: QueueState,
  task: StoredTask,
  { error, resultTtlMs }: CancelMark,
  attempts: number,
): void {
  const outcome = { kind: 'dead', reason: cancelledReason, error, attempts } as const;
  queue.remove(task);
  queue.cancelled.delete(task.id);
  keep(queue.outcomes, task.id, outcome, { now: fleet.clock.now(), ttlMs: resultTtlMs });
  fleet.exchange.postNotice(everyone, { kind: 'settled', taskId: task.id, outcome });
}
