/**
 * Tasks in a fleet that fails: whoever holds one may crash, stall or lose its link, and the task is settled once.
 */
import { Agent, onTask, pool, RetryableError, type Task, TerminalError } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sleep } from '../../src/core/clock.ts';
import { gate, outcomesOf, saidOf, World } from './world.ts';

interface Run {
  readonly agent: string;
  readonly attempt: number;
  readonly redelivered: boolean;
}

/** An agent class whose runs are written down; `work` says what a run does. */
function worker(work: (task: Task, agent: Agent) => unknown = () => 'done') {
  const runs: Run[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { backoff: '1s' })
    async work(task: Task): Promise<unknown> {
      runs.push({ agent: this.id, attempt: task.attempt, redelivered: task.redelivered });
      return work(task, this);
    }
  }
  return { runs, WorkAgent };
}

const address = { role: 'work', task: 'work' };

describe('a task whose node fails', () => {
  test('runs again on another node when its node has crashed, marked, and is settled once', async () => {
    const world = new World();
    const stuck = gate();
    const { runs, WorkAgent } = worker((task) => (task.attempt === 1 ? stuck.passed : 'again'));
    const [first, { fleet }] = [await world.start('n1', [pool(WorkAgent)]), await world.connect()];
    const result = fleet.run(address, {});
    await world.eventually(() => runs.length === 1, 'the first run');
    const second = await world.start('n2', [pool(WorkAgent)]);
    const crashedAt = world.clock.monotonic();
    world.crash(first);
    expect(await world.until(result)).toBe('again');
    expect(world.clock.monotonic() - crashedAt).toBeLessThanOrEqual(7_000);
    expect(runs).toEqual([
      { agent: 'work@n1.1', attempt: 1, redelivered: false },
      { agent: 'work@n2.1', attempt: 2, redelivered: true },
    ]);
    expect([outcomesOf(first), outcomesOf(second)]).toEqual([[], ['complete']]);
    expect(saidOf(second, 'task.recovered')).toHaveLength(1);
    expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 0, claimed: 0, dead: 0 });
  });

  test('is abandoned by a node on a cut link, whose late settle is refused', async () => {
    const world = new World();
    const late = gate<string>();
    const { runs, WorkAgent } = worker((task) => (task.attempt === 1 ? late.passed : 'second'));
    const [first, { fleet }] = [await world.start('n1', [pool(WorkAgent)]), await world.connect()];
    const result = fleet.run(address, {});
    await world.eventually(() => runs.length === 1, 'the first run');
    await world.start('n2', [pool(WorkAgent)]);
    first.broker.cutLink();
    expect(await world.until(result)).toBe('second');
    await world.advance(2_000);
    expect(outcomesOf(first)).toEqual(['abandoned']);
    late.open('first');
    first.broker.restoreLink();
    await world.advance(10_000);
    expect(outcomesOf(first)).toEqual(['abandoned']);
    expect(first.ends).toMatchObject([{ kind: 'fenced' }]);
    expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 0, claimed: 0, dead: 0 });
  });

  test('is settled once when the settle of a stalled node comes after the take-over', async () => {
    const world = new World();
    const { runs, WorkAgent } = worker(async (task, agent) => {
      if (task.attempt === 1) await sleep(agent.clock, 1_000);
      return task.attempt;
    });
    const [first, { fleet }] = [await world.start('n1', [pool(WorkAgent)]), await world.connect()];
    const result = fleet.run(address, {});
    await world.eventually(() => runs.length === 1, 'the first run');
    await world.start('n2', [pool(WorkAgent)]);
    world.pause(first);
    await world.advance(20_000);
    expect(await world.until(result)).toBe(2);
    world.resume(first);
    await world.advance(5_000);
    expect(outcomesOf(first)).not.toContain('complete');
    expect(runs).toHaveLength(2);
  });
});

describe('a task that fails', () => {
  test('is tried again after its backoff, and succeeds', async () => {
    const world = new World();
    const at: number[] = [];
    const { runs, WorkAgent } = worker((task, agent) => {
      at.push(agent.clock.monotonic());
      if (task.attempt < 3) throw new Error('not yet');
      return task.attempt;
    });
    const [node, { fleet }] = [await world.start('n1', [pool(WorkAgent)]), await world.connect()];
    expect(await world.until(fleet.run(address, {}))).toBe(3);
    expect(runs.map(({ attempt, redelivered }) => [attempt, redelivered])).toEqual([
      [1, false],
      [2, true],
      [3, true],
    ]);
    expect(outcomesOf(node)).toEqual(['retry', 'retry', 'complete']);
    for (const [index, start] of at.slice(1).entries()) expect(start - Number(at[index])).toBeGreaterThanOrEqual(1_000);
  });

  test('goes to the dead letters when its retries are used up, and its caller gets a HandlerError', async () => {
    const world = new World();
    const { runs, WorkAgent } = worker(() => Promise.reject(new Error('always')));
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet, broker } = await world.connect();
    const failure = await world.until(fleet.run(address, {}, { retries: 2 }).catch((error: unknown) => error));
    expect(failure).toMatchObject({ name: 'HandlerError', details: { reason: 'retries-exhausted', attempts: 3 } });
    expect((failure as Error).message).toContain('always');
    expect(runs).toHaveLength(3);
    const letters = await world.until(broker.queues.deadLetters('work', { count: 10 }));
    expect(letters).toMatchObject([{ reason: 'retries-exhausted', error: { message: 'always' }, attempts: 3 }]);
  });

  test('with a TerminalError is never tried again', async () => {
    const world = new World();
    const { runs, WorkAgent } = worker(() => Promise.reject(new TerminalError('hopeless')));
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    await expect(world.until(fleet.run(address, {}))).rejects.toMatchObject({ details: { reason: 'terminal' } });
    expect(runs).toHaveLength(1);
  });

  test('with a RetryableError is tried again after the time it names', async () => {
    const world = new World();
    const at: number[] = [];
    const { WorkAgent } = worker((task, agent) => {
      at.push(agent.clock.monotonic());
      if (task.attempt === 1) throw new RetryableError('busy', { afterMs: 42_000 });
      return 'ok';
    });
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    expect(await world.until(fleet.run(address, {}))).toBe('ok');
    const waited = Number(at[1]) - Number(at[0]);
    expect(waited).toBeGreaterThanOrEqual(42_000);
    expect(waited).toBeLessThan(43_000);
  });
});

describe('a task that does not fit', () => {
  const Input = z.object({ size: z.number() });
  class StrictAgent extends Agent {
    static readonly role = 'strict';
    @onTask('measure', Input, z.object({ area: z.number() }))
    measure(task: Task<typeof Input>): { area: number } {
      return { area: task.input.size > 0 ? task.input.size ** 2 : (undefined as unknown as number) };
    }
  }

  test('is refused at the sender when its input is invalid, and nothing is stored', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const call = fleet.enqueue(StrictAgent, 'measure', { size: 'big' } as never);
    await expect(world.until(call)).rejects.toMatchObject({ name: 'DeliveryError', code: 'invalid-payload' });
    expect(await world.until(fleet.queue('strict'))).toMatchObject({ waiting: 0 });
  });

  test('is refused at the receiver when its sender did not check, and is not tried again', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(StrictAgent)]);
    const { fleet } = await world.connect();
    const call = fleet.run({ role: 'strict', task: 'measure' }, { size: 'big' });
    await expect(world.until(call)).rejects.toMatchObject({ details: { reason: 'invalid-payload', attempts: 1 } });
    expect(saidOf(node, 'task.started')).toEqual([]);
  });

  test('is refused when its role has no handler of that name', async () => {
    const world = new World();
    await world.start('n1', [pool(StrictAgent)]);
    const { fleet } = await world.connect();
    const call = fleet.run({ role: 'strict', task: 'weigh' }, {});
    await expect(world.until(call)).rejects.toMatchObject({ details: { reason: 'no-handler' } });
    await expect(world.until(fleet.enqueue(StrictAgent, 'weigh' as never, {} as never))).rejects.toMatchObject({
      code: 'no-handler',
    });
  });

  test('fails as its handler when its result does not fit the schema', async () => {
    const world = new World();
    await world.start('n1', [pool(StrictAgent)]);
    const { fleet } = await world.connect();
    const call = fleet.run(StrictAgent, 'measure', { size: 0 }, { retries: 0 });
    await expect(world.until(call)).rejects.toMatchObject({ details: { reason: 'retries-exhausted' } });
    expect(await world.until(fleet.run(StrictAgent, 'measure', { size: 3 }))).toEqual({ area: 9 });
  });
});
