/**
 * The calls about tasks and queues that are counted, on queues that have many tasks in every state.
 *
 * A call's own tasks are urgent where it has to be certain which ones it gets.
 */
import { expect } from 'vitest';
import type { ClaimedTask, EnqueueOp, Outcome } from '../../../../src/broker/tasks.ts';
import { frame } from '../../../contract/harness.ts';
import { complete, die, failure, numbered, op, put, release, retry, settle, take } from '../../../contract/work.ts';
import type { Counted } from './count.ts';
import { type Crowd, fresh, leaseMs, limited, many, plain, released, worn } from './crowd.ts';

const urgent = { priority: 'high' } as const;

/** Puts tasks in and claims those: what an earlier call has left in front of them is claimed on the way. */
async function claimed(
  { node }: Crowd,
  ops: number,
  queue: string,
  make: (at: number) => Partial<EnqueueOp> = () => ({}),
): Promise<readonly ClaimedTask[]> {
  const puts = many(ops, (at) => op('one', { ...urgent, ...make(at) }));
  const replies = await node.tasks.enqueue(frame(queue, puts, { sender: node.address }));
  const ids = new Set(replies.map((reply) => (reply.kind === 'enqueued' ? reply.taskId : expect.fail(reply.kind))));
  const found: ClaimedTask[] = [];
  while (found.length < ops) {
    const tasks = await take(node, ops - found.length, queue);
    if (tasks.length === 0) expect.fail('no task waits');
    found.push(...tasks.filter(({ receipt }) => ids.has(receipt.taskId)));
  }
  return found;
}

const enqueueing = (
  title: string,
  most: Pick<Counted, 'one' | 'each'>,
  make: () => EnqueueOp,
  queue = plain,
): Counted => ({
  title,
  of: 'enqueue',
  ...most,
  arrange: ({ node }, ops) =>
    Promise.resolve(async () => {
      const replies = await node.tasks.enqueue(frame(queue, many(ops, make), { sender: node.address }));
      return replies.filter(({ kind }) => kind === 'enqueued').length;
    }),
});

const settling = (title: string, most: Pick<Counted, 'one' | 'each'>, outcome: Outcome, queue = plain): Counted => ({
  title,
  of: 'settle',
  ...most,
  async arrange(crowd, ops) {
    const settles = (await claimed(crowd, ops, queue)).map(({ receipt }) => ({ receipt, outcome, notify: 'p1' }));
    return async () => {
      const replies = await crowd.node.tasks.settle(
        frame(queue, settles, { sender: crowd.node.address, leased: true }),
      );
      return replies.filter((reply) => reply === 'settled').length;
    };
  },
});

const claiming = (title: string, most: Pick<Counted, 'one' | 'each'>, queue: string): Counted => ({
  title,
  of: 'claim',
  ...most,
  async arrange({ node }, ops) {
    await put(node, numbered(ops), { queue });
    return async () => (await take(node, ops, queue)).length;
  },
});

const renewing = (title: string, most: Pick<Counted, 'one' | 'each'>, queue: string): Counted => ({
  title,
  of: 'renew',
  ...most,
  async arrange(crowd, ops) {
    const receipts = (await claimed(crowd, ops, queue)).map(({ receipt }) => ({
      ...receipt,
      ...(queue === worn && { handler: 'begun' as const }),
    }));
    const request = { queue, node: crowd.node.address, receipts };
    return async () => (await crowd.node.tasks.renew(request)).filter((reply) => reply === 'kept').length;
  },
});

const recoveringNone = (
  title: string,
  most: Pick<Counted, 'one' | 'spread'>,
  { queue, leaseMs: ms }: { readonly queue: string; readonly leaseMs: number },
): Counted => ({
  title,
  of: 'recover',
  ...most,
  arrange: ({ node }) =>
    Promise.resolve(async () => {
      const tasks = await node.tasks.recover({ queue, node: node.address, count: 64, leaseMs: ms, gone: [] });
      return tasks.length === 0 ? 1 : 0;
    }),
});

const cancelling = (
  title: string,
  one: number,
  find: (crowd: Crowd) => Promise<string>,
  reply = 'cancelled',
): Counted => ({
  title,
  of: 'cancel',
  one,
  async arrange(crowd) {
    const taskId = await find(crowd);
    const request = { taskId, error: failure, resultTtlMs: 60_000 };
    return async () => ((await crowd.node.control.cancel(request)) === reply ? 1 : 0);
  },
});

const putOne = async ({ node }: Crowd, options: Partial<EnqueueOp> & { queue: string }): Promise<string> =>
  (await put(node, ['one'], options))[0] ?? expect.fail('no id');

const reading = (title: string, of: string, one: number, read: (crowd: Crowd) => Promise<unknown>): Counted => ({
  title,
  of,
  one,
  arrange: (crowd) => Promise.resolve(async () => ((await read(crowd)) === undefined ? 0 : 1)),
});

const deadLetter = async (crowd: Crowd, ops: number): Promise<string[]> => {
  const tasks = await claimed(crowd, ops, worn);
  const ends = tasks.map(({ receipt }) => ({ receipt, outcome: die }));
  await crowd.node.tasks.settle(frame(worn, ends, { sender: crowd.node.address }));
  return tasks.map(({ receipt }) => receipt.taskId);
};

export const countedTasks: readonly Counted[] = [
  enqueueing('enqueue', { one: 13, each: 1 }, () => op('one')),
  enqueueing('enqueue, parked', { one: 14, each: 2 }, () => op('one', { delayMs: 3_600_000 })),
  enqueueing('enqueue, with keys', { one: 15, each: 3 }, () => op('one', { key: { name: fresh('k'), ttlMs: 60_000 } })),
  enqueueing('enqueue, limited', { one: 22, each: 1 }, () => op('one'), limited),
  enqueueing('enqueue, in a line', { one: 17, each: 4 }, () => op('one', { concurrencyKey: 'one' }), limited),
  {
    title: 'bring back',
    of: 'bring-back',
    one: 16,
    each: 8,
    async arrange({ node }, ops) {
      const lost = await put(node, numbered(ops), { queue: fresh('lost') });
      const taskIds = lost.map((id) => `${worn}.${id.split('.').slice(1).join('.')}`);
      const back = taskIds.map((taskId) => op('one', { taskId }));
      return async () => (await node.tasks.enqueue(frame(worn, back, { sender: node.address }))).length;
    },
  },
  claiming('claim', { one: 9, each: 0 }, plain),
  {
    title: 'claim, limited and released',
    of: 'claim',
    one: 23,
    each: 5,
    async arrange({ node }, ops) {
      await put(node, numbered(ops), { queue: limited });
      await settle(node, await take(node, ops, limited), { kind: 'release', begun: true });
      return async () => (await take(node, ops, limited)).length;
    },
  },
  settling('settle, complete', { one: 15, each: 1.1 }, complete),
  settling('settle, dead', { one: 21, each: 7.1 }, die),
  settling('settle, release', { one: 13, each: 2.1 }, release),
  settling('settle, complete, worn', { one: 18, each: 4.1 }, complete, worn),
  settling('settle, retry', { one: 21, each: 6.1 }, retry(), worn),
  settling('settle, retry later', { one: 18, each: 5.1 }, retry(3_600_000), worn),
  settling('settle, dead, worn', { one: 24, each: 10.1 }, die, worn),
  settling('settle, release, worn', { one: 17, each: 5.1 }, { kind: 'release', begun: true }, worn),
  settling('settle, complete, limited', { one: 26, each: 5.1 }, complete, limited),
  {
    title: 'settle, in lines',
    of: 'settle',
    one: 35,
    each: 13.1,
    async arrange(crowd, ops) {
      const { node } = crowd;
      const lines = many(ops, () => fresh('c'));
      const first = await claimed(crowd, ops, limited, (at) => ({ concurrencyKey: lines[at] ?? '' }));
      const behind = lines.map((concurrencyKey) => op('one', { ...urgent, concurrencyKey }));
      await node.tasks.enqueue(frame(limited, behind, { sender: node.address }));
      const settles = first.map(({ receipt }) => ({ receipt, outcome: complete }));
      return async () => {
        const replies = await node.tasks.settle(frame(limited, settles, { sender: node.address }));
        return replies.filter((reply) => reply === 'settled').length;
      };
    },
  },
  renewing('renew', { one: 6, each: 1.1 }, plain),
  renewing('renew, worn', { one: 10, each: 4.1 }, worn),
  {
    title: 'recover',
    of: 'recover',
    one: 24,
    each: 5,
    async arrange(crowd, ops) {
      await claimed(crowd, ops, worn);
      const request = { queue: worn, node: crowd.node.address, leaseMs: 0, gone: ['ghost'] };
      await crowd.node.tasks.recover({ ...request, count: 100_000 }); // each has lost a holder before
      return async () => (await crowd.node.tasks.recover({ ...request, count: ops })).length;
    },
  },
  recoveringNone('recover, nothing overdue', { one: 7 }, { queue: plain, leaseMs }),
  recoveringNone(
    'recover, nothing but released tasks',
    { one: 11, spread: [4, 'a page more of each hundred released tasks, and at most five pages'] },
    { queue: released, leaseMs: 0 },
  ),
  {
    title: 'promote',
    of: 'promote',
    one: 15,
    each: 6,
    async arrange({ node }, ops) {
      await put(node, numbered(ops), { queue: worn, delayMs: 0.001 });
      return async () => (await node.tasks.promote({ queue: worn, node: node.address, count: ops })).moved;
    },
  },
  cancelling('cancel, waiting', 21, (crowd) => putOne(crowd, { queue: worn })),
  cancelling('cancel, parked', 13, (crowd) => putOne(crowd, { queue: worn, delayMs: 3_600_000 })),
  cancelling('cancel, behind others', 16, (crowd) => putOne(crowd, { queue: limited, concurrencyKey: 'one' })),
  cancelling(
    'cancel, claimed',
    10,
    async (crowd) => (await claimed(crowd, 1, worn))[0]?.receipt.taskId ?? '',
    'requested',
  ),
  {
    title: 'requeue',
    of: 'requeue',
    one: 11,
    each: 6,
    async arrange(crowd, ops) {
      const taskIds = await deadLetter(crowd, ops);
      return async () => (await crowd.node.queues.requeue(worn, taskIds)).length;
    },
  },
  reading('counts of a queue', 'queue-stats', 13, ({ node }) => node.queues.stats(plain)),
  reading('counts of a limited queue', 'queue-stats', 13, ({ node }) => node.queues.stats(limited)),
  {
    title: 'state of a task',
    of: 'task-state',
    one: 7,
    async arrange(crowd) {
      const [task] = await claimed(crowd, 1, worn);
      return async () => ((await crowd.node.queues.state(task?.receipt.taskId ?? '')) === 'claimed' ? 1 : 0);
    },
  },
  {
    title: 'outcomes of tasks',
    of: 'mget',
    one: 1,
    each: 0,
    async arrange(crowd, ops) {
      const taskIds = await deadLetter(crowd, ops);
      return async () => (await crowd.node.queues.outcomes(worn, taskIds)).filter((one) => one !== undefined).length;
    },
  },
  {
    title: 'a page of dead letters',
    of: 'zrevrangebyscore',
    one: 2,
    each: 0,
    async arrange(crowd, ops) {
      await deadLetter(crowd, ops);
      return async () => (await crowd.node.queues.deadLetters(worn, { count: ops })).length;
    },
  },
  {
    title: 'parts of a task',
    of: 'add-parts',
    one: 13,
    each: 1,
    async arrange(crowd, ops) {
      const [{ receipt, attempt } = expect.fail('no task')] = await claimed(crowd, 1, worn);
      const request = { queue: worn, node: crowd.node.address, receipt, attempt, keepMs: 60_000, notify: 'p1' };
      const earlier = numbered(crowd.size);
      await crowd.node.logs.addParts({ ...request, first: 1, bodies: earlier });
      const call = { ...request, first: 1 + earlier.length, bodies: numbered(ops) };
      return async () => ((await crowd.node.logs.addParts(call)) === 'added' ? ops : 0);
    },
  },
  {
    title: 'pause',
    of: 'pause',
    one: 3,
    arrange: ({ node }) => Promise.resolve(async () => ((await node.control.pause(fresh('paused'))) ? 1 : 0)),
  },
  reading('limit', 'limit', 2, ({ node }) => node.control.limit(limited, { concurrency: 100_000 })),
];
