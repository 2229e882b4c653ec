/**
 * A queue as whoever looks at it sees it: all its partitions as one.
 *
 * Apart from the verbs of a fleet, because every one of them has to look at all partitions, and forget none.
 */
import type { DeadLetter, QueueStats } from '../broker/queues.ts';
import { parseTaskId } from '../broker/task-id.ts';
import type { Member } from './member.ts';

export async function queueStats({ partitions, deps }: Member, queue: string): Promise<QueueStats> {
  const all = await Promise.all(partitions.all(queue).map((one) => deps.broker.queues.stats(one)));
  const sum = (of: (stats: QueueStats) => number): number => all.reduce((total, stats) => total + of(stats), 0);
  return {
    ...(all[0] as QueueStats),
    waiting: sum(({ waiting }) => waiting),
    parked: sum(({ parked }) => parked),
    claimed: sum(({ claimed }) => claimed),
    dead: sum(({ dead }) => dead),
    deadDropped: sum(({ deadDropped }) => deadDropped),
    paused: all.some(({ paused }) => paused),
  };
}

/** True when some of it was not as it is now. */
export async function switchQueue(
  { partitions, deps }: Member,
  queue: string,
  to: 'pause' | 'resume',
): Promise<boolean> {
  const { control } = deps.broker;
  return (await Promise.all(partitions.all(queue).map((one) => control[to](one)))).includes(true);
}

/** Newest first, whichever partition they are of. */
export async function deadLettersOf(
  { partitions, deps }: Member,
  queue: string,
  page: { readonly count: number; readonly before?: number },
): Promise<readonly DeadLetter[]> {
  const names = partitions.all(queue);
  const pages = await Promise.all(names.map((one) => deps.broker.queues.deadLetters(one, page)));
  if (names.length === 1) return pages[0] ?? [];
  return pages
    .flat()
    .sort((a, b) => b.diedAt - a.diedAt)
    .slice(0, page.count);
}

/** The ids of those that wait again, by partition. */
export async function requeueTasks(
  { partitions, deps }: Member,
  queue: string,
  taskIds: readonly string[],
): Promise<readonly string[]> {
  const names = partitions.all(queue);
  if (names.length === 1) return await deps.broker.queues.requeue(queue, taskIds);
  const idsOf = (name: string): readonly string[] => taskIds.filter((id) => parseTaskId(id)?.queue === name);
  const there = names.filter((name) => idsOf(name).length > 0);
  return (await Promise.all(there.map((name) => deps.broker.queues.requeue(name, idsOf(name))))).flat();
}
