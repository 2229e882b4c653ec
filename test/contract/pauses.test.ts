/**
 * Pausing a queue: none of its tasks is handed out until it is resumed, and everybody hears of it (O4).
 */
import { expect, test } from 'vitest';
import type { Notice } from '../../src/broker/notices.ts';
import { describeBrokers, type Member } from './harness.ts';
import { complete, envelopesOf, idsOf, put, putOne, queue, release, settleOne, take, takeOne } from './work.ts';

const wait = (member: Member, options: { queues?: string[]; timeoutMs?: number; signal?: AbortSignal } = {}) =>
  member.tasks.wait({ queues: [queue], node: member.address, count: 1, timeoutMs: 2_000, ...options });

describeBrokers('pauses', (open) => {
  test('O4: a paused queue hands out nothing by claim, wait or recovery; resumed, everything in its order', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join(), await fleet.join()];
    const [first = ''] = await put(node, ['claimed', 'released', 'waits']);
    await takeOne(node);
    await settleOne(node, await takeOne(node), release);
    expect(await other.control.pause(queue)).toBe(true);
    expect(await take(node)).toEqual([]);
    expect(await fleet.ended(wait(node, { timeoutMs: 50 }))).toEqual([]);
    const recover = { queue, node: other.address, count: 10, leaseMs: 0, gone: [] };
    expect(await other.tasks.recover(recover)).toEqual([]);
    expect(await node.control.resume(queue)).toBe(true);
    expect(idsOf(await other.tasks.recover(recover))).toEqual([first]);
    expect(envelopesOf(await take(node))).toEqual(['released', 'waits']);
  });

  test('O4: enqueues, promotions and settles go on, and what runs keeps its claim', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node, 'runs');
    const task = await takeOne(node);
    await node.control.pause(queue);
    await put(node, ['new']);
    await put(node, ['due'], { delayMs: 10 });
    const promote = { queue, node: node.address, count: 10 };
    await fleet.eventually(async () => (await node.tasks.promote(promote)).moved, 'the task to be promoted');
    expect(await node.tasks.renew({ queue, node: node.address, receipts: [task.receipt] })).toEqual(['kept']);
    expect(await settleOne(node, task, complete)).toBe('settled');
    expect(await node.queues.state(id)).toBe('completed');
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 2, claimed: 0, paused: true });
    await node.control.resume(queue);
    expect(envelopesOf(await take(node))).toEqual(['new', 'due']);
    expect(await node.queues.stats(queue)).toMatchObject({ paused: false });
  });

  test('O4: a wait serves its other queues while one of them is paused', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await node.control.pause(queue);
    const waiting = wait(node, { queues: [queue, 'other'] });
    await putOne(node, 'paused');
    await put(node, ['open'], { queue: 'other' });
    expect(envelopesOf(await fleet.ended(waiting))).toEqual(['open']);
  });

  test('O4: everyone is told; a wait that is ended then hands over nothing that comes later', async () => {
    const fleet = await open();
    const [node, operator] = [await fleet.join(), await fleet.connect()];
    const stop = new AbortController();
    const heard: Notice[] = [];
    const onNotice = (notice: Notice): void => {
      heard.push(notice);
      if (notice.kind === 'paused') stop.abort();
    };
    await node.notices.listen(node.address, { onNotice, onReset: () => {} });
    const waiting = wait(node, { signal: stop.signal });
    await operator.control.pause(queue);
    expect(await fleet.ended(waiting)).toEqual([]);
    await putOne(operator, 'later');
    expect(await fleet.ended(wait(node, { timeoutMs: 50 }))).toEqual([]);
    await operator.control.resume(queue);
    await fleet.eventually(() => heard.length >= 2, 'both notices');
    expect(heard).toEqual([
      { kind: 'paused', queue },
      { kind: 'resumed', queue },
    ]);
    expect(envelopesOf(await fleet.ended(wait(node)))).toEqual(['later']);
  });

  test('a wait on nothing but paused queues ends empty on abort', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await node.control.pause(queue);
    const stop = new AbortController();
    const waiting = wait(node, { signal: stop.signal });
    stop.abort();
    expect(await fleet.ended(waiting)).toEqual([]);
  });

  test('O1: pausing and resuming may be repeated, and touch no other queue', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const { control } = node;
    expect(await control.resume(queue)).toBe(false);
    expect([await control.pause(queue), await control.pause(queue)]).toEqual([true, false]);
    await put(node, ['elsewhere'], { queue: 'other' });
    expect(envelopesOf(await take(node, 10, 'other'))).toEqual(['elsewhere']);
    expect([await control.resume(queue), await control.resume(queue)]).toEqual([true, false]);
  });

  test('a task of a paused queue can be cancelled', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const taskId = await putOne(node);
    await node.control.pause(queue);
    const error = { name: 'CancelledError', code: 'cancelled', message: 'x' };
    expect(await node.control.cancel({ taskId, error, resultTtlMs: 600_000 })).toBe('cancelled');
    await node.control.resume(queue);
    expect(await take(node)).toEqual([]);
  });
});
