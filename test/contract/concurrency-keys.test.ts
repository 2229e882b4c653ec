/**
 * Concurrency keys: tasks of one key run one at a time and in the order of their enqueueing, while others go on (T8).
 */
import { expect, test } from 'vitest';
import { describeBrokers, frame, type Member } from './harness.ts';
import { complete, die, envelopesOf, idsOf, numbered, op, put, putOne, queue, release, retry } from './work.ts';
import { settle, settleOne, take, takeOne } from './work.ts';

const a = { concurrencyKey: 'a' };
const hour = 3_600_000;
const error = { name: 'CancelledError', code: 'cancelled', message: 'x' };
const cancel = (member: Member, taskId: string) => member.control.cancel({ taskId, error, resultTtlMs: hour });
const end = async (member: Member, outcome = complete): Promise<string> => {
  const task = await takeOne(member);
  await settleOne(member, task, outcome);
  return task.envelope;
};

describeBrokers('concurrency keys', (open) => {
  test('T8: one task of a key is claimed at a time, in the order of enqueueing, while others go on', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join(), await fleet.join()];
    const enqueue = (envelope: string, concurrencyKey?: string) =>
      putOne(node, envelope, concurrencyKey === undefined ? {} : { concurrencyKey });
    for (const [envelope, key] of [['a1', 'a'], ['a2', 'a'], ['b1', 'b'], ['free'], ['a3', 'a'], ['b2', 'b']] as const)
      await enqueue(envelope, key);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 6, claimed: 0 });
    const held = await take(node);
    expect(envelopesOf(held)).toEqual(['a1', 'b1', 'free']);
    expect(await take(other)).toEqual([]);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 3, claimed: 3 });
    await settle(node, held.slice(1), complete);
    expect(envelopesOf(await take(other))).toEqual(['b2']);
    await settle(node, held.slice(0, 1), complete);
    const [second] = await take(other);
    expect(second).toMatchObject({ envelope: 'a2', attempt: 1, redelivered: false });
    if (second) await settleOne(other, second, complete);
    expect(await end(node)).toBe('a3');
    expect(await take(node)).toEqual([]);
  });

  test('T8: the order goes before priority, delay and frames; the next one keeps its own priority', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const ops = [
      op('low', { priority: 'low', ...a }),
      op('high', { priority: 'high', ...a }),
      op('stranger'),
      op('normal', a),
    ];
    await node.tasks.enqueue(frame(queue, ops));
    expect(await end(node)).toBe('stranger');
    expect(await end(node)).toBe('low');
    await put(node, ['another stranger']);
    expect(await end(node)).toBe('high');
    expect([await end(node), await end(node)]).toEqual(['another stranger', 'normal']);
  });

  test('T8: a repeated frame puts nobody into the line a second time', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const sent = frame(queue, [op('one', a), op('two', a)]);
    expect(await node.tasks.enqueue(sent)).toEqual(await node.tasks.enqueue(sent));
    expect([await end(node), await end(node)]).toEqual(['one', 'two']);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 0, claimed: 0 });
  });

  test('T8: keys that begin alike, or hold what separates them, are different keys', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const keys = ['a', 'a:', 'a:1', '1:a', 'ä', 'a\x1f', 'a\x1e\n', ' ', '%', '[', '(', 'A'];
    for (const round of ['first', 'second'])
      for (const concurrencyKey of keys) await put(node, [`${round} ${concurrencyKey}`], { concurrencyKey });
    const held = await take(node);
    expect(envelopesOf(held)).toEqual(keys.map((key) => `first ${key}`));
    await settle(node, held, complete);
    expect(envelopesOf(await take(node))).toEqual(keys.map((key) => `second ${key}`));
  });

  test('T8: a retry and its backoff keep the place, a release too', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, ['first', 'second'], a);
    await end(node, release);
    await end(node, retry());
    expect(await end(node, retry(10))).toBe('first');
    expect(await take(node)).toEqual([]);
    const promote = { queue, node: node.address, count: 10 };
    await fleet.eventually(async () => (await node.tasks.promote(promote)).moved, 'the retry to be due');
    const again = await takeOne(node);
    expect(again).toMatchObject({ envelope: 'first', attempt: 3 });
    expect(await take(node)).toEqual([]);
    await settleOne(node, again, complete);
    expect(await end(node)).toBe('second');
  });

  test('T8: a delayed task keeps its place, also when its delay ends behind another one', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const promote = { queue, node: node.address, count: 10 };
    const [delayed = ''] = await put(node, ['delayed'], { ...a, delayMs: 20 });
    const [behind = ''] = await put(node, ['behind'], a);
    const [late = ''] = await put(node, ['late'], { ...a, delayMs: hour });
    expect(await node.queues.stats(queue)).toMatchObject({ parked: 1, waiting: 2 });
    expect(await take(node)).toEqual([]);
    expect(await node.queues.state(delayed)).toBe('parked');
    await fleet.eventually(async () => (await node.tasks.promote(promote)).moved, 'the delay to be over');
    expect(await end(node)).toBe('delayed');
    expect([await node.queues.state(behind), await node.queues.state(late)]).toEqual(['waiting', 'waiting']);
    expect(await end(node)).toBe('behind');
    expect(await node.queues.state(late)).toBe('parked');
    expect((await node.tasks.promote(promote)).nextDueInMs).toBeGreaterThan(hour - 60_000);
  });

  test('T8: a dead letter lets the next one go, and stands behind all others when it is requeued', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [first = ''] = await put(node, numbered(3), a);
    expect(await end(node, die)).toBe('t0');
    const second = await takeOne(node);
    expect(await node.queues.requeue(queue, [first])).toEqual([first]);
    expect(await node.queues.state(first)).toBe('waiting');
    expect(await take(node)).toEqual([]);
    await settleOne(node, second, complete);
    expect([await end(node), await end(node)]).toEqual(['t2', 't0']);
    await put(node, ['alone'], a);
    expect(await end(node)).toBe('alone');
  });

  test('T8: a dead letter that comes back to an empty line begins at once, with its first attempt', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [id = ''] = await put(node, ['x'], a);
    await end(node, die);
    await node.queues.requeue(queue, [id]);
    await put(node, ['later'], a);
    const task = await takeOne(node);
    expect(task).toMatchObject({ envelope: 'x', attempt: 1 });
    await settleOne(node, task, complete);
    expect(await end(node)).toBe('later');
  });

  test('T8, O2, O3: cancelling works at every place of the line, and lets the next one go', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [claimed = '', behind = '', next = '', last = ''] = await put(node, numbered(4), a);
    const task = await takeOne(node);
    expect(await cancel(node, behind)).toBe('cancelled');
    expect(await node.queues.state(behind)).toBe('dead');
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 2, claimed: 1 });
    expect(await cancel(node, claimed)).toBe('requested');
    expect(await take(node)).toEqual([]);
    expect(await settleOne(node, task, complete)).toBe('cancelled');
    expect(await cancel(node, next)).toBe('cancelled');
    const final = await takeOne(node);
    expect(final.receipt.taskId).toBe(last);
    await settleOne(node, final, retry(hour));
    await put(node, ['after'], a);
    expect(await cancel(node, last)).toBe('cancelled');
    expect(await end(node)).toBe('after');
  });

  test('T8, T4: a take-over keeps the place, also when its task was cancelled meanwhile', async () => {
    const fleet = await open();
    const [node, lost] = [await fleet.join('node'), await fleet.join('lost')];
    const [first = '', second = ''] = await put(node, numbered(3), a);
    await take(lost);
    await node.presence.leave('lost');
    expect(await take(node)).toEqual([]);
    const recover = { queue, node: 'node', count: 10, leaseMs: 600_000, gone: ['lost', 'lost too'] };
    const [task, ...none] = await node.tasks.recover(recover);
    expect([task?.receipt.taskId, none]).toEqual([first, []]);
    expect(await take(node)).toEqual([]);
    const heir = await fleet.join('lost too');
    if (task) await settleOne(node, task, complete);
    expect(idsOf(await take(heir))).toEqual([second]);
    await cancel(node, second);
    await node.presence.leave('lost too');
    expect(await node.tasks.recover(recover)).toEqual([]);
    expect(await node.queues.state(second)).toBe('dead');
    expect(await end(node)).toBe('t2');
  });

  test('T1: those behind count against maxWaiting, and a known key brings nobody into the line', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, numbered(3), a);
    const key = { name: 'once', ttlMs: hour };
    const full = await node.tasks.enqueue(frame(queue, [op('x', { ...a, maxWaiting: 3 })]));
    expect(full).toEqual([{ kind: 'queue-full', tasks: 3 }]);
    const [id = ''] = await put(node, ['keyed'], { ...a, key });
    expect(await node.tasks.enqueue(frame(queue, [op('again', { ...a, key })]))).toEqual([
      { kind: 'known', taskId: id },
    ]);
    const ran = [await end(node), await end(node), await end(node), await end(node)];
    expect(ran).toEqual(['t0', 't1', 't2', 'keyed']);
    expect(await take(node)).toEqual([]);
  });

  test('T8: whoever waits gets the next one with the settle; a pause holds it back', async () => {
    const fleet = await open();
    const [node, waiter] = [await fleet.join(), await fleet.join()];
    await put(node, numbered(3), a);
    const first = await takeOne(node);
    const waiting = waiter.tasks.wait({ queues: [queue], node: waiter.address, count: 1, timeoutMs: 2_000 });
    await settleOne(node, first, complete);
    const [second] = await fleet.ended(waiting);
    expect(second?.envelope).toBe('t1');
    await node.control.pause(queue);
    if (second) await settleOne(waiter, second, complete);
    expect(await take(node)).toEqual([]);
    await node.control.resume(queue);
    expect(await end(node)).toBe('t2');
  });

  test('T8, O5: a limited queue tells that the next one of a key may be claimed', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const heard: string[] = [];
    await node.notices.listen(node.address, { onNotice: ({ kind }) => void heard.push(kind), onReset: () => {} });
    await node.control.limit(queue, { concurrency: 5 });
    const [parked = ''] = await put(node, numbered(2), a);
    await settleOne(node, await takeOne(node), retry(hour));
    await fleet.eventually(() => heard.length === 2, 'the enqueue to be told');
    await cancel(node, parked);
    await fleet.eventually(() => heard.filter((kind) => kind === 'released').length === 2, 'the next one to be told');
    expect(await end(node)).toBe('t1');
  });
});
