/**
 * The limits of a queue: how many of its tasks are claimed at a time in the whole fleet, and how many start in any window (O5 to O7).
 */
import { expect, test } from 'vitest';
import type { Notice } from '../../src/broker/notices.ts';
import { describeBrokers, type Member, type TestFleet } from './harness.ts';
import {
  complete,
  die,
  envelopesOf,
  failure,
  idsOf,
  numbered,
  put,
  queue,
  release,
  retry,
  settle,
  settleOne,
} from './work.ts';
import { take, takeOne } from './work.ts';

const hour = 3_600_000;
const recovery = (member: Member, gone: string[] = [], count = 10) => ({
  queue,
  node: member.address,
  count,
  gone,
  leaseMs: 600_000,
});
const claim = (member: Member, count = 100) => member.tasks.claim({ queue, node: member.address, count });
const wait = (member: Member, queues = [queue], signal?: AbortSignal) =>
  member.tasks.wait({ queues, node: member.address, count: 1, timeoutMs: 50, ...(signal && { signal }) });

async function heardBy(member: Member): Promise<Notice[]> {
  const heard: Notice[] = [];
  await member.notices.listen(member.address, { onNotice: (notice) => void heard.push(notice), onReset: () => {} });
  return heard;
}

/** Resolves when everything that was told of the queue has been heard: only of one queue the notices have an order. */
async function hushed(fleet: TestFleet, member: Member, heard: Notice[]): Promise<string[]> {
  await member.control.pause(queue);
  await member.control.resume(queue);
  await fleet.eventually(() => heard.some(({ kind }) => kind === 'resumed'), 'the mark to be heard');
  return heard.splice(0).flatMap(({ kind }) => (kind === 'paused' || kind === 'resumed' ? [] : [kind]));
}

describeBrokers('limits of concurrency', (open) => {
  test('O5: no more tasks are claimed in the fleet than the limit, whoever claims and of whatever priority', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await put(a, numbered(4));
    await put(a, ['urgent'], { priority: 'high' });
    expect(await b.control.limit(queue, { concurrency: 3 })).toEqual({ concurrency: 3 });
    const held = await take(a, 2);
    expect(envelopesOf(held)).toEqual(['urgent', 't0']);
    expect(envelopesOf(await take(b))).toEqual(['t1']);
    expect(await claim(a)).toEqual({ tasks: [], limited: {} });
    expect(await a.queues.stats(queue)).toMatchObject({ waiting: 2, claimed: 3, limits: { concurrency: 3 } });
    await settle(a, held, complete);
    expect(envelopesOf(await take(b))).toEqual(['t2', 't3']);
  });

  test.each([
    ['completed', complete],
    ['dead', die],
    ['retried', retry()],
    ['parked', retry(hour)],
    ['released', release],
  ] as const)('O5: a task that was %s gives its place back', async (_, outcome) => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await a.control.limit(queue, { concurrency: 1 });
    await put(a, numbered(2));
    const task = await takeOne(a);
    expect(await take(b)).toEqual([]);
    await settleOne(a, task, outcome);
    expect(await take(b)).toHaveLength(1);
    expect(await take(b)).toEqual([]);
  });

  test('O5: a cancelled task keeps its place until its delivery has ended', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await node.control.limit(queue, { concurrency: 1 });
    await put(node, numbered(2));
    const task = await takeOne(node);
    const error = { name: 'CancelledError', code: 'cancelled', message: 'x' };
    await node.control.cancel({ taskId: task.receipt.taskId, error, resultTtlMs: hour });
    expect(await take(node)).toEqual([]);
    expect(await settleOne(node, task, complete)).toBe('cancelled');
    expect(await take(node)).toHaveLength(1);
  });

  test('O5: a take-over is the same place: it needs none of its own, and leaves none behind', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    await a.control.limit(queue, { concurrency: 2 });
    const ids = await put(a, numbered(3));
    await take(a);
    await b.presence.leave('a');
    expect(await take(b)).toEqual([]);
    const taken = await b.tasks.recover(recovery(b, ['a']));
    expect(idsOf(taken)).toEqual(ids.slice(0, 2));
    expect(await take(b)).toEqual([]);
    await settle(b, taken.slice(0, 1), complete);
    expect(await take(b)).toHaveLength(1);
  });

  test('O5: a lower limit lets what is claimed go on, and hands out nothing until there is room; without one, all is handed out', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, numbered(6));
    const [first, ...others] = await take(node, 3);
    await node.control.limit(queue, { concurrency: 1 });
    await settle(node, others, complete);
    expect(await take(node)).toEqual([]);
    if (first) await settleOne(node, first, complete);
    expect(await take(node)).toHaveLength(1);
    expect(await node.control.limit(queue, { concurrency: null })).toEqual({});
    expect(await claim(node)).toMatchObject({ tasks: { length: 2 } });
    expect(await claim(node)).toEqual({ tasks: [] });
  });

  test('O7: a recovery tells what it puts back for want of room in the rate, and no end that frees nothing', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const heard = await heardBy(b);
    const [cancelled = ''] = await put(a, numbered(3));
    await take(a, 1);
    await a.control.limit(queue, { concurrency: 2 });
    await a.control.cancel({ taskId: cancelled, error: failure, resultTtlMs: 0 });
    await a.presence.leave('a');
    await hushed(fleet, b, heard);
    await b.tasks.recover(recovery(b, ['a']));
    expect(await hushed(fleet, b, heard)).toEqual(['settled']);
    await b.control.limit(queue, { concurrency: null, rate: { max: 1, perMs: hour } });
    const c = await fleet.join('c');
    await take(c);
    await c.presence.leave('c');
    await hushed(fleet, b, heard);
    await b.tasks.recover(recovery(b, ['c']));
    expect(await hushed(fleet, b, heard)).toEqual(['released']);
  });

  test('O7: a recovery that ends a cancelled task tells what goes on behind it', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const heard = await heardBy(b);
    const [cancelled = ''] = await put(a, numbered(2), { concurrencyKey: 'x' });
    await take(a, 1);
    await a.control.limit(queue, { concurrency: 2 });
    await a.control.cancel({ taskId: cancelled, error: failure, resultTtlMs: 0 });
    await a.presence.leave('a');
    await hushed(fleet, b, heard);
    await b.tasks.recover(recovery(b, ['a']));
    expect((await hushed(fleet, b, heard)).toSorted()).toEqual(['released', 'settled']);
  });

  test('O7: a requeued task that stands in line behind another of its key is no news', async () => {
    const fleet = await open();
    const [node, watcher] = [await fleet.join(), await fleet.connect()];
    const heard = await heardBy(watcher);
    const [dead = ''] = await put(node, numbered(2), { concurrencyKey: 'x' });
    await settleOne(node, await takeOne(node), die);
    await node.control.limit(queue, { concurrency: 1 });
    await hushed(fleet, watcher, heard);
    expect(await node.queues.requeue(queue, [dead])).toEqual([dead]);
    expect(await hushed(fleet, watcher, heard)).toEqual([]);
  });

  test('O7: a wait hands out nothing of a limited queue, and serves its other queues', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await node.control.limit(queue, { concurrency: 5 });
    await put(node, ['limited']);
    expect(await fleet.ended(wait(node))).toEqual([]);
    const waiting = node.tasks.wait({ queues: [queue, 'other'], node: node.address, count: 1, timeoutMs: 2_000 });
    await put(node, ['limited too']);
    await put(node, ['open'], { queue: 'other' });
    expect(envelopesOf(await fleet.ended(waiting))).toEqual(['open']);
    expect(envelopesOf(await take(node))).toEqual(['limited', 'limited too']);
  });

  test('O7: everyone is told when a place becomes free for a task that waits, and when a task comes while one is', async () => {
    const fleet = await open();
    const [node, watcher] = [await fleet.join(), await fleet.connect()];
    const heard = await heardBy(watcher);
    const news = () => hushed(fleet, watcher, heard);
    await node.control.limit(queue, { concurrency: 2 });
    expect(await news()).toEqual(['limited']);
    await put(node, numbered(2));
    expect(await news()).toEqual(['released']);
    const [first, second] = await take(node);
    await put(node, ['full']);
    expect(await news()).toEqual([]);
    if (first) await settleOne(node, first, complete);
    expect(await news()).toEqual(['released']);
    await takeOne(node);
    if (second) await settleOne(node, second, complete);
    expect(await news()).toEqual([]);
    await put(node, ['due'], { delayMs: 10 });
    const promote = { queue, node: node.address, count: 10 };
    await fleet.eventually(async () => (await node.tasks.promote(promote)).moved, 'the task to be promoted');
    expect(await news()).toEqual(['released']);
    await settleOne(node, await takeOne(node), die);
    await news();
    const [letter] = await node.queues.deadLetters(queue, { count: 1 });
    await node.queues.requeue(queue, [letter?.taskId ?? '']);
    expect(await news()).toEqual(['released']);
  });

  test('O1: a change names what it changes; repeating it changes nothing and tells nobody', async () => {
    const fleet = await open();
    const node = await fleet.connect();
    const heard = await heardBy(node);
    const rate = { max: 10, perMs: 60_000 };
    expect(await node.control.limit(queue, {})).toEqual({});
    expect(await node.control.limit(queue, { concurrency: 2 })).toEqual({ concurrency: 2 });
    expect(await node.control.limit(queue, { rate })).toEqual({ concurrency: 2, rate });
    expect(await node.control.limit(queue, { concurrency: 2, rate })).toEqual({ concurrency: 2, rate });
    expect(await node.control.limit(queue, { concurrency: null })).toEqual({ rate });
    expect(await node.control.limit(queue, { rate: null })).toEqual({});
    expect(await node.queues.stats(queue)).not.toHaveProperty('limits');
    expect(await hushed(fleet, node, heard)).toEqual(['limited', 'limited', 'limited', 'limited']);
  });
});

describeBrokers('limits of the rate', (open) => {
  test('O6: no more tasks start than the rate, whoever claims; the claim says when there is room again', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await a.control.limit(queue, { rate: { max: 3, perMs: hour } });
    await put(a, numbered(5));
    expect(await take(a, 2)).toHaveLength(2);
    const { tasks, limited } = await claim(b);
    expect(tasks).toHaveLength(1);
    expect(limited?.againInMs).toBeGreaterThan(hour - 30_000);
    expect(limited?.againInMs).toBeLessThanOrEqual(hour);
    await settle(b, tasks, complete);
    expect(await take(b)).toEqual([]);
  });

  test('O6: the window slides: what it holds is room again when it has passed, and not before', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await node.control.limit(queue, { rate: { max: 2, perMs: 400 } });
    await put(node, numbered(5));
    expect(await take(node)).toHaveLength(2);
    await fleet.pass(200);
    expect(await take(node)).toEqual([]);
    const { limited } = await claim(node);
    await fleet.pass(limited?.againInMs ?? 0);
    expect(await take(node)).toHaveLength(2);
    expect(await take(node)).toEqual([]);
  });

  test('O6: a retry counts as a start, and a release gives none back', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await node.control.limit(queue, { rate: { max: 3, perMs: hour } });
    await put(node, numbered(1));
    await settleOne(node, await takeOne(node), release);
    await settleOne(node, await takeOne(node), retry());
    await takeOne(node);
    await put(node, numbered(1));
    expect(await take(node)).toEqual([]);
  });

  test('O6: a take-over counts as a start; without room the task goes to the front, charged, and to the next one who claims', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const [first = '', second = ''] = await put(a, numbered(3));
    const [held] = await take(a, 2);
    await a.control.limit(queue, { rate: { max: 1, perMs: 400 } });
    await b.presence.leave('a');
    const [taken, ...none] = await b.tasks.recover(recovery(b, ['a']));
    expect([taken?.receipt.taskId, taken?.attempt, none]).toEqual([first, 2, []]);
    expect(await b.queues.stats(queue)).toMatchObject({ waiting: 2, claimed: 1 });
    const { limited } = await claim(b);
    await fleet.pass(limited?.againInMs ?? 0);
    expect(await take(b)).toMatchObject([{ receipt: { taskId: second }, attempt: 2, redelivered: true }]);
    if (held) expect(await b.tasks.renew({ queue, node: 'b', receipts: [held.receipt] })).toEqual(['stale']);
  });

  test('O6: a repeated limit forgets no start, and a higher one leaves room for the difference', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const limit = (max: number) => node.control.limit(queue, { rate: { max, perMs: hour } });
    await limit(2);
    await put(node, numbered(9));
    expect(await take(node)).toHaveLength(2);
    await limit(2);
    expect(await take(node)).toEqual([]);
    await limit(3);
    expect(await take(node)).toHaveLength(1);
    await limit(1);
    expect((await claim(node)).limited?.againInMs).toBeGreaterThan(0);
    await node.control.limit(queue, { rate: null });
    expect(await take(node, 2)).toHaveLength(2);
    await limit(1);
    expect(await take(node)).toHaveLength(1);
  });

  test('O4, O5, O6: limits hold together, and a pause goes before them', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await node.control.limit(queue, { concurrency: 2, rate: { max: 3, perMs: hour } });
    await put(node, numbered(9));
    await node.control.pause(queue);
    expect(await take(node)).toEqual([]);
    await node.control.resume(queue);
    const held = await take(node);
    expect(held).toHaveLength(2);
    await settle(node, held, complete);
    expect(await take(node)).toHaveLength(1);
    expect(await take(node)).toEqual([]);
  });
});
