/**
 * Progress reports: those of one tick in one call for each queue, the latest of each task only.
 *
 * Live: a report that cannot be sent is lost and said to be, and never fails the handler that made it. Where classic agents are to see them,
 * each is broadcast, too: they know no other way to hear of a task.
 */
import type { ProgressReport, QueuePort } from '../broker/queues.ts';
import type { Member } from '../client/member.ts';
import { Post, type PostDeps } from '../client/post.ts';

export interface QueuedReport {
  readonly queue: string;
  readonly report: ProgressReport;
}

/** `announce` tells classic agents of one report. */
export function progressPost(
  deps: Pick<PostDeps<QueuedReport>, 'clock' | 'observer'>,
  queues: QueuePort,
  announce?: (report: ProgressReport) => Promise<unknown>,
): Post<QueuedReport> {
  const { clock, observer } = deps;
  const deliver = (reports: readonly QueuedReport[]): Promise<void> => deliverAll(queues, reports, announce);
  return new Post({ clock, observer, what: 'reporting progress', deliver });
}

async function deliverAll(
  queues: QueuePort,
  reports: readonly QueuedReport[],
  announce: ((report: ProgressReport) => Promise<unknown>) | undefined,
): Promise<void> {
  const latest = new Map(reports.map((queued) => [queued.report.taskId, queued]));
  const byQueue = new Map<string, ProgressReport[]>();
  for (const { queue, report } of latest.values()) byQueue.set(queue, [...(byQueue.get(queue) ?? []), report]);
  for (const [queue, list] of byQueue) await queues.report(queue, list);
  if (announce !== undefined) await Promise.all([...latest.values()].map(({ report }) => announce(report)));
}

/** Broadcasts a report in the name of the agent that made it. */
export async function announceProgress(member: Member, { classic, body }: ProgressReport): Promise<void> {
  if (classic === undefined) return;
  const { taskId, name, agent, at } = classic;
  const head = JSON.stringify({ taskId, task: name });
  await member.lanes.append.submit('events', {
    opId: member.deps.random.id('op'),
    topic: `Task progress: ${taskId}`,
    from: agent,
    data: `${head.slice(0, -1)},${body.slice(1)}`,
    sentAt: at,
  });
}
