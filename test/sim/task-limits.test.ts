/**
 * What bounds a task: deadline, timeout, delay, priority, and how many run at once.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, outcomesOf, saidOf, World } from './world.ts';

const address = { role: 'work', task: 'work' };

describe('a deadline', () => {
  test('that passed before the task could start keeps it from starting', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const handle = await world.until(fleet.enqueue(address, {}, { deadline: '2s' }));
    await world.advance(3_000);
    const ran: string[] = [];
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') work(task: Task): void {
        ran.push(task.id);
      }
    }
    await world.start('n1', [pool(WorkAgent)]);
    await expect(world.until(handle.result())).rejects.toMatchObject({ details: { reason: 'deadline', attempts: 1 } });
    expect(ran).toEqual([]);
  });

  test('that passes while the task runs aborts it, and it is not tried again', async () => {
    const world = new World();
    const reasons: unknown[] = [];
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') async work(task: Task): Promise<void> {
        await sleep(this.clock, 60_000, task.signal).catch((error: unknown) => {
          reasons.push(error);
          throw error;
        });
      }
    }
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const result = fleet.run(address, {}, { deadline: '5s' });
    await expect(world.until(result)).rejects.toMatchObject({ details: { reason: 'deadline' } });
    expect(reasons).toMatchObject([{ name: 'DeliveryError', code: 'deadline' }]);
  });

  test('travels into what the handler starts', async () => {
    const world = new World();
    const seen: (number | undefined)[] = [];
    class OuterAgent extends Agent {
      static readonly role = 'outer';
      @onTask('outer') async outer(task: Task): Promise<void> {
        seen.push(task.deadline);
        await this.run(address, {});
      }
    }
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') work(task: Task): void {
        seen.push(task.deadline);
      }
    }
    await world.start('n1', [pool(OuterAgent), pool(WorkAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.run({ role: 'outer', task: 'outer' }, {}, { deadline: '1m' }));
    expect(seen[0]).toBeTypeOf('number');
    expect(seen[1]).toBe(seen[0]);
  });
});

describe('a timeout', () => {
  test('aborts the handler and counts as an attempt', async () => {
    const world = new World();
    const attempts: number[] = [];
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work', undefined, undefined, { timeout: '3s', retries: 1, backoff: '1s' })
      async work(task: Task): Promise<string> {
        attempts.push(task.attempt);
        if (task.attempt === 1) await sleep(this.clock, 60_000, task.signal);
        return 'ok';
      }
    }
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    expect(await world.until(fleet.run(address, {}))).toBe('ok');
    expect(attempts).toEqual([1, 2]);
    expect(saidOf(node, 'task.settled')[0]).toMatchObject({ outcome: 'retry', error: { code: 'timeout' } });
  });

  test('ends a handler that ignores its signal a second later', async () => {
    const world = new World();
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work', undefined, undefined, { timeout: '3s', retries: 0 })
      work(): Promise<void> {
        return gate().passed;
      }
    }
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    await expect(world.until(fleet.run(address, {}))).rejects.toMatchObject({ name: 'HandlerError' });
    expect(saidOf(node, 'task.settled')).toMatchObject([{ outcome: 'dead', tookMs: 4_000 }]);
  });
});

describe('order and number', () => {
  function tellingAgent() {
    const ran: unknown[] = [];
    const at: number[] = [];
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') work(task: Task): void {
        ran.push(task.input);
        at.push(this.clock.monotonic());
      }
    }
    return { ran, at, WorkAgent };
  }

  test('a task of high priority overtakes those that wait', async () => {
    const world = new World();
    const { ran, WorkAgent } = tellingAgent();
    const { fleet } = await world.connect();
    const handles = [];
    for (const [input, priority] of [
      ['low', 'low'],
      ['first', 'normal'],
      ['second', 'normal'],
      ['high', 'high'],
    ] as const)
      handles.push(await world.until(fleet.enqueue(address, input, { priority })));
    await world.start('n1', [pool(WorkAgent)]);
    await world.until(Promise.all(handles.map((handle) => handle.result())));
    expect(ran).toEqual(['high', 'first', 'second', 'low']);
  });

  test('a delayed task starts when its time has come, and soon after', async () => {
    const world = new World();
    const { at, WorkAgent } = tellingAgent();
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const sentAt = world.clock.monotonic();
    await world.until(fleet.run(address, {}, { delay: '20s' }));
    expect(Number(at[0]) - sentAt).toBeGreaterThanOrEqual(20_000);
    expect(Number(at[0]) - sentAt).toBeLessThanOrEqual(20_500);
  });

  test('an agent runs as many tasks at once as its concurrency says, a pool as many as it has agents', async () => {
    const world = new World();
    let [running, most] = [0, 0];
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') async work(): Promise<void> {
        most = Math.max(most, ++running);
        await sleep(this.clock, 100);
        running--;
      }
    }
    const { fleet } = await world.connect();
    const all = async (): Promise<void> => {
      await world.until(Promise.all(Array.from({ length: 30 }, () => fleet.run(address, {}))));
    };
    const wide = await world.start('n1', [pool(WorkAgent, { size: 2, concurrency: 3 })]);
    await all();
    expect(most).toBe(6);
    await world.until(wide.node.stop());
    most = 0;
    await world.start('n2', [pool(WorkAgent, { size: 2 })]);
    await all();
    expect(most).toBe(2);
  });

  test('the tasks of a queue are shared among nodes, and each is settled once', async () => {
    const world = new World();
    const ran = new Map<unknown, number>();
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') async work(task: Task): Promise<void> {
        ran.set(task.input, (ran.get(task.input) ?? 0) + 1);
        await sleep(this.clock, 10);
      }
    }
    const nodes = [];
    for (const id of ['n1', 'n2', 'n3']) nodes.push(await world.start(id, [pool(WorkAgent, { size: 3 })]));
    const { fleet } = await world.connect();
    await world.until(Promise.all(Array.from({ length: 300 }, (_, index) => fleet.run(address, index))));
    expect([ran.size, [...ran.values()].every((times) => times === 1)]).toEqual([300, true]);
    const shares = nodes.map((node) => outcomesOf(node).length);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(300);
    expect(Math.min(...shares)).toBeGreaterThan(50);
  });
});
