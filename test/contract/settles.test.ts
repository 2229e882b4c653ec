/**
 * Settling: a delivery is ended once, by its holder, and everybody else is told that it is too late.
 */
import { expect, test } from 'vitest';
import { describeBrokers, frame } from './harness.ts';
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

const expired = { queue, count: 100, leaseMs: 0, gone: [] };

describeBrokers('settles', (open) => {
  test('T3: a second settle with the same receipt is refused, told so, and changes nothing', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node);
    const task = await takeOne(node);
    expect(await settleOne(node, task, complete)).toBe('settled');
    for (const outcome of [complete, die, retry(), release]) expect(await settleOne(node, task, outcome)).toBe('stale');
    expect(await node.queues.outcomes(queue, [id])).toMatchObject([{ kind: 'completed', result: '"done"' }]);
    expect(await node.queues.stats(queue)).toEqual({
      waiting: 0,
      parked: 0,
      claimed: 0,
      dead: 0,
      deadDropped: 0,
      paused: false,
    });
  });

  test('T3: of two settles of one delivery in the same frame the first counts', async () => {
    const fleet = await open();
    const node = await fleet.join();
    for (const first of [complete, die, retry(), retry(60_000), release]) {
      const id = await putOne(node);
      const task = await takeOne(node);
      const ops = [first, complete].map((outcome) => ({ receipt: task.receipt, outcome }));
      const sent = frame(queue, ops, { sender: node.address });
      expect(await node.tasks.settle(sent)).toEqual(['settled', 'stale']);
      const [outcome] = await node.queues.outcomes(queue, [id]);
      expect(outcome?.kind).toBe(
        { complete: 'completed', dead: 'dead', retry: undefined, release: undefined }[first.kind],
      );
      if ((await node.queues.state(id)) === 'waiting') await settleOne(node, await takeOne(node), complete);
    }
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 0, parked: 1, claimed: 0, dead: 1 });
  });

  test('T3: a settle with a receipt from before a recovery is refused and changes nothing', async () => {
    const fleet = await open();
    const [late, next] = [await fleet.join(), await fleet.join()];
    const id = await putOne(late);
    const old = await takeOne(late);
    const [recovered] = await next.tasks.recover({ ...expired, node: next.address });
    if (recovered === undefined) return expect.fail('the claim is recovered');
    for (const outcome of [complete, die, retry(), release]) expect(await settleOne(late, old, outcome)).toBe('stale');
    expect(await next.queues.state(id)).toBe('claimed');
    expect(await settleOne(next, recovered, complete)).toBe('settled');
    expect(await settleOne(late, old, complete)).toBe('stale');
  });

  test('T3: a node that recovers its own claim has a new receipt, and the old one is stale', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await putOne(node);
    const old = await takeOne(node);
    const [again] = await node.tasks.recover({ ...expired, node: node.address });
    if (again === undefined) return expect.fail('the claim is recovered');
    expect(await settleOne(node, old, complete)).toBe('stale');
    expect(await settleOne(node, again, complete)).toBe('settled');
  });

  test('T3: a settle with a receipt from before a release is refused, for the node that claims it next too', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    const id = await putOne(a);
    const released = await takeOne(a);
    await settleOne(a, released, release);
    expect(await settleOne(a, released, complete)).toBe('stale');
    expect(await a.queues.state(id)).toBe('waiting');
    const current = await takeOne(a);
    expect(await settleOne(a, released, complete)).toBe('stale');
    expect(await settleOne(b, current, complete)).toBe('stale');
    expect(await settleOne(a, current, complete)).toBe('settled');
  });

  test('T3: a settle with a receipt from before a retry is refused', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await putOne(node);
    const first = await takeOne(node);
    await settleOne(node, first, retry());
    expect(await settleOne(node, first, complete)).toBe('stale');
    const second = await takeOne(node);
    expect(await settleOne(node, first, complete)).toBe('stale');
    expect(await settleOne(node, second, complete)).toBe('settled');
  });

  test('T2: a settle by a stranger, or of another entry or delivery, is refused', async () => {
    const fleet = await open();
    const [holder, stranger] = [await fleet.join(), await fleet.join()];
    await put(holder, numbered(2));
    const [task, other] = await take(holder);
    if (!task || !other) return expect.fail('two tasks wait');
    const { receipt } = task;
    const forged = [
      { ...receipt, deliveries: receipt.deliveries + 1 },
      { ...receipt, deliveries: 0 },
      { ...receipt, entry: '1-1' },
    ];
    const ops = forged.map((stale) => ({ receipt: stale, outcome: complete }));
    const sender = holder.address;
    expect(await settleOne(stranger, task, complete)).toBe('stale');
    expect(await holder.tasks.settle(frame(queue, ops, { sender }))).toEqual(['stale', 'stale', 'stale']);
    expect(await holder.queues.stats(queue)).toMatchObject({ claimed: 2 });
    expect(await settle(holder, [task, other], complete)).toEqual(['settled', 'settled']);
  });

  test('T2: a receipt that names another task than its entry is refused and changes nothing', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const before = await putOne(node, 'retried');
    await settleOne(node, await takeOne(node), retry());
    const ids = [before, ...(await put(node, numbered(2))), await putOne(node, 'high', { priority: 'high' })];
    const held = [...(await take(node))].sort((a, b) => ids.indexOf(a.receipt.taskId) - ids.indexOf(b.receipt.taskId));
    const [retried, plain] = held.map(({ receipt }) => receipt);
    if (!retried || !plain) return expect.fail('four tasks wait');
    const named = [
      ...ids,
      `${queue}.n.${retried.entry}`,
      `${queue}.h.${plain.entry}`,
      `n.${plain.entry}`,
      `other.n.1-1`,
      '',
    ];
    const forged = [retried, plain].flatMap((receipt) => [
      ...named.filter((taskId) => taskId !== receipt.taskId).map((taskId) => ({ ...receipt, taskId })),
      { ...receipt, priority: 'high' as const },
    ]);
    expect(await node.tasks.renew({ queue, node: node.address, receipts: forged })).toEqual(forged.map(() => 'stale'));
    for (const outcome of [complete, die, retry(), retry(60_000), release]) {
      const ops = forged.map((receipt) => ({ receipt, outcome }));
      const replies = await node.tasks.settle(frame(queue, ops, { sender: node.address }));
      expect(replies).toEqual(forged.map(() => 'stale'));
    }
    expect(await node.queues.outcomes(queue, ids)).toEqual(ids.map(() => undefined));
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 0, parked: 0, claimed: 4, dead: 0 });
    expect(await settle(node, held, complete)).toEqual(held.map(() => 'settled'));
  });

  test('T3: of nodes that recover and settle in turn exactly one settle counts', async () => {
    const fleet = await open();
    const nodes = await Promise.all([fleet.join(), fleet.join(), fleet.join()]);
    const ids = await put(nodes[0], numbered(20));
    const held = [{ node: nodes[0], tasks: await take(nodes[0]) }];
    for (const node of [nodes[1], nodes[2], nodes[0], nodes[1]])
      held.push({ node, tasks: await node.tasks.recover({ ...expired, node: node.address }) });
    const replies = await Promise.all(held.map(({ node, tasks }) => settle(node, tasks, complete)));
    expect(replies.flat().filter((reply) => reply === 'settled')).toHaveLength(20);
    expect(replies.at(-1)?.every((reply) => reply === 'settled')).toBe(true);
    const outcomes = await nodes[0].queues.outcomes(queue, ids);
    expect(outcomes.every((outcome) => outcome?.attempts === 2)).toBe(true); // only the first loss is charged unasked (T10)
  });

  test('T5: a retried task goes to the back of its priority', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [first, ...rest] = await put(node, numbered(3));
    await settleOne(node, await takeOne(node), retry());
    expect(idsOf(await take(node))).toEqual([...rest, first]);
  });

  test('T6: a retry keeps the id and adds an attempt, also after a release or recovery in between', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node, 'tried');
    const attempts: number[] = [];
    for (let round = 0; round < 4; round++) {
      await settleOne(node, await takeOne(node), release);
      const task = await takeOne(node);
      expect(task).toMatchObject({ envelope: 'tried', redelivered: false, receipt: { taskId: id } });
      attempts.push(task.attempt);
      await settleOne(node, task, retry());
      expect(await node.queues.state(id)).toBe('waiting');
    }
    const before = await takeOne(node);
    const [recovered] = await node.tasks.recover({ ...expired, node: node.address });
    expect([...attempts, before.attempt, recovered?.attempt]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(recovered?.redelivered).toBe(true);
  });

  test('whoever is named hears settled for complete and dead, and for nothing else', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const client = await fleet.connect('client');
    const heard: unknown[] = [];
    await client.notices.listen('client', {
      onNotice: (notice) => void (notice.kind === 'settled' && heard.push(notice)),
      onReset: () => {},
    });
    const ids = await put(client, numbered(2));
    const [t0, t1] = await take(node);
    if (!t0 || !t1) return expect.fail('two tasks wait');
    await settleOne(node, t0, retry(), 'client');
    await settleOne(node, t1, release, 'client');
    for (const outcome of [complete, die]) await settleOne(node, await takeOne(node), outcome, 'client');
    await fleet.eventually(() => heard.length >= 2, 'both ends to be heard');
    expect(heard).toMatchObject([
      { taskId: ids[1], outcome: { kind: 'completed', result: '"done"', attempts: 1 } },
      { taskId: ids[0], outcome: { kind: 'dead', reason: 'attempts', error: { message: 'it broke' }, attempts: 2 } },
    ]);
  });
});
