/**
 * The parts of tasks on Redis: a capped stream for each task, with entries `<start of the run>-<number>`.
 *
 * Invariants G2 to G5 stand in broker/logs.ts. Ids grow with every part and every run, so the id is where a reader goes on.
 */
import type { AddPartsRequest, StoredPart } from '../broker/logs.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { limits } from '../core/limits.ts';
import type { Store } from './store.ts';
import { entryOf, laneOf, nameOf } from './task-records.ts';

export async function addParts(store: Store, request: AddPartsRequest): Promise<'added' | 'stale'> {
  const { queue, node, receipt, attempt, first, bodies, keepMs, notify } = request;
  const { taskId, priority, entry, deliveries } = receipt;
  const { streams, moved, parts } = store.keys.queue(queue);
  const lane = laneOf(priority);
  const name = nameOf(queue, taskId);
  const place = [lane, entryOf(entry), deliveries];
  const channel = store.keys.channel(notify);
  const { taskParts, taskPartsBytes } = limits;
  const call = {
    keys: [store.keys.lease(node, `q:${queue}`), streams[lane - 1] ?? '', moved, parts(name)],
    args: [
      node,
      name,
      ...place,
      attempt,
      taskId,
      channel,
      taskParts,
      taskPartsBytes,
      Math.ceil(keepMs),
      first,
      ...bodies,
    ],
  };
  const reply = await store.runAs(node, () => store.run('add-parts', call));
  return reply === 'STALE' ? 'stale' : 'added';
}

export async function readParts(
  store: Store,
  taskId: string,
  page: { readonly after: string; readonly count: number },
): Promise<readonly StoredPart[]> {
  const id = parseTaskId(taskId);
  if (id === undefined || page.count < 1) return [];
  const key = store.keys.queue(id.queue).parts(nameOf(id.queue, taskId));
  const start = page.after === '' ? '-' : `(${entryOf(page.after)}`;
  const rows = (await store.call('xrange', key, start, '+', 'COUNT', page.count)) as [string, string[]][];
  return rows.map(([entry, [, run = '', , attempt = '', , , , body = '']]) => {
    return { entry, run, attempt: Number(attempt), number: Number(entry.split('-')[1]), body };
  });
}
