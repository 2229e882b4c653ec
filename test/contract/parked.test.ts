/**
 * Parked tasks: delayed or retried later, moved to the back of their queue when they are due.
 */
import { expect, test } from 'vitest';
import { describeBrokers, type Member } from './harness.ts';
import { envelopesOf, idsOf, numbered, put, putOne, queue, retry, settleOne, take, takeOne } from './work.ts';

const hourMs = 3_600_000;
const promote = (member: Member, count = 100) => member.tasks.promote({ queue, node: member.address, count });

describeBrokers('parked tasks', (open) => {
  test('T1: a delayed task is parked until it is promoted, then waiting', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node, 'later', { delayMs: 60 });
    expect(await node.queues.state(id)).toBe('parked');
    expect(await take(node)).toEqual([]);
    await fleet.eventually(async () => (await promote(node)).moved === 1, 'the task to be due');
    expect(await node.queues.state(id)).toBe('waiting');
    expect(await takeOne(node)).toMatchObject({ envelope: 'later', attempt: 1, receipt: { taskId: id } });
  });

  test('a task is not promoted before its time, and nextDueInMs says when that is', async () => {
    const fleet = await open();
    const node = await fleet.join();
    expect(await promote(node)).toEqual({ moved: 0 });
    await putOne(node, 'far', { delayMs: hourMs });
    await putOne(node, 'farther', { delayMs: 2 * hourMs });
    const { moved, nextDueInMs = 0 } = await promote(node);
    expect(moved).toBe(0);
    expect(nextDueInMs).toBeGreaterThan(hourMs - 60_000);
    expect(nextDueInMs).toBeLessThanOrEqual(hourMs);
    expect(await take(node)).toEqual([]);
  });

  test('a task is never promoted before nextDueInMs has passed', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await putOne(node, 'soon', { delayMs: 80 });
    const { nextDueInMs = 0 } = await promote(node);
    expect(nextDueInMs).toBeLessThanOrEqual(80);
    await fleet.pass(nextDueInMs);
    await fleet.eventually(async () => (await promote(node)).moved === 1, 'the task to be due');
    expect(await promote(node)).toEqual({ moved: 0 });
  });

  test('T5: due tasks are promoted in the order they fell due, to the back of their queue, a few at a time', async () => {
    const fleet = await open();
    const node = await fleet.join();
    for (const delayMs of [900, 300, 600]) await putOne(node, `due ${delayMs}`, { delayMs }); // far apart: each is counted from its own enqueue
    await putOne(node, 'never', { delayMs: hourMs });
    await fleet.pass(1_000);
    await put(node, ['waits']);
    expect((await promote(node, 2)).moved).toBe(2);
    expect((await promote(node, 2)).moved).toBe(1);
    expect(await promote(node, 2)).toMatchObject({ moved: 0 });
    expect(envelopesOf(await take(node))).toEqual(['waits', 'due 300', 'due 600', 'due 900']);
  });

  test('T6: a task retried later keeps its id, is parked, and comes back with the next attempt', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node, 'again');
    for (const attempt of [1, 2, 3]) {
      const task = await takeOne(node);
      expect(task).toMatchObject({ envelope: 'again', attempt, redelivered: false, receipt: { taskId: id } });
      expect(await settleOne(node, task, retry(20))).toBe('settled');
      expect(await settleOne(node, task, retry(20))).toBe('stale');
      expect(await node.queues.state(id)).toBe('parked');
      await fleet.eventually(async () => (await promote(node)).moved === 1, 'the retry to be due');
    }
  });

  test('a promoted task keeps its priority', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, ['low'], { priority: 'low', delayMs: 10 });
    await put(node, ['high'], { priority: 'high', delayMs: 20 });
    await put(node, ['normal']);
    await fleet.pass(30);
    await promote(node);
    expect(envelopesOf(await take(node))).toEqual(['high', 'normal', 'low']);
  });

  test('T1: many nodes that promote at once move each task once', async () => {
    const fleet = await open();
    const nodes = await Promise.all([fleet.join(), fleet.join(), fleet.join()]);
    const ids = await put(nodes[0], numbered(60), { delayMs: 10 });
    await fleet.pass(20);
    const moved = await Promise.all(nodes.map((node) => promote(node, 30)));
    expect(moved.reduce((sum, reply) => sum + reply.moved, 0)).toBe(60);
    expect(idsOf(await take(nodes[0])).toSorted()).toEqual(ids.toSorted());
    expect(await nodes[0].queues.stats(queue)).toMatchObject({ parked: 0, waiting: 0, claimed: 60 });
  });
});
