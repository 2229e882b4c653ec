/**
 * Idempotency keys: enqueueing twice under one key makes one task, whoever enqueues and whatever became of the first (T7).
 */
import { expect, test } from 'vitest';
import type { EnqueueReply } from '../../src/broker/tasks.ts';
import { describeBrokers, frame, type Member } from './harness.ts';
import { complete, envelopesOf, op, putOne, queue, settleOne, take, takeOne } from './work.ts';

const keyed = (envelope: string, name: string, ttlMs = 600_000, options: object = {}) =>
  op(envelope, { key: { name, ttlMs }, ...options });

async function put(member: Member, ...ops: ReturnType<typeof op>[]): Promise<readonly EnqueueReply[]> {
  return member.tasks.enqueue(frame(queue, ops, { sender: member.address }));
}

const idOf = (reply: EnqueueReply | undefined): string =>
  reply !== undefined && 'taskId' in reply ? reply.taskId : '';

describeBrokers('task keys', (open) => {
  test('T7: a second enqueue under a key stores nothing and gets the id of the first, from any process', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.connect()];
    const [first] = await put(a, keyed('first', 'k', 600_000, { priority: 'high' }));
    expect(first?.kind).toBe('enqueued');
    expect(await put(b, keyed('second', 'k'))).toEqual([{ kind: 'known', taskId: idOf(first) }]);
    expect(envelopesOf(await take(a))).toEqual(['first']);
  });

  test('T7: of many in one frame each key makes one task, and those without a key are not touched', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const replies = await put(node, op('x'), keyed('a', 'a'), op('y'), keyed('b', 'b'), keyed('a again', 'a'), op('z'));
    expect(replies.map(({ kind }) => kind)).toEqual([
      'enqueued',
      'enqueued',
      'enqueued',
      'enqueued',
      'known',
      'enqueued',
    ]);
    expect(idOf(replies[4])).toBe(idOf(replies[1]));
    expect(envelopesOf(await take(node))).toEqual(['x', 'a', 'y', 'b', 'z']);
  });

  test('T7: a key stands for its task while it is parked and after it was settled', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [parked] = await put(node, keyed('later', 'p', 600_000, { delayMs: 60_000 }));
    expect(await put(node, keyed('again', 'p'))).toEqual([{ kind: 'known', taskId: idOf(parked) }]);
    const [done] = await put(node, keyed('now', 'd'));
    await settleOne(node, await takeOne(node), complete);
    expect(await put(node, keyed('again', 'd'))).toEqual([{ kind: 'known', taskId: idOf(done) }]);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 0, parked: 1, claimed: 0 });
  });

  test('T7: its time to live counts from the first enqueue; afterwards the key is free', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [first] = await put(node, keyed('first', 'k', 120));
    const fresh = await fleet.eventually(async () => {
      const [reply] = await put(node, keyed('second', 'k', 120));
      return reply?.kind === 'enqueued' && idOf(reply);
    }, 'the key to be free');
    expect(fresh).not.toBe(idOf(first));
    expect(envelopesOf(await take(node))).toEqual(['first', 'second']);
  });

  test('T7: keys of two queues have nothing to do with each other, and no time to live means no key', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, keyed('here', 'k'), keyed('free', 'free', 0), keyed('free too', 'free', 0));
    const [there] = await node.tasks.enqueue(frame('elsewhere', [keyed('there', 'k')]));
    expect(there?.kind).toBe('enqueued');
    expect(envelopesOf(await take(node))).toEqual(['here', 'free', 'free too']);
    const [again] = await put(node, keyed('here too', 'k', 0));
    expect(again?.kind).toBe('enqueued');
  });

  test('T7: a full queue refuses a new key, which stays free, and knows an old one', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const limited = (name: string) => keyed(name, name, 600_000, { maxWaiting: 1 });
    const [first] = await put(node, limited('old'));
    expect(await put(node, limited('old'), limited('new'))).toEqual([
      { kind: 'known', taskId: idOf(first) },
      { kind: 'queue-full', tasks: 1 },
    ]);
    await settleOne(node, await takeOne(node), complete);
    expect((await put(node, limited('new')))[0]?.kind).toBe('enqueued');
  });

  test('a frame that is repeated gets the same answers (F1), and what has no key is never known', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const sent = frame(queue, [keyed('one', 'k'), keyed('two', 'k')]);
    const replies = await node.tasks.enqueue(sent);
    expect(replies.map(({ kind }) => kind)).toEqual(['enqueued', 'known']);
    expect(await node.tasks.enqueue(sent)).toEqual(replies);
    expect(await putOne(node)).not.toBe(await putOne(node));
  });
});
