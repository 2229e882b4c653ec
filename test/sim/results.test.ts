/**
 * Results and progress: how a caller hears what became of its task, also when notices are lost.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import type { Progress } from '../../src/agent/task-handle.ts';
import { sleep } from '../../src/core/clock.ts';
import { gate, outcomesOf, World } from './world.ts';

class WorkAgent extends Agent {
  static readonly role = 'work';
  @onTask('work') async work(task: Task): Promise<unknown> {
    for (let step = 1; step <= 3; step++) {
      await task.progress(step, 3, `step ${step}`);
      await sleep(this.clock, 1_000, task.signal);
    }
    return { echo: task.input };
  }
  @onTask('last') async last(task: Task): Promise<void> {
    await task.progress(1, 1, 'the last step');
  }
  @onTask('echo') async echo(task: Task): Promise<unknown> {
    await sleep(this.clock, 1_000, task.signal);
    return { echo: task.input };
  }
  @onTask('around') async around(task: Task): Promise<unknown> {
    return this.run({ role: 'work', task: String(task.input) }, 9);
  }
  @onTask('outer') async outer(task: Task): Promise<unknown> {
    const inner = await this.enqueue({ role: 'work', task: 'work' }, {}, { delay: '1h' });
    return inner.result({ signal: task.signal });
  }
}

const address = { role: 'work', task: 'work' };

async function collect(steps: AsyncIterable<Progress>, into: Progress[]): Promise<void> {
  for await (const step of steps) into.push(step);
}

describe('a result', () => {
  test('comes by a notice, without a single read', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet, broker } = await world.connect();
    let reads = 0;
    const outcomes = broker.queues.outcomes.bind(broker.queues);
    broker.queues.outcomes = (...args) => {
      reads++;
      return outcomes(...args);
    };
    expect(await world.until(fleet.run(address, 1))).toEqual({ echo: 1 });
    expect(reads).toBe(0);
  });

  test.each([
    { task: 'echo', notified: [undefined, 'client'], title: 'with the answer to its settle' },
    { task: 'work', notified: ['node', 'client'], title: 'by a notice, behind those of the reports of its handler' },
  ])('that a process awaits and makes itself comes $title', async ({ task, notified }) => {
    const world = new World();
    const { broker } = await world.start('n1', [pool(WorkAgent, { size: 2 })]);
    const told: (string | undefined)[] = [];
    const settle = broker.tasks.settle.bind(broker.tasks);
    broker.tasks.settle = (frame) => {
      for (const { notify } of frame.ops) told.push(notify);
      return settle(frame);
    };
    broker.queues.outcomes = () => Promise.reject(new Error('nothing is to be read'));
    const { fleet, member } = await world.connect();
    const startedAt = world.clock.monotonic();
    expect(await world.until(fleet.run({ role: 'work', task: 'around' }, task))).toEqual({ echo: 9 });
    expect(world.clock.monotonic() - startedAt).toBeLessThan(5_000);
    const addresses: Readonly<Record<string, string>> = { node: 'n1', client: member.deps.address };
    expect(told).toEqual(notified.map((who) => who && addresses[who]));
  });

  test('comes also when the notice was lost with the link', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet, broker } = await world.connect();
    const result = fleet.run(address, 2);
    await world.advance(100);
    broker.cutLink();
    await world.advance(20_000);
    broker.restoreLink();
    expect(await world.until(result)).toEqual({ echo: 2 });
  });

  test('comes when the notice was lost and the link never was', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet, member } = await world.connect();
    const result = fleet.run(address, 3);
    await world.advance(100);
    const onNotice = member.tasks.onNotice.bind(member.tasks);
    member.tasks.onNotice = () => {};
    await world.advance(4_000);
    member.tasks.onNotice = onNotice;
    const startedAt = world.clock.monotonic();
    expect(await world.until(result)).toEqual({ echo: 3 });
    expect(world.clock.monotonic() - startedAt).toBeLessThan(5_000);
  });

  test('can be asked for long after the task has ended, as often as one likes', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet, clock } = await world.connect();
    const handle = await world.until(fleet.enqueue(address, 4));
    await world.advance(60_000);
    expect(await world.until(handle.state())).toBe('completed');
    expect(await world.until(handle.result())).toEqual({ echo: 4 });
    expect(await world.until(handle.result({ timeout: '1s' }))).toEqual({ echo: 4 });
    await world.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  test('is given up after a timeout, by a signal and at the end of the process, and the task goes on', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent)]);
    const [{ fleet, clock }, other] = [await world.connect(), await world.connect()];
    const handle = await world.until(fleet.enqueue(address, 5));
    await expect(world.until(handle.result({ timeout: 500 }))).rejects.toMatchObject({ code: 'reply-timeout' });
    const abort = new AbortController();
    const waiting = handle.result({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(world.until(waiting)).rejects.toThrow('enough');
    const left = handle.result().catch((error: unknown) => error);
    await world.until(fleet.close());
    expect(await world.until(left)).toMatchObject({ code: 'closed' });
    expect(await world.until(handle.result().catch((error: unknown) => error))).toMatchObject({ code: 'closed' });
    expect(clock.pending).toBe(0);
    await world.advance(5_000);
    expect(await world.until(other.broker.queues.state(handle.id))).toBe('completed');
  });

  test('that is kept no longer is said to be unknown, and so is the task that never was', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent)]);
    const [{ fleet, clock }, other] = [await world.connect(), await world.connect()];
    const handle = await world.until(fleet.enqueue(address, 6, { resultTtl: '1m', key: 'k', keyTtl: '1h' }));
    await world.advance(120_000);
    const startedAt = world.clock.monotonic();
    const unknown = { name: 'DeliveryError', code: 'unknown-task', details: { taskId: handle.id } };
    await expect(world.until(handle.result())).rejects.toMatchObject(unknown);
    await expect(world.until(collect(handle.progress(), []))).rejects.toMatchObject(unknown);
    const known = await world.until(other.fleet.enqueue(address, 6, { key: 'k' }));
    await expect(world.until(known.result())).rejects.toMatchObject(unknown);
    expect(world.clock.monotonic() - startedAt).toBeLessThan(2_000);
    await world.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  test('whose task was lost with the data of the broker is said to be unknown', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const result = fleet.run(address, 7);
    await world.advance(1_000);
    world.fleet.queues.clear();
    await expect(world.until(result)).rejects.toMatchObject({ code: 'unknown-task' });
  });

  test('is never said to be unknown by who began to wait while the task ran, however short it is kept', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent, { size: 5 })]);
    const { fleet } = await world.connect();
    const ends: unknown[] = [];
    for (const resultTtl of [0, 1_000])
      for (let waitMs = 2_700; waitMs < 3_300; waitMs += 7) {
        const handle = await world.until(fleet.enqueue(address, waitMs, { resultTtl }));
        await world.advance(waitMs);
        const end = handle.result().catch((error: { code?: string }) => error.code);
        const wasOpen = (await world.until(handle.state())) === 'claimed';
        if (wasOpen || resultTtl > 0) expect(await world.until(end)).toEqual({ echo: waitMs });
        else ends.push(await world.until(end));
      }
    expect(new Set(ends)).toEqual(new Set(['unknown-task'])); // those that came too late for a result that is not kept
  });

  test('is given up with the handler that waits for it', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const outer = fleet.run({ role: 'work', task: 'outer' }, {}, { deadline: '5s' });
    await expect(world.until(outer)).rejects.toMatchObject({ details: { reason: 'deadline' } });
    await world.advance(10_000);
    expect(await world.until(fleet.queue('work'))).toMatchObject({ parked: 1, claimed: 0 });
    await world.until(node.node.stop());
    expect(node.clock.pending).toBe(0);
  });
});

describe('progress', () => {
  test('is followed from another process until the task has ended', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const handle = await world.until(fleet.enqueue(address, 6));
    const steps: Progress[] = [];
    await world.until(collect(handle.progress(), steps));
    expect(steps.map(({ done, total, note }) => [done, total, note])).toEqual([
      [1, 3, 'step 1'],
      [2, 3, 'step 2'],
      [3, 3, 'step 3'],
    ]);
    expect(await world.until(handle.result())).toEqual({ echo: 6 });
  });

  test('begins with the last step for who comes later, and costs a handler on a cut link nothing', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const handle = await world.until(fleet.enqueue(address, 7));
    await world.advance(500);
    node.broker.cutLink();
    await world.advance(1_000);
    node.broker.restoreLink();
    await world.advance(700);
    const steps: Progress[] = [];
    await world.until(collect(handle.progress(), steps));
    expect(steps.map(({ done }) => done)).toEqual([3]);
    expect(await world.until(handle.result())).toEqual({ echo: 7 });
  });

  test('is told before the end of the task, however long that takes', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { queues } = node.broker;
    const [report, slow] = [queues.report.bind(queues), gate()];
    queues.report = async (...args) => {
      await slow.passed;
      await report(...args);
    };
    const { fleet } = await world.connect();
    const handle = await world.until(fleet.enqueue({ role: 'work', task: 'last' }, 9));
    const steps: Progress[] = [];
    const following = collect(handle.progress(), steps);
    await world.advance(500);
    expect(outcomesOf(node)).toEqual([]);
    slow.open();
    await world.until(following);
    expect(steps.map(({ note }) => note)).toEqual(['the last step']);
    expect(outcomesOf(node)).toEqual(['complete']);
  });

  test('ends with an error when the process leaves the fleet', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const handle = await world.until(fleet.enqueue(address, 8));
    const following = collect(handle.progress(), []).catch((error: unknown) => error);
    await world.advance(10);
    await world.until(fleet.close());
    expect(await world.until(following)).toMatchObject({ code: 'closed' });
  });
});
