/**
 * What callers and operators ask about tasks: results, states, counts and progress.
 */
import { expect, test } from 'vitest';
import type { Notice } from '../../src/broker/notices.ts';
import { partitionsOf } from '../../src/broker/partitions.ts';
import { parseTaskId } from '../../src/broker/task-id.ts';
import { describeBrokers, frame } from './harness.ts';
import {
  complete,
  die,
  failure,
  numbered,
  op,
  put,
  putOne,
  queue,
  release,
  retry,
  settleOne,
  take,
  takeOne,
} from './work.ts';

describeBrokers('queues', (open) => {
  test('R1: a partition is a queue of its own, whose name its tasks bear', async () => {
    const fleet = await open();
    const member = await fleet.join();
    const parts = partitionsOf('audit', 3);
    for (const part of parts) await member.tasks.enqueue(frame(part, [op(part)]));
    for (const part of parts) {
      const { tasks } = await member.tasks.claim({ queue: part, node: member.address, count: 10 });
      expect(tasks.map(({ queue: of, envelope }) => [of, envelope])).toEqual([[part, part]]);
      expect(parseTaskId(tasks[0]?.receipt.taskId ?? '')?.queue).toBe(part);
      expect(await member.queues.state(tasks[0]?.receipt.taskId ?? '')).toBe('claimed');
    }
  });

  test('Q1: results and final failures are readable in the order asked, undefined where there is none', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [done = '', dead = '', waiting = ''] = await put(node, numbered(3));
    await settleOne(node, await takeOne(node), complete);
    await settleOne(node, await takeOne(node), die);
    const asked = [waiting, dead, `${queue}.n.1-1`, done];
    expect(await node.queues.outcomes(queue, asked)).toEqual([
      undefined,
      { kind: 'dead', reason: 'attempts', error: failure, attempts: 1 },
      undefined,
      { kind: 'completed', result: '"done"', attempts: 1 },
    ]);
    expect(await node.queues.outcomes(queue, [])).toEqual([]);
  });

  test('Q1: tasks that are settled in one frame have each their own result', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const ids = await put(node, numbered(3));
    const results = ['"a"', '"b"', '"c"'];
    const tasks = await take(node);
    const ops = results.map((result, index) => {
      const { receipt } = tasks[index] ?? expect.fail('three tasks wait');
      return { receipt, outcome: { kind: 'complete' as const, result, resultTtlMs: 60_000 } };
    });
    await node.tasks.settle(frame(queue, ops, { sender: node.address }));
    const expected = results.map((result) => ({ kind: 'completed', result, attempts: 1 }));
    expect(await node.queues.outcomes(queue, ids)).toEqual(expected);
  });

  test('Q1: a result is gone when its time to live has passed, and the task is unknown then', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const [short = '', long = ''] = await put(node, numbered(2));
    await settleOne(node, await takeOne(node), { kind: 'complete', result: '1', resultTtlMs: 80 });
    await settleOne(node, await takeOne(node), complete);
    await fleet.eventually(async () => (await node.queues.state(short)) === 'unknown', 'the result to expire');
    expect(await node.queues.outcomes(queue, [short, long])).toMatchObject([undefined, { kind: 'completed' }]);
    expect(await node.queues.state(long)).toBe('completed');
  });

  test('state tells where a task is, from enqueue to the end', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node, 'x', { delayMs: 10 });
    const seen = [await node.queues.state(id)];
    const look = async (): Promise<void> => void seen.push(await node.queues.state(id));
    const promote = { queue, node: node.address, count: 1 };
    await fleet.eventually(async () => (await node.tasks.promote(promote)).moved, 'the task to be due');
    await look();
    for (const outcome of [release, retry(), die]) {
      const task = await takeOne(node);
      await look();
      await settleOne(node, task, outcome);
      await look();
    }
    expect(seen).toEqual(['parked', 'waiting', 'claimed', 'waiting', 'claimed', 'waiting', 'claimed', 'dead']);
  });

  test('the state of what was never accepted is unknown', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node);
    for (const stranger of ['', 'nonsense', 'nobody.n.1-1', `${queue}.n.1-1`, id.replace('.n.', '.h.')])
      expect(await node.queues.state(stranger)).toBe('unknown');
  });

  test('stats count tasks by place, over all priorities', async () => {
    const fleet = await open();
    const node = await fleet.join();
    for (const priority of ['high', 'normal', 'low'] as const) await put(node, numbered(3), { priority });
    await put(node, numbered(2), { delayMs: 600_000 });
    const tasks = await take(node, 4);
    const [first, second, third] = tasks;
    if (!first || !second || !third) return expect.fail('four tasks wait');
    await settleOne(node, first, release);
    await settleOne(node, second, retry(600_000));
    await settleOne(node, third, die);
    expect(await node.queues.stats(queue)).toEqual({
      waiting: 6,
      parked: 3,
      claimed: 1,
      dead: 1,
      deadDropped: 0,
      paused: false,
    });
    const none = { waiting: 0, parked: 0, claimed: 0, dead: 0, deadDropped: 0, paused: false };
    expect(await node.queues.stats('never-heard-of')).toEqual(none);
  });

  test('progress: the last report is readable until its time to live has passed', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const taskId = await putOne(node);
    expect(await node.queues.progress(taskId)).toBeUndefined();
    const report = { taskId, notify: 'nobody', ttlMs: 600_000 };
    await node.queues.report(queue, [
      { ...report, body: '1' },
      { ...report, body: '{"at":2}' },
    ]);
    expect(await node.queues.progress(taskId)).toBe('{"at":2}');
    await node.queues.report(queue, [{ ...report, body: '3', ttlMs: 60 }]);
    await fleet.eventually(async () => (await node.queues.progress(taskId)) === undefined, 'the progress to expire');
    expect(await node.queues.progress('nonsense')).toBeUndefined();
    const [kept, unkept] = [report, { ...report, ttlMs: 0 }];
    await node.queues.report(queue, [{ ...kept, body: '4' }]);
    await node.queues.report(queue, [{ ...unkept, body: '5' }]);
    expect(await node.queues.progress(taskId)).toBeUndefined();
  });

  test('progress: whoever is named hears each report, in order', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const client = await fleet.connect('client');
    const heard: Notice[] = [];
    await client.notices.listen('client', { onNotice: (notice) => void heard.push(notice), onReset: () => {} });
    const taskId = await putOne(node);
    const bodies = numbered(5).map((name) => JSON.stringify(name));
    const reports = bodies.map((body) => ({ taskId, body, notify: 'client', ttlMs: 600_000 }));
    await node.queues.report(queue, reports.slice(0, 3));
    await node.queues.report(queue, reports.slice(3));
    await fleet.eventually(() => heard.length >= 5, 'every report to be heard');
    expect(heard).toEqual(bodies.map((body) => ({ kind: 'progress', taskId, body })));
  });
});
