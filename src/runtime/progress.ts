/**
 * Progress reports: those of one tick in one call for each queue, the latest of each task only.
 *
 * Live: a report that cannot be sent is lost and said to be, and never fails the handler that made it.
 */
import type { ProgressReport, QueuePort } from '../broker/queues.ts';
import { Post, type PostDeps } from '../client/post.ts';

export interface QueuedReport {
  readonly queue: string;
  readonly report: ProgressReport;
}

export function progressPost(
  deps: Pick<PostDeps<QueuedReport>, 'clock' | 'observer'>,
  queues: QueuePort,
): Post<QueuedReport> {
  const { clock, observer } = deps;
  return new Post({ clock, observer, what: 'reporting progress', deliver: (reports) => deliver(queues, reports) });
}

async function deliver(queues: QueuePort, reports: readonly QueuedReport[]): Promise<void> {
  const latest = new Map(reports.map((queued) => [queued.report.taskId, queued]));
  const byQueue = new Map<string, ProgressReport[]>();
  for (const { queue, report } of latest.values()) byQueue.set(queue, [...(byQueue.get(queue) ?? []), report]);
  for (const [queue, list] of byQueue) await queues.report(queue, list);
}
