/**
 * Arguments at the edge of what makes sense: every broker answers them alike, and none of them breaks anything.
 */
import { expect, test } from 'vitest';
import { everyone } from '../../src/broker/notices.ts';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, frame, nodeInfo } from './harness.ts';
import { inbox, listen, own, send } from './post.ts';
import { complete, die, failure, numbered, put, putOne, queue, settle, settleOne, take, takeOne } from './work.ts';

const event = { opId: 'op', topic: 'docs.saved', from: 'docs', data: '{}', sentAt: 1 };

describeBrokers('odd arguments', (open) => {
  test('a count below 1 takes, moves and reads nothing', async () => {
    const fleet = await open();
    const node = await fleet.join('node');
    await put(node, numbered(3));
    await settle(node, await take(node, 2), die);
    await put(node, ['due'], { delayMs: 1 });
    await fleet.pass(20);
    await send(node, 'docs', numbered(3));
    const epoch = await own(node, 'docs');
    await node.events.append(frame('events', [event, event]));
    await node.logs.append([{ agent: 'docs', level: 'info', message: 'x', at: 1_000 }]);
    const held = await take(node, 1);
    for (const count of [0, -1]) {
      expect(await take(node, count)).toEqual([]);
      const recover = { queue, node: 'node', count, leaseMs: 0, gone: [] };
      expect(await node.tasks.recover(recover)).toEqual([]);
      expect(await node.tasks.promote({ queue, node: 'node', count })).toEqual({ moved: 0, nextDueInMs: 0 });
      const wait = { queues: [queue], node: 'node', count, timeoutMs: 20 };
      expect(await fleet.ended(node.tasks.wait(wait))).toEqual([]);
      expect(await node.queues.deadLetters(queue, { count })).toEqual([]);
      expect(await inbox(node, 'docs', epoch, '', count)).toEqual([]);
      expect(await node.events.read({ after: '0', count })).toEqual({ events: [], gap: false });
      expect(await node.logs.read('docs', count)).toEqual([]);
    }
    expect(await settle(node, held, complete)).toEqual(['settled']);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 0, parked: 1, claimed: 0, dead: 2 });
  });

  test('a wait for no queue, and one without time, take nothing', async () => {
    const fleet = await open();
    const node = await fleet.join('node');
    await putOne(node);
    for (const timeoutMs of [0, -5]) {
      expect(await fleet.ended(node.tasks.wait({ queues: [queue], node: 'node', count: 1, timeoutMs }))).toEqual([]);
    }
    expect(await fleet.ended(node.tasks.wait({ queues: [], node: 'node', count: 1, timeoutMs: 20 }))).toEqual([]);
    expect(await take(node)).toHaveLength(1);
  });

  test('an outcome without a time to live is told and not kept', async () => {
    const fleet = await open();
    const node = await fleet.join('node');
    const heard = await listen(node);
    for (const resultTtlMs of [0, -1]) {
      const id = await putOne(node);
      expect(await node.control.cancel({ taskId: id, error: failure, resultTtlMs })).toBe('cancelled');
      const done = await putOne(node);
      expect(await settleOne(node, await takeOne(node), { kind: 'complete', result: '', resultTtlMs }, 'node')).toBe(
        'settled',
      );
      expect(await node.queues.outcomes(queue, [id, done])).toEqual([undefined, undefined]);
      const isTold = (taskId: string) => heard.some((notice) => notice.kind === 'settled' && notice.taskId === taskId);
      await fleet.eventually(() => isTold(id) && isTold(done), 'both ends to be told');
    }
  });

  test('an end that is to be told to everyone is heard by every process', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join('node'), await fleet.connect('other')];
    const heard = [await listen(node), await listen(other)];
    const id = await putOne(node);
    await settleOne(node, await takeOne(node), complete, everyone);
    await fleet.eventually(() => heard.every(({ length }) => length > 0), 'both to hear');
    expect(heard).toMatchObject([[{ kind: 'settled', taskId: id }], [{ kind: 'settled', taskId: id }]]);
  });

  test('ids of another queue, and ids without a queue, name none of its tasks', async () => {
    const fleet = await open();
    const node = await fleet.join('node');
    const [done, dead] = await put(node, numbered(2));
    const [first, second] = await take(node);
    if (!done || !dead || !first || !second) return expect.fail('two tasks wait');
    await settleOne(node, first, complete);
    await settleOne(node, second, die);
    const strange = [done, dead].flatMap((id) => [id.slice(queue.length + 1), `other.${id}`, '']);
    expect(await node.queues.outcomes(queue, strange)).toEqual(strange.map(() => undefined));
    expect(await node.queues.requeue(queue, strange)).toEqual([]);
    const report = { taskId: done.slice(queue.length + 1), body: '1', notify: 'node', ttlMs: 60_000 };
    await node.queues.report(queue, [report]);
    expect(await node.queues.progress(done)).toBeUndefined();
  });

  test('who is not present is told so also when it asks for no agent id', async () => {
    const fleet = await open();
    const stranger = await fleet.connect();
    const lost = { name: 'OwnershipError', code: 'presence-lost' };
    await expect(stranger.presence.activate('stranger', [])).rejects.toMatchObject(lost);
    const node = await fleet.join('node');
    expect(await node.presence.activate('node', [])).toEqual([]);
  });

  test('nodes are listed by the time of their start, then by id', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    for (const [node, startedAt] of [
      ['b', 2],
      ['c', 1],
      ['a', 2],
      ['c', 1],
    ] as const)
      await client.presence.join({ ...nodeInfo(node), startedAt }, 600_000);
    expect((await client.presence.nodes()).map(({ node }) => node)).toEqual(['c', 'a', 'b']);
  });

  test('M5: who reads an inbox that nobody owns marks what it reads for the next grant, and no sooner', async () => {
    const fleet = await open();
    const node = await fleet.join('node');
    await send(node, 'docs', numbered(2));
    for (const _ of [1, 2]) expect(await inbox(node, 'docs', 0, '', 1)).toMatchObject([{ redelivered: false }]);
    const marks = (await inbox(node, 'docs', await own(node, 'docs'))).map(({ redelivered }) => redelivered);
    expect(marks).toEqual([true, false]);
  });

  test('an inbox is read from the start behind text that is no entry id', async () => {
    const fleet = await open();
    const node = await fleet.join('node');
    await send(node, 'docs', numbered(2));
    for (const after of ['zz', '5', '-', '1-x']) expect(await inbox(node, 'docs', 0, after)).toHaveLength(2);
  });

  test('G1: lines are kept by when they were added, not by the time they carry', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    await client.logs.append([{ agent: 'docs', level: 'info', message: 'old', at: 1_000 }]);
    expect(await client.logs.read('docs', limits.logEntries)).toMatchObject([{ message: 'old', at: 1_000 }]);
  });

  test('a lock lease of no time is granted and ends by itself', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    for (const leaseMs of [0, -5]) {
      const request = { name: `for ${leaseMs}`, holder: 'h', address: client.address, leaseMs, wait: false };
      expect(await client.locks.acquire(request)).toMatchObject({ kind: 'granted' });
      const isFree = async () => (await client.locks.inspect(request.name)) === undefined;
      await fleet.eventually(isFree, 'the lease to end');
    }
  });
});
