/**
 * Handlers that go on although they were told to end: they have no effect through the runtime, and no agent is haunted for long.
 */
import { Agent, onMessage, onStop, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, outcomesOf, saidOf, World } from './world.ts';

const address = { role: 'work', task: 'work' };

test('a handler that ignores its timeout is given up after its grace, and every verb that it uses then is refused', async () => {
  const world = new World();
  const go = gate();
  const tried = gate<readonly PromiseSettledResult<unknown>[]>();
  const heard: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { timeout: '3s', grace: '5s', retries: 0 })
    async work(task: Task): Promise<void> {
      await go.passed;
      tried.open(
        await Promise.allSettled([
          this.enqueue({ role: 'work', task: 'other' }, {}),
          this.enqueueMany({ role: 'work', task: 'other' }, [{}]),
          this.run({ role: 'work', task: 'other' }, {}),
          this.send('ear', 'word', 1),
          this.ask('ear', 'word', 1),
          this.broadcast('word', 1),
          this.lock('name', { signal: new AbortController().signal }),
          this.schedules.remove('none'),
          task.progress(1, 2),
        ]),
      );
    }
    @onTask('other') other(): void {
      heard.push('task');
    }
    @onMessage('word') word(): void {
      heard.push('message');
    }
  }
  const node = await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const startedAt = world.clock.monotonic();
  await expect(world.until(fleet.run(address, {}))).rejects.toMatchObject({ details: { attempts: 1 } });
  expect(world.clock.monotonic() - startedAt).toBeGreaterThanOrEqual(8_000);
  expect(world.clock.monotonic() - startedAt).toBeLessThan(8_500);
  expect(saidOf(node, 'handler.given-up')).toMatchObject([{ agent: 'work@n1.1', name: 'work', zombies: 1 }]);
  expect(node.node.cells.map(({ zombies, running }) => [zombies, running])).toEqual([[1, 0]]);
  go.open();
  const results = await world.until(tried.passed);
  const codes = results.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'allowed'));
  expect(codes).toEqual(results.map(() => 'given-up'));
  await world.advance(5_000);
  expect(heard).toEqual([]);
  expect(node.node.cells.map(({ zombies }) => zombies)).toEqual([0]);
});

test('a handler may use the verbs while its grace runs', async () => {
  const world = new World();
  const heard: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { timeout: '3s', grace: '5s', retries: 0 })
    async work(): Promise<string> {
      await sleep(this.clock, 6_000);
      await this.enqueue({ role: 'work', task: 'other' }, {});
      return 'late';
    }
    @onTask('other') other(): void {
      heard.push('task');
    }
  }
  const node = await world.start('n1', [pool(WorkAgent, { size: 2 })]);
  const { fleet } = await world.connect();
  expect(await world.until(fleet.run(address, {}))).toBe('late');
  await world.eventually(() => heard.length === 1, 'the task of the handler that was told to end');
  expect(saidOf(node, 'handler.given-up')).toEqual([]);
});

test('an agent with too many zombies is restarted and goes on, under the same id and without a task lost', async () => {
  const world = new World();
  const instances: object[] = [];
  let stops = 0;
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { timeout: '1s', retries: 0 })
    async work(task: Task): Promise<unknown> {
      if (!instances.includes(this)) instances.push(this);
      if (task.input === 'stuck') await gate().passed;
      return task.input;
    }
    @onStop() end(): void {
      stops++;
    }
  }
  const node = await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const stuck = [1, 2, 3, 4, 5].map(() => world.until(fleet.run(address, 'stuck')).catch(() => 'failed'));
  const good = fleet.run(address, 'good');
  expect(await world.until(Promise.all(stuck))).toEqual(stuck.map(() => 'failed'));
  expect(await world.until(good)).toBe('good');
  expect([instances.length, stops, saidOf(node, 'agent.restarting').length]).toEqual([2, 1, 1]);
  expect(saidOf(node, 'agent.up').map(({ agent }) => agent)).toEqual(['work@n1.1', 'work@n1.1']);
  expect(saidOf(node, 'handler.given-up').map(({ zombies }) => zombies)).toEqual([1, 2, 3, 4, 1]);
  expect(outcomesOf(node).filter((outcome) => outcome === 'complete')).toHaveLength(1);
});

test('a node whose agent is haunted again and again ends', async () => {
  const world = new World();
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { timeout: '1s', grace: 0, retries: 0 })
    work(): Promise<void> {
      return gate().passed;
    }
  }
  const node = await world.start('n1', [pool(WorkAgent, { concurrency: 8 })]);
  const { fleet } = await world.connect();
  await world.until(Promise.all(Array.from({ length: 64 }, (_, n) => fleet.enqueue(address, n))));
  await world.eventually(() => node.ends.length > 0, 'the end of the node');
  expect(node.ends).toMatchObject([{ kind: 'failed' }]);
  expect(saidOf(node, 'agent.restarting')).toHaveLength(5);
});
