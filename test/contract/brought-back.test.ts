/**
 * Tasks that were accepted, lost and brought back: they keep the id by which their callers know them (T9).
 */
import { expect, test } from 'vitest';
import type { EnqueueOp, Outcome } from '../../src/broker/tasks.ts';
import { describeBrokers, frame, type Member, type TestFleet } from './harness.ts';
import {
  complete,
  die,
  envelopesOf,
  idsOf,
  numbered,
  op,
  put,
  putOne,
  queue,
  settleOne,
  take,
  takeOne,
} from './work.ts';

async function bringBack(member: Member, ...ops: EnqueueOp[]): Promise<void> {
  const replies = await member.tasks.enqueue(frame(queue, ops, { sender: member.address }));
  expect(replies).toEqual(ops.map(({ taskId }) => ({ kind: 'enqueued', taskId })));
}

/** Ids of tasks that were accepted and are gone, and a node of the fleet that forgot them. */
async function lost(fleet: TestFleet, envelopes: readonly string[], options: Partial<EnqueueOp> = {}) {
  const ids = await put(await fleet.join('before'), envelopes, options);
  await fleet.pass(2);
  await fleet.lose();
  return { ids, node: await fleet.join('after') };
}

describeBrokers('tasks that are brought back', (open) => {
  test('T9: a lost task comes back under its id, behind what is there, and is settled under it', async () => {
    const fleet = await open();
    const { ids, node } = await lost(fleet, ['x', 'y']);
    const [taskId = '', other = ''] = ids;
    const newId = await putOne(node, 'new');
    await bringBack(node, op('x', { taskId }), op('y', { taskId: other }));
    await bringBack(node, op('x', { taskId }));
    expect(await node.queues.state(taskId)).toBe('waiting');
    const tasks = await take(node);
    expect(idsOf(tasks)).toEqual([newId, taskId, other]);
    expect(envelopesOf(tasks)).toEqual(['new', 'x', 'y']);
    const x = tasks[1] ?? expect.fail('three tasks');
    expect(x.attempt).toBe(1);
    expect(await settleOne(node, x, complete)).toBe('settled');
    expect(await node.queues.outcomes(queue, [taskId])).toMatchObject([{ kind: 'completed', attempts: 1 }]);
  });

  test('T3: a receipt from before the loss stays stale when the same node holds the task again', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const taskId = await putOne(node, 'x');
    const before = await takeOne(node);
    await settleOne(node, before, { ...complete, resultTtlMs: 0 } as Outcome);
    await bringBack(node, op('x', { taskId }));
    const after = await takeOne(node);
    expect(await settleOne(node, before, complete)).toBe('stale');
    expect(await settleOne(node, after, complete)).toBe('settled');
  });

  test('T9: bringing back what the queue has, in whatever place, changes nothing', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const done = await putOne(node, 'done');
    await settleOne(node, await takeOne(node), complete);
    const dead = await putOne(node, 'dead');
    await settleOne(node, await takeOne(node), { ...die, resultTtlMs: 0 } as Outcome);
    const claimed = await putOne(node, 'claimed');
    await takeOne(node);
    const first = await putOne(node, 'first', { concurrencyKey: 'k', delayMs: 60_000 });
    const behind = await putOne(node, 'behind', { concurrencyKey: 'k' });
    const waiting = await putOne(node, 'waiting');
    const before = await node.queues.stats(queue);
    await bringBack(node, ...[done, dead, claimed, first, behind, waiting].map((taskId) => op('again', { taskId })));
    expect(await node.queues.stats(queue)).toEqual(before);
    expect(envelopesOf(await take(node))).toEqual(['waiting']);
  });

  test('T9: it waits for the rest of its delay, and is brought back once', async () => {
    const fleet = await open();
    const { ids, node } = await lost(fleet, ['x'], { delayMs: 60_000 });
    const again = op('x', { delayMs: 30_000, ...(ids[0] && { taskId: ids[0] }) });
    await bringBack(node, again);
    await bringBack(node, again);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 0, parked: 1 });
  });

  test('T9: its key and its place behind others of its concurrency key come back with it', async () => {
    const fleet = await open();
    const options = { concurrencyKey: 'repo', key: { name: 'k', ttlMs: 600_000 } };
    const { ids, node } = await lost(fleet, ['x'], options);
    const [taskId = ''] = ids;
    await putOne(node, 'earlier', { concurrencyKey: 'repo' });
    await bringBack(node, op('x', { ...options, taskId }));
    expect(await node.tasks.enqueue(frame(queue, [op('second', options)]))).toEqual([{ kind: 'known', taskId }]);
    expect(envelopesOf(await take(node))).toEqual(['earlier']);
    expect(await node.queues.state(taskId)).toBe('waiting');
  });

  test('T9: it stands before those of its concurrency key that were enqueued after it, but takes no turn that was given', async () => {
    const fleet = await open();
    const { ids, node } = await lost(fleet, ['x'], { concurrencyKey: 'repo' });
    const [, , cancelled = ''] = await put(node, ['first', 'second', 'third'], { concurrencyKey: 'repo' });
    await bringBack(node, op('x', { concurrencyKey: 'repo', taskId: ids[0] ?? '' }));
    await node.control.cancel({ taskId: cancelled, error: { name: 'E', code: 'c', message: 'm' }, resultTtlMs: 0 });
    const seen: string[] = [];
    for (const _ of numbered(3)) {
      const tasks = await take(node);
      seen.push(...envelopesOf(tasks));
      for (const task of tasks) await settleOne(node, task, complete);
    }
    expect(seen).toEqual(['first', 'x', 'second']);
  });

  test('T9: a queue that is full takes it back all the same', async () => {
    const fleet = await open();
    const { ids, node } = await lost(fleet, ['x']);
    const [taskId = ''] = ids;
    await putOne(node, 'new');
    await bringBack(node, op('x', { taskId, maxWaiting: 1 }));
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 2 });
  });
});
