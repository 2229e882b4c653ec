/**
 * Claiming: who gets which waiting task, and in which order.
 */
import { expect, test } from 'vitest';
import { parseTaskId } from '../../src/broker/task-id.ts';
import { describeEverywhere, frame } from './harness.ts';
import { listen } from './post.ts';
import { envelopesOf, idsOf, numbered, op, priorities, put, putOne, queue, release } from './work.ts';
import { complete, settle, settleOne, take, takeOne } from './work.ts';

describeEverywhere('claims', (open) => {
  test('T1: an accepted task is waiting, then claimed, then completed', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node, '{"v":1}');
    expect(await node.queues.state(id)).toBe('waiting');
    const task = await takeOne(node);
    expect(task).toMatchObject({ queue, envelope: '{"v":1}', attempt: 1, redelivered: false });
    expect(task.receipt).toMatchObject({ taskId: id, priority: 'normal' });
    expect(await node.queues.state(id)).toBe('claimed');
    expect(await settleOne(node, task, complete)).toBe('settled');
    expect(await node.queues.state(id)).toBe('completed');
    expect(await take(node)).toEqual([]);
  });

  test('a task id tells queue and priority, and ids never repeat', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    const ids: string[] = [];
    for (const priority of priorities) ids.push(...(await put(client, numbered(200), { priority })));
    expect(new Set(ids).size).toBe(600);
    expect(parseTaskId(ids[0] ?? '')).toMatchObject({ queue, priority: 'low' });
    expect(parseTaskId(ids[599] ?? '')).toMatchObject({ queue, priority: 'high' });
  });

  test('T2: nodes that compete for many tasks claim each of them once', async () => {
    const fleet = await open();
    const nodes = await Promise.all([fleet.join(), fleet.join(), fleet.join(), fleet.join()]);
    const ids = await put(nodes[0], numbered(500));
    const claimed: string[] = [];
    const drain = async (node: (typeof nodes)[number]): Promise<void> => {
      for (let tasks = await take(node, 7); tasks.length > 0; tasks = await take(node, 7))
        claimed.push(...idsOf(tasks));
    };
    await Promise.all(nodes.map(drain));
    expect(claimed).toHaveLength(500);
    expect(new Set(claimed)).toEqual(new Set(ids));
  });

  test('T2: tasks enqueued by many processes while others claim are each claimed once', async () => {
    const fleet = await open();
    const clients = await Promise.all([fleet.connect(), fleet.connect()]);
    const nodes = await Promise.all([fleet.join(), fleet.join()]);
    const claimed: string[] = [];
    const puts = clients.map((client) =>
      Promise.all(numbered(50, client.address).map((envelope) => putOne(client, envelope))),
    );
    await fleet.eventually(async () => {
      for (const node of nodes) claimed.push(...idsOf(await take(node, 3)));
      return claimed.length >= 100;
    }, 'every task to be claimed');
    expect(new Set(claimed)).toEqual(new Set((await Promise.all(puts)).flat()));
    expect(claimed).toHaveLength(100);
  });

  test('T5: tasks of one priority are claimed first in first out', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, numbered(300));
    const order = [...(await take(node, 100)), ...(await take(node, 1)), ...(await take(node))];
    expect(envelopesOf(order)).toEqual(numbered(300));
  });

  test('T5: high before normal before low, also when the backlog of the lower ones is older', async () => {
    const fleet = await open();
    const node = await fleet.join();
    for (const priority of priorities) await put(node, numbered(4, priority), { priority });
    const order = [...(await take(node, 3)), ...(await take(node, 3)), ...(await take(node))];
    expect(envelopesOf(order)).toEqual([...numbered(4, 'high'), ...numbered(4, 'normal'), ...numbered(4, 'low')]);
    await put(node, ['late low'], { priority: 'low' });
    await put(node, ['late high'], { priority: 'high' });
    expect(envelopesOf(await take(node))).toEqual(['late high', 'late low']);
  });

  test('T5: a claim takes no more than it asks for, over all priorities together', async () => {
    const fleet = await open();
    const node = await fleet.join();
    for (const priority of priorities) await put(node, numbered(2), { priority });
    expect(await take(node, 3)).toHaveLength(3);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 3, claimed: 3 });
  });

  test('T5: released tasks come before all others of their priority, in their old order', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, numbered(4));
    const [t0, t1, t2] = await take(node, 3);
    if (!t0 || !t1 || !t2) return expect.fail('three tasks wait');
    await put(node, ['high'], { priority: 'high' });
    await settle(node, [t2], release);
    await settle(node, [t0, t1], release);
    expect(envelopesOf(await take(node))).toEqual(['high', 't0', 't1', 't2', 't3']);
  });

  test('everyone is told of a release, but not of one that is parked before it waits', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, numbered(2));
    const [parked, released] = await take(node);
    if (!parked || !released) return expect.fail('two tasks wait');
    const heard = await listen(node);
    await settleOne(node, parked, { kind: 'release', delayMs: 60_000 });
    await node.control.pause(queue);
    await settleOne(node, released, release);
    await fleet.eventually(() => heard.length >= 2, 'the release to be told');
    expect(heard).toEqual([
      { kind: 'paused', queue },
      { kind: 'released', queue },
    ]);
  });

  test('T6: a release charges no attempt and marks nothing as redelivered', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    const id = await putOne(a);
    for (const node of [a, b, b, a]) {
      const task = await takeOne(node);
      expect(task).toMatchObject({ attempt: 1, redelivered: false, receipt: { taskId: id } });
      expect(await settleOne(node, task, release)).toBe('settled');
      expect(await node.queues.state(id)).toBe('waiting');
    }
  });

  test('queues do not see each other', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, ['mine']);
    await put(node, ['other'], { queue: 'other' });
    expect(envelopesOf(await take(node, 10, 'other'))).toEqual(['other']);
    expect(await take(node, 10, 'nothing-here')).toEqual([]);
    expect(envelopesOf(await take(node))).toEqual(['mine']);
  });

  test('an enqueue past the limit is refused as queue-full: waiting, parked and claimed tasks count', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, ['claimed', 'waiting']);
    const claimed = await takeOne(node);
    await put(node, ['parked'], { delayMs: 600_000 });
    const limited = { maxWaiting: 4 };
    const replies = await node.tasks.enqueue(frame(queue, [op('fits', limited), op('too many', limited)]));
    expect(replies).toMatchObject([{ kind: 'enqueued' }, { kind: 'queue-full', tasks: 4 }]);
    await settleOne(node, claimed, complete);
    expect(await node.tasks.enqueue(frame(queue, [op('again', limited)]))).toMatchObject([{ kind: 'enqueued' }]);
    expect(envelopesOf(await take(node))).toEqual(['waiting', 'fits', 'again']);
  });

  test('an envelope comes back as it was sent, whatever is in it', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const strange = ['{"text":"Grüße, \\u0000 \\" \\n 日本語 🤖"}', '', ' ', 'x'.repeat(100_000), '[1,2,{"a":null}]'];
    await put(node, strange);
    expect(envelopesOf(await take(node))).toEqual(strange);
  });
});
