/**
 * Bringing back tasks that Redis had accepted and lost (T9): the rare side of enqueueing, apart from the one that has to be fast.
 *
 * It is the same lane: the frames are numbered with those of `enqueue`, and remembered with them.
 */
import type { Frame } from '../broker/frame.ts';
import { everyone } from '../broker/notices.ts';
import type { EnqueueOp, EnqueueReply } from '../broker/tasks.ts';
import type { RunScript, Store } from './store.ts';
import { laneOf, nameOf } from './task-records.ts';

/** True for frames of tasks that were accepted before. */
export function bringsBack(frame: Frame<EnqueueOp>): boolean {
  return frame.ops.some(({ taskId }) => taskId !== undefined);
}

export async function bringBack(store: Store, frame: Frame<EnqueueOp>, seed: number): Promise<readonly EnqueueReply[]> {
  const queue = store.keys.queue(frame.tag);
  const { meta, streams, parked, due, limits, keyed, turns, behind, moved, dead } = queue;
  const names = frame.ops.map(({ taskId = '' }) => nameOf(frame.tag, taskId));
  const ops = frame.ops.flatMap((op, index) => {
    const { priority, delayMs, envelope, key, concurrencyKey = '' } = op;
    const [delay, keyMs] = [Math.ceil(delayMs), Math.ceil(key?.ttlMs ?? 0)];
    return [laneOf(priority), delay, envelope, names[index] ?? '', keyMs, concurrencyKey] as const;
  });
  const beside = frame.ops.flatMap(({ key }, index) => {
    const result = queue.result(names[index] ?? '');
    return [result, key === undefined ? result : queue.key(key.name)];
  });
  const call = {
    keys: [meta, ...streams, parked, due, limits, keyed, turns, behind, moved, dead, ...beside],
    args: [seed, frame.tag, store.keys.channel(everyone), ...ops],
  };
  const run: RunScript = (whole) => store.runDurably('bring-back', whole);
  await store.carry('enqueue', `q:${frame.tag}`, frame, call, run);
  return frame.ops.map(({ taskId = '' }) => ({ kind: 'enqueued', taskId }));
}
