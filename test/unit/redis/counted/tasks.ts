/**
 * The calls about tasks and queues that are counted, on queues that have many tasks in every state.
 *
 * A call's own tasks are urgent where it has to be certain which ones it gets.
 */
import { expect } from 'vitest';
import type { ClaimedTask, EnqueueOp, Outcome } from '../../../../src/broker/tasks.ts';
import { frame } from '../../../contract/harness.ts';
import { complete, die, failure, numbered, op, put, release, retry, take } from '../../../contract/work.ts';
import type { Counted } from './count.ts';
import { type Crowd, fresh, leaseMs, limited, many, plain } from './crowd.ts';

const urgent = { priority: 'high' } as const;

async function claimed({ node }: Crowd, ops: number, queue = plain): Promise<readonly ClaimedTask[]> {
  await put(node, numbered(ops), { queue, ...urgent });
  const tasks = await take(node, ops, queue);
  expect(tasks.map(({ receipt }) => receipt.priority)).toEqual(many(ops, () => 'high'));
  return tasks;
}

const enqueueing = (title: string, most: Pick<Counted, 'one' | 'each'>, make: () => EnqueueOp, queue = plain): Counted => ({
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
      const replies = await crowd.node.tasks.settle(frame(queue, settles, { sender: crowd.node.address, leased: true }));
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

/** A call for one task: cancelled, counted, looked for. */
const cancelling = (title: string, one: number, find: (crowd: Crowd) => Promise<string>, reply = 'cancelled'): Counted => ({
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
  const tasks = await claimed(crowd, ops);
  const ends = tasks.map(({ receipt }) => ({ receipt, outcome: die }));
  await crowd.node.tasks.settle(frame(plain, ends, { sender: crowd.node.address }));
  return tasks.map(({ receipt }) => receipt.taskId);
};

export const countedTasks: readonly Counted[] = [
  enqueueing('enqueue', { one: 99, each: 99 }, () => op('one')),
  enqueueing('enqueue, parked', { one: 99, each: 99 }, () => op('one', { delayMs: 3_600_000 })),
  enqueueing('enqueue, with keys', { one: 99, each: 99 }, () => op('one', { key: { name: fresh('k'), ttlMs: 60_000 } })),
  enqueueing('enqueue, limited', { one: 99, each: 99 }, () => op('one'), limited),
  enqueueing('enqueue, in a line', { one: 99, each: 99 }, () => op('one', { concurrencyKey: 'one' }), limited),
  {
    title: 'bring back',
    of: 'bring-back',
    one: 99,
    each: 99,
    async arrange({ node }, ops) {
      const lost = await put(node, numbered(ops), { queue: fresh('lost') });
      const taskIds = lost.map((id) => `${plain}.${id.split('.').slice(1).join('.')}`);
      const back = taskIds.map((taskId) => op('one', { taskId }));
      return async () => (await node.tasks.enqueue(frame(plain, back, { sender: node.address }))).length;
    },
  },
  claiming('claim', { one: 99, each: 99 }, plain),
  claiming('claim, limited and released', { one: 99, each: 99 }, limited),
  settling('settle, complete', { one: 99, each: 99 }, complete),
  settling('settle, retry', { one: 99, each: 99 }, retry()),
  settling('settle, retry later', { one: 99, each: 99 }, retry(3_600_000)),
  settling('settle, dead', { one: 99, each: 99 }, die),
  settling('settle, release', { one: 99, each: 99 }, release),
  settling('settle, limited', { one: 99, each: 99 }, complete, limited),
  {
    title: 'settle, in lines',
    of: 'settle',
    one: 99,
    each: 99,
    async arrange({ node }, ops) {
      const lines = many(ops, () => fresh('c'));
      const behind = lines.flatMap((concurrencyKey) => [concurrencyKey, concurrencyKey]);
      for (const concurrencyKey of behind) await put(node, ['one'], { queue: limited, concurrencyKey, ...urgent });
      const settles = (await take(node, ops, limited)).map(({ receipt }) => ({ receipt, outcome: complete }));
      return async () => {
        const replies = await node.tasks.settle(frame(limited, settles, { sender: node.address }));
        return replies.filter((reply) => reply === 'settled').length;
      };
    },
  },
  {
    title: 'renew',
    of: 'renew',
    one: 99,
    each: 99,
    async arrange(crowd, ops) {
      const receipts = (await claimed(crowd, ops)).map(({ receipt }) => ({ ...receipt, handler: 'begun' as const }));
      const request = { queue: plain, node: crowd.node.address, receipts };
      return async () => (await crowd.node.tasks.renew(request)).filter((reply) => reply === 'kept').length;
    },
  },
  {
    title: 'recover',
    of: 'recover',
    one: 99,
    each: 99,
    async arrange(crowd, ops) {
      await claimed(crowd, ops);
      const request = { queue: plain, node: crowd.node.address, count: ops, leaseMs: 0, gone: ['ghost'] };
      return async () => (await crowd.node.tasks.recover(request)).length;
    },
  },
  {
    title: 'recover, nothing overdue',
    of: 'recover',
    one: 99,
    arrange: ({ node }) =>
      Promise.resolve(async () => {
        const request = { queue: plain, node: node.address, count: 128, leaseMs, gone: [] };
        return (await node.tasks.recover(request)).length === 0 ? 1 : 0;
      }),
  },
  {
    title: 'recover, behind released tasks',
    of: 'recover',
    one: 99,
    spread: [4, 'a page more of each 100 released tasks, at most four'],
    async arrange(crowd) {
      const { node } = crowd;
      await put(node, ['one'], { queue: limited });
      const request = { queue: limited, node: node.address, count: 1, leaseMs: 0, gone: [] };
      return async () => Math.max(1, (await node.tasks.recover(request)).length);
    },
  },
  {
    title: 'promote',
    of: 'promote',
    one: 99,
    each: 99,
    async arrange({ node }, ops) {
      await put(node, numbered(ops), { queue: plain, delayMs: 0.001 });
      return async () => (await node.tasks.promote({ queue: plain, node: node.address, count: ops })).moved;
    },
  },
  cancelling('cancel, waiting', 99, (crowd) => putOne(crowd, { queue: plain })),
  cancelling('cancel, parked', 99, (crowd) => putOne(crowd, { queue: plain, delayMs: 3_600_000 })),
  cancelling('cancel, behind others', 99, (crowd) => putOne(crowd, { queue: limited, concurrencyKey: 'one' })),
  cancelling('cancel, claimed', 99, async (crowd) => (await claimed(crowd, 1))[0]?.receipt.taskId ?? '', 'requested'),
  {
    title: 'requeue',
    of: 'requeue',
    one: 99,
    each: 99,
    async arrange(crowd, ops) {
      const taskIds = await deadLetter(crowd, ops);
      return async () => (await crowd.node.queues.requeue(plain, taskIds)).length;
    },
  },
  reading('counts of a queue', 'queue-stats', 99, ({ node }) => node.queues.stats(plain)),
  reading('counts of a limited queue', 'queue-stats', 99, ({ node }) => node.queues.stats(limited)),
  {
    title: 'state of a task',
    of: 'task-state',
    one: 99,
    async arrange(crowd) {
      const [task] = await claimed(crowd, 1);
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
      return async () => (await crowd.node.queues.outcomes(plain, taskIds)).filter((one) => one !== undefined).length;
    },
  },
  {
    title: 'a page of dead letters',
    of: 'zrevrangebyscore',
    one: 2,
    each: 0,
    async arrange(crowd, ops) {
      await deadLetter(crowd, ops);
      return async () => (await crowd.node.queues.deadLetters(plain, { count: ops })).length;
    },
  },
  {
    title: 'parts of a task',
    of: 'add-parts',
    one: 99,
    each: 99,
    async arrange(crowd, ops) {
      const [{ receipt, attempt } = expect.fail('no task')] = await claimed(crowd, 1);
      const request = { queue: plain, node: crowd.node.address, receipt, attempt, keepMs: 60_000, notify: 'p1' };
      const earlier = numbered(crowd.size);
      await crowd.node.logs.addParts({ ...request, first: 1, bodies: earlier });
      const call = { ...request, first: 1 + earlier.length, bodies: numbered(ops) };
      return async () => ((await crowd.node.logs.addParts(call)) === 'added' ? ops : 0);
    },
  },
  {
    title: 'pause',
    of: 'pause',
    one: 99,
    arrange: ({ node }) => Promise.resolve(async () => ((await node.control.pause(fresh('paused'))) ? 1 : 0)),
  },
  reading('limit', 'limit', 99, ({ node }) => node.control.limit(limited, { concurrency: 100_000 })),
  reading('retire', 'retire', 99, async ({ node }) => {
    await node.tasks.retire('nobody');
    return true;
  }),
];
