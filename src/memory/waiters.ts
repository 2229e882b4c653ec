/**
 * Blocked claims: calls of `wait` that found nothing and are served as tasks arrive.
 *
 * Like a blocking read of a stream: the call that waits longest is served first, from one queue and priority, and it sees
 * only tasks that were never delivered. A task is handed over in the same step that stored it, so an abort loses none.
 */
import { type Priority, priorities } from '../broker/task-id.ts';
import type { ClaimedTask, WaitRequest } from '../broker/tasks.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';
import type { QueueState, StoredTask } from './queue-state.ts';

export interface Waiter {
  readonly queues: readonly string[];
  readonly node: string;
  readonly count: number;
  readonly serve: (tasks: readonly ClaimedTask[]) => void;
}

/** No wait is longer. */
const longestWaitMs = 2_000;

/** Takes what waits in the queues now, at most `count` of each queue and priority. */
export function takeNow(fleet: MemoryFleet, request: Omit<WaitRequest, 'signal'>): ClaimedTask[] {
  return request.queues.flatMap((name) => {
    const queue = fleet.queues.get(name);
    if (queue === undefined) return [];
    return priorities.flatMap((priority) => {
      const tasks = [...firstOf(queue.waiting[priority].values(), request.count)];
      return tasks.map((task) => queue.deliver(task, request.node));
    });
  });
}

/** Resolves with the tasks that arrive first, or empty at the timeout or abort; rejects when the link is lost. */
export function waitForTasks(
  { fleet, link, signal }: { fleet: MemoryFleet; link: Link; signal: AbortSignal | undefined },
  { queues, node, count, timeoutMs }: Omit<WaitRequest, 'signal'>,
): Promise<readonly ClaimedTask[]> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      fleet.waiters.delete(waiter);
      timer.cancel();
      forgetLoss();
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => waiter.serve([]);
    const waiter: Waiter = {
      queues,
      node,
      count,
      serve: (tasks) => {
        end();
        resolve(tasks);
      },
    };
    const timer = fleet.clock.setTimer(Math.min(timeoutMs, longestWaitMs), () => waiter.serve([]));
    const forgetLoss = link.onLoss((error) => {
      end();
      reject(error);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    fleet.waiters.add(waiter);
  });
}

/** Hands tasks that have just arrived in `queue` to those who wait for them: of the priority that came first before the others. */
export function serveWaiters(fleet: MemoryFleet, queue: QueueState): void {
  if (fleet.waiters.size === 0 || priorities.every((priority) => queue.waiting[priority].size === 0)) return;
  const arrivedAt = (priority: Priority): number => first(queue, priority)?.order ?? Infinity;
  for (const priority of priorities.toSorted((a, b) => arrivedAt(a) - arrivedAt(b))) {
    for (const waiter of fleet.waiters) {
      if (queue.waiting[priority].size === 0) break;
      if (!waiter.queues.includes(queue.name)) continue;
      const tasks = [...firstOf(queue.waiting[priority].values(), waiter.count)];
      waiter.serve(tasks.map((task) => queue.deliver(task, waiter.node)));
    }
  }
}

function first(queue: QueueState, priority: Priority): StoredTask | undefined {
  return queue.waiting[priority].values().next().value;
}

function* firstOf<T>(items: Iterable<T>, count: number): Generator<T> {
  let taken = 0;
  for (const item of items) {
    if (taken++ >= count) return;
    yield item;
  }
}
