/**
 * Dead letters: kept with their reason, listed, bounded, and put back on request.
 */
import { expect, test } from 'vitest';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, type Member } from './harness.ts';
import {
  complete,
  die,
  failure,
  idsOf,
  numbered,
  put,
  putOne,
  queue,
  settle,
  settleOne,
  take,
  takeOne,
} from './work.ts';

/** Puts tasks in and lets them die, all in one go. */
async function bury(node: Member, envelopes: readonly string[]): Promise<string[]> {
  const ids = await put(node, envelopes);
  await settle(node, await take(node, envelopes.length), die);
  return ids;
}

const letters = (node: Member, page: { count: number; before?: number }) => node.queues.deadLetters(queue, page);

describeBrokers('dead letters', (open) => {
  test('Q2: a dead letter keeps envelope, reason, error and attempts', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [taskId] = await bury(node, ['{"v":1}']);
    const [letter] = await letters(node, { count: 10 });
    const error = failure;
    expect(letter).toMatchObject({ taskId, envelope: '{"v":1}', reason: 'attempts', error, attempts: 1 });
    const { serverTime } = await node.presence.join({ ...(await node.presence.nodes())[0]! }, 600_000);
    expect(letter?.diedAt).toBeLessThanOrEqual(serverTime);
    expect(letter?.diedAt).toBeGreaterThan(serverTime - 60_000);
    expect(await letters(node, { count: 10 })).toHaveLength(1);
  });

  test('dead letters are listed newest first, in pages', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const ids: string[] = [];
    for (const envelope of numbered(7)) {
      ids.push(...(await bury(node, [envelope])));
      await fleet.pass(2);
    }
    const pages: string[][] = [];
    let before: number | undefined;
    do {
      const page = await letters(node, { count: 3, ...(before !== undefined && { before }) });
      pages.push(page.map(({ taskId }) => taskId));
      before = page.at(-1)?.diedAt;
    } while (before !== undefined && pages.length < 10);
    const newestFirst = ids.toReversed();
    expect(pages).toEqual([newestFirst.slice(0, 3), newestFirst.slice(3, 6), newestFirst.slice(6), []]);
  });

  test('Q3: a requeued task keeps its id, starts with attempt 1 and goes to the back', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [id = ''] = await bury(node, ['dead']);
    const [waiting = ''] = await put(node, ['waits']);
    expect(await node.queues.requeue(queue, [id])).toEqual([id]);
    expect(await node.queues.state(id)).toBe('waiting');
    expect(await node.queues.outcomes(queue, [id])).toEqual([undefined]);
    expect(await letters(node, { count: 10 })).toEqual([]);
    const tasks = await take(node);
    expect(idsOf(tasks)).toEqual([waiting, id]);
    expect(tasks[1]).toMatchObject({ envelope: 'dead', attempt: 1, redelivered: false });
    await settle(node, tasks, complete);
    expect(await node.queues.outcomes(queue, [id])).toMatchObject([{ kind: 'completed', attempts: 1 }]);
  });

  test('Q3: requeue answers with the ids that were there, and repeating it changes nothing', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [a = '', b = '', c = ''] = await bury(node, numbered(3));
    const alive = await putOne(node);
    const asked = [a, 'nonsense', alive, c, `${queue}.n.1-1`];
    expect(await node.queues.requeue(queue, asked)).toEqual([a, c]);
    expect(await node.queues.requeue(queue, asked)).toEqual([]);
    expect((await letters(node, { count: 10 })).map(({ taskId }) => taskId)).toEqual([b]);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 3, dead: 1 });
  });

  test('Q3: a requeued task keeps its priority, and wakes a node that waits', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node, 'x', { priority: 'high' });
    await settleOne(node, await takeOne(node), die);
    const waiting = node.tasks.wait({ queues: [queue], node: node.address, count: 1, timeoutMs: 2_000 });
    await node.queues.requeue(queue, [id]);
    expect(await fleet.ended(waiting)).toMatchObject([{ receipt: { taskId: id, priority: 'high' }, attempt: 1 }]);
  });

  test('T3: a receipt from before a task died stays stale when the same node holds it again', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node);
    const before = await takeOne(node);
    await settleOne(node, before, die);
    await node.queues.requeue(queue, [id]);
    const after = await takeOne(node);
    expect(await settleOne(node, before, complete)).toBe('stale');
    expect(await settleOne(node, after, complete)).toBe('settled');
  });

  test('Q2: a dead letter stays when its result has expired', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node);
    await settleOne(node, await takeOne(node), { ...die, resultTtlMs: 50 } as typeof die);
    await fleet.eventually(
      async () => (await node.queues.outcomes(queue, [id]))[0] === undefined,
      'the kept failure to expire',
    );
    expect(await node.queues.state(id)).toBe('dead');
    expect(await node.queues.requeue(queue, [id])).toEqual([id]);
  });

  test(`Q2: newer dead letters push out the oldest past ${limits.deadLetters}, and they are counted`, async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [first = '', second = '', third = ''] = await bury(node, numbered(limits.deadLetters + 2));
    expect(await node.queues.stats(queue)).toMatchObject({ dead: limits.deadLetters, deadDropped: 2 });
    expect(await node.queues.requeue(queue, [first, second, third])).toEqual([third]);
  });
});
