/**
 * What is known of a handler when its holder is lost: who is charged with the loss, and which task is marked (T10, T11).
 */
import { expect, test } from 'vitest';
import type { ClaimedTask, HeldReceipt } from '../../src/broker/tasks.ts';
import { describeBrokers, type Member, type TestFleet } from './harness.ts';
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
  settleOne,
  take,
  takeOne,
} from './work.ts';

const hourMs = 3_600_000;
const begunRelease = { kind: 'release', begun: true } as const;
const putOff = (delayMs: number) => ({ kind: 'release', delayMs }) as const;

const say = (member: Member, handler: 'waits' | 'begun', ...tasks: readonly ClaimedTask[]) => {
  const receipts = tasks.map(({ receipt }): HeldReceipt => ({ ...receipt, handler }));
  return member.tasks.renew({ queue, node: member.address, receipts });
};

/** Ends the presence of a node, and takes over what it held. */
async function lose(holder: Member, next: Member): Promise<readonly ClaimedTask[]> {
  await holder.presence.leave(holder.address);
  return next.tasks.recover({ queue, node: next.address, count: 100, leaseMs: hourMs, gone: [holder.address] });
}

/** The only task that was lost with `holder`. */
async function loseOne(holder: Member, next: Member): Promise<ClaimedTask> {
  const tasks = await lose(holder, next);
  expect(tasks).toHaveLength(1);
  return tasks[0] ?? expect.fail('no task was taken over');
}

const join = (fleet: TestFleet, ...names: string[]): Promise<Member[]> =>
  Promise.all(names.map((name) => fleet.join(name)));

/** Takes over a task twice, each time after its handler has begun. */
async function loseTwice(fleet: TestFleet): Promise<{ node: Member; task: ClaimedTask }> {
  const [a, b, c] = (await join(fleet, 'a', 'b', 'c')) as [Member, Member, Member];
  await putOne(a);
  await takeOne(a);
  const again = await loseOne(a, b);
  await say(b, 'begun', again);
  return { node: c, task: await loseOne(b, c) };
}

describeBrokers('starts', (open) => {
  test('T10: the first holder that is lost counts, though nothing was said of the handler', async () => {
    const fleet = await open();
    const [a, b] = (await join(fleet, 'a', 'b')) as [Member, Member];
    await putOne(a);
    const first = await takeOne(a);
    expect([first.lost, first.returned]).toEqual([undefined, undefined]);
    expect(await loseOne(a, b)).toMatchObject({ attempt: 2, redelivered: true, lost: ['a'] });
  });

  test('T10: what was said of a handler is forgotten with its delivery, also when the task is tried again', async () => {
    const fleet = await open();
    const [a, b] = (await join(fleet, 'a', 'b')) as [Member, Member];
    await put(a, numbered(2));
    for (const outcome of [retry(), putOff(1)]) {
      const task = await takeOne(a);
      await say(a, 'waits', task);
      await settleOne(a, task, outcome);
    }
    const due = async () => (await a.tasks.promote({ queue, node: 'a', count: 1 })).moved === 1;
    await fleet.eventually(due, 'the task to be promoted');
    await take(a);
    expect((await lose(a, b)).map(({ attempt, lost }) => [attempt, lost])).toEqual([
      [3, ['a']],
      [2, ['a']],
    ]);
  });

  test('T10: a task whose handler waits is not charged with its holder, its neighbour whose handler has begun is', async () => {
    const fleet = await open();
    const [a, b] = (await join(fleet, 'a', 'b')) as [Member, Member];
    await put(a, numbered(3));
    const [begun, waits, silent] = await take(a);
    if (!begun || !waits || !silent) return expect.fail('three tasks wait');
    expect(await say(a, 'begun', begun)).toEqual(['kept']);
    expect(await say(a, 'waits', waits)).toEqual(['kept']);
    const [first, second, third] = await lose(a, b);
    expect(first).toMatchObject({ attempt: 2, redelivered: true, lost: ['a'] });
    expect(second).toMatchObject({ attempt: 1, redelivered: false });
    expect(second?.lost).toBeUndefined();
    expect(third).toMatchObject({ attempt: 2, lost: ['a'] });
  });

  test('T10: a handler that waited and has begun is charged, also when the word that it waits comes late', async () => {
    const fleet = await open();
    const [a, b] = (await join(fleet, 'a', 'b')) as [Member, Member];
    await putOne(a);
    const task = await takeOne(a);
    for (const handler of ['waits', 'begun', 'waits'] as const) expect(await say(a, handler, task)).toEqual(['kept']);
    expect(await loseOne(a, b)).toMatchObject({ attempt: 2, lost: ['a'] });
  });

  test('T10: a later loss counts only when the handler was said to have begun', async () => {
    const fleet = await open();
    const [a, b, c, d] = (await join(fleet, 'a', 'b', 'c', 'd')) as [Member, Member, Member, Member];
    await putOne(a);
    await takeOne(a);
    await loseOne(a, b);
    const unsaid = await loseOne(b, c);
    expect(unsaid).toMatchObject({ attempt: 2, redelivered: true, lost: ['a'] });
    await say(c, 'begun', unsaid);
    expect(await loseOne(c, d)).toMatchObject({ attempt: 3, lost: ['a', 'c'] });
  });

  test('T10: what a holder said of an earlier delivery does not count for the next one', async () => {
    const fleet = await open();
    const [a, b, c] = (await join(fleet, 'a', 'b', 'c')) as [Member, Member, Member];
    await putOne(a);
    await takeOne(a);
    const again = await loseOne(a, b);
    await say(b, 'begun', again);
    await settleOne(b, again, release);
    await takeOne(b);
    expect(await loseOne(b, c)).toMatchObject({ attempt: 2, lost: ['a'] });
  });

  test('T10: a stranger says nothing of a handler', async () => {
    const fleet = await open();
    const [a, b] = (await join(fleet, 'a', 'b')) as [Member, Member];
    await putOne(a);
    const task = await takeOne(a);
    expect(await say(b, 'waits', task)).toEqual(['stale']);
    expect(await loseOne(a, b)).toMatchObject({ lost: ['a'] });
  });

  test('T10: the lost holders are kept while the task is tried again, put off, or given back', async () => {
    for (const outcome of [retry(), retry(1), release, putOff(1)]) {
      const fleet = await open();
      const { node, task } = await loseTwice(fleet);
      expect(await settleOne(node, task, outcome)).toBe('settled');
      const next = await fleet.eventually(async () => {
        await node.tasks.promote({ queue, node: node.address, count: 10 });
        return (await take(node))[0];
      }, 'the task to come again');
      expect(next).toMatchObject({ lost: ['a', 'b'], attempt: outcome.kind === 'retry' ? 4 : 3 });
    }
  });

  test('T10: a wait tells the lost holders, too', async () => {
    const fleet = await open();
    const { node, task } = await loseTwice(fleet);
    await settleOne(node, task, retry());
    const found = await node.tasks.wait({ queues: [queue], node: node.address, count: 1, timeoutMs: 1_000 });
    expect(found).toMatchObject([{ lost: ['a', 'b'], attempt: 4 }]);
  });

  test('T10: a requeued dead letter has lost nobody', async () => {
    const fleet = await open();
    const { node, task } = await loseTwice(fleet);
    await settleOne(node, task, die);
    await node.queues.requeue(queue, idsOf([task]));
    const again = await takeOne(node);
    expect([again.attempt, again.lost, again.redelivered]).toEqual([1, undefined, false]);
    expect(await settleOne(node, again, complete)).toBe('settled');
  });

  test('T11: a task released after its handler had begun is marked for good and counted, one that had not begun is not', async () => {
    const fleet = await open();
    const [node] = (await join(fleet, 'a')) as [Member];
    await putOne(node);
    await settleOne(node, await takeOne(node), release);
    const untouched = await takeOne(node);
    expect([untouched.attempt, untouched.redelivered, untouched.returned]).toEqual([1, false, undefined]);
    await settleOne(node, untouched, begunRelease);
    const marked = await takeOne(node);
    expect(marked).toMatchObject({ attempt: 1, redelivered: true, returned: 1 });
    await settleOne(node, marked, release);
    const still = await takeOne(node);
    expect(still).toMatchObject({ attempt: 1, redelivered: true, returned: 1 });
    await settleOne(node, still, begunRelease);
    const twice = await takeOne(node);
    expect(twice).toMatchObject({ attempt: 1, redelivered: true, returned: 2 });
    await settleOne(node, twice, retry());
    expect(await takeOne(node)).toMatchObject({ attempt: 2, redelivered: true, returned: 2 });
  });

  test('T11: a release with a delay parks the task uncharged and says nothing of its handler', async () => {
    const fleet = await open();
    const [node] = (await join(fleet, 'a')) as [Member];
    const id = await putOne(node);
    expect(await settleOne(node, await takeOne(node), putOff(300))).toBe('settled');
    expect([await node.queues.state(id), (await take(node)).length]).toEqual(['parked', 0]);
    const task = await fleet.eventually(async () => {
      await node.tasks.promote({ queue, node: node.address, count: 10 });
      return (await take(node))[0];
    }, 'the task to come again');
    expect([task.attempt, task.redelivered, task.returned]).toEqual([1, false, undefined]);
    expect(await settleOne(node, task, complete)).toBe('settled');
  });
});
