/**
 * Cancelling: a task that is not claimed goes at once, a claimed one ends as cancelled whatever comes of its delivery.
 */
import { expect, test } from 'vitest';
import type { Notice } from '../../src/broker/notices.ts';
import { describeBrokers, frame, type Member, type TestFleet } from './harness.ts';
import {
  complete,
  die,
  idsOf,
  numbered,
  put,
  putOne,
  queue,
  release,
  retry,
  settle,
  settleOne,
  take,
  takeOne,
} from './work.ts';

const error = { name: 'CancelledError', code: 'cancelled', message: 'not "needed"\n any more' };
const cancel = (member: Member, taskId: string, options: { resultTtlMs?: number; message?: string } = {}) => {
  const { resultTtlMs = 600_000, message = error.message } = options;
  return member.control.cancel({ taskId, error: { ...error, message }, resultTtlMs });
};
const cancelled = (attempts: number) => ({ kind: 'dead', reason: 'cancelled', error, attempts });
const nothing = { waiting: 0, parked: 0, claimed: 0, dead: 0, deadDropped: 0 };

async function listen(fleet: TestFleet, member: Member) {
  const heard: Notice[] = [];
  await member.notices.listen(member.address, { onNotice: (notice) => void heard.push(notice), onReset: () => {} });
  const hears = (kind: Notice['kind']) =>
    fleet.eventually(() => heard.find((notice) => notice.kind === kind), `${member.address} to hear ${kind}`);
  return { heard, hears };
}

describeBrokers('cancels', (open) => {
  test('O2: a waiting task is gone at once; its outcome says so and everyone is told', async () => {
    const fleet = await open();
    const [node, client] = [await fleet.join(), await fleet.connect()];
    const { hears } = await listen(fleet, client);
    const [first = '', second = '', third = ''] = await put(node, numbered(3));
    expect(await cancel(client, second)).toBe('cancelled');
    expect(await client.queues.outcomes(queue, [first, second])).toEqual([undefined, cancelled(0)]);
    expect(await client.queues.state(second)).toBe('dead');
    expect(await hears('settled')).toEqual({ kind: 'settled', taskId: second, outcome: cancelled(0) });
    expect(idsOf(await take(node))).toEqual([first, third]);
    expect(await node.queues.deadLetters(queue, { count: 10 })).toEqual([]);
  });

  test('O2: a parked task, a retried one and a released one go at once, with the attempts they had', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [released = '', again = '', waits = ''] = await put(node, numbered(3));
    const [first, second, third] = await take(node);
    if (!first || !second || !third) return expect.fail('three tasks wait');
    await settleOne(node, first, release);
    await settleOne(node, second, retry());
    await settleOne(node, third, retry(60_000));
    const delayed = await putOne(node, 'later', { delayMs: 60_000 });
    const ids = [released, again, waits, delayed];
    for (const id of ids) expect(await cancel(node, id)).toBe('cancelled');
    expect(await node.queues.outcomes(queue, ids)).toEqual([0, 1, 1, 0].map(cancelled));
    expect(await node.queues.stats(queue)).toMatchObject(nothing);
    expect(await take(node)).toEqual([]);
    expect(await node.tasks.promote({ queue, node: node.address, count: 10 })).toEqual({ moved: 0 });
  });

  test('O3: of a claimed task the holder is told, by a notice and by its renewal, and keeps the claim', async () => {
    const fleet = await open();
    const [node, client] = [await fleet.join(), await fleet.connect()];
    const { hears } = await listen(fleet, node);
    const ids = await put(node, numbered(2));
    const tasks = await take(node);
    expect(await cancel(client, ids[1] ?? '')).toBe('requested');
    expect(await hears('cancelled')).toEqual({ kind: 'cancelled', taskId: ids[1], message: error.message });
    const receipts = tasks.map(({ receipt }) => receipt);
    expect(await node.tasks.renew({ queue, node: node.address, receipts })).toEqual(['kept', 'cancelled']);
    expect(await client.queues.state(ids[1] ?? '')).toBe('claimed');
    expect(await client.queues.outcomes(queue, ids)).toEqual([undefined, undefined]);
  });

  test('O3: whatever outcome its holder settles it with, a cancelled task ends as cancelled, once', async () => {
    const fleet = await open();
    const [node, client] = [await fleet.join(), await fleet.connect()];
    const { hears } = await listen(fleet, client);
    for (const outcome of [complete, die, retry(), retry(60_000), release]) {
      const id = await putOne(node);
      const task = await takeOne(node);
      await cancel(client, id);
      expect(await settleOne(node, task, outcome, 'somebody'), outcome.kind).toBe('cancelled');
      expect(await settleOne(node, task, outcome)).toBe('stale');
      expect(await node.queues.outcomes(queue, [id])).toEqual([cancelled(1)]);
    }
    expect(await hears('settled')).toMatchObject({ outcome: cancelled(1) });
    expect(await node.queues.stats(queue)).toMatchObject(nothing);
    expect(await take(node)).toEqual([]);
  });

  test('O3: its neighbours in the frame are settled as they say', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const ids = await put(node, numbered(3));
    const tasks = await take(node);
    await cancel(node, ids[1] ?? '');
    expect(await settle(node, tasks, complete)).toEqual(['settled', 'cancelled', 'settled']);
    const done = { kind: 'completed', result: '"done"', attempts: 1 };
    expect(await node.queues.outcomes(queue, ids)).toEqual([done, cancelled(1), done]);
  });

  test('O3: when the holder is lost, the cancelled task ends instead of being taken over', async () => {
    const fleet = await open();
    const [lost, next] = [await fleet.join(), await fleet.join()];
    const { hears } = await listen(fleet, next);
    const [gone = '', kept = ''] = await put(lost, numbered(2));
    const [task] = await take(lost);
    await cancel(next, gone);
    const recovered = await next.tasks.recover({ queue, node: next.address, count: 10, leaseMs: 0, gone: [] });
    expect(idsOf(recovered)).toEqual([kept]);
    expect(await next.queues.outcomes(queue, [gone])).toEqual([cancelled(1)]);
    expect(await hears('settled')).toMatchObject({ taskId: gone });
    expect(task && (await settleOne(lost, task, complete))).toBe('stale');
    expect(await next.queues.stats(queue)).toMatchObject({ ...nothing, claimed: 1 });
  });

  test('O1: a repeat gets the answer that fits, and the first reason stays', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node);
    const task = await takeOne(node);
    expect(await cancel(node, id)).toBe('requested');
    expect(await cancel(node, id, { message: 'another' })).toBe('requested');
    await settleOne(node, task, complete);
    expect(await cancel(node, id, { message: 'another' })).toBe('cancelled');
    expect(await node.queues.outcomes(queue, [id])).toEqual([cancelled(1)]);
  });

  test('what had ended stays as it was, and what never was is unknown', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const ids = await put(node, numbered(2));
    const [done, dead] = await take(node);
    if (!done || !dead) return expect.fail('two tasks wait');
    await settleOne(node, done, complete);
    await settleOne(node, dead, { ...die, resultTtlMs: 0 } as typeof die);
    for (const id of ids) expect(await cancel(node, id)).toBe('ended');
    expect(await node.queues.state(ids[0] ?? '')).toBe('completed');
    expect(await node.queues.deadLetters(queue, { count: 10 })).toHaveLength(1);
    for (const id of [`${queue}.n.1-1`, 'never.n.1-1', 'no id', '']) expect(await cancel(node, id)).toBe('unknown');
  });

  test('the outcome is readable for its time to live; without one the task is unknown at once', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [short = '', none = ''] = await put(node, numbered(2));
    expect(await cancel(node, short, { resultTtlMs: 80 })).toBe('cancelled');
    expect(await cancel(node, none, { resultTtlMs: 0 })).toBe('cancelled');
    expect(await node.queues.state(none)).toBe('unknown');
    await fleet.eventually(async () => (await node.queues.state(short)) === 'unknown', 'the outcome to expire');
  });

  test('a settle that is repeated after a cancelled one gets the same reply (F1)', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node);
    const { receipt } = await takeOne(node);
    await cancel(node, id);
    const sent = frame(queue, [{ receipt, outcome: complete }], { sender: node.address, leased: true });
    for (const _ of [1, 2]) expect(await node.tasks.settle(sent)).toEqual(['cancelled']);
  });
});
