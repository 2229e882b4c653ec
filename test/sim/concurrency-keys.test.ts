/**
 * Concurrency keys in a running fleet: one task of a key at a time and in order, whatever happens to the nodes that run them.
 */
import { Agent, defineTask, onTask, pool, RetryableError, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { sleep } from '../../src/core/clock.ts';
import type { SimNode } from './world.ts';
import { World } from './world.ts';

const Step = z.object({ repo: z.string(), step: z.number(), failures: z.number().default(0) });
const byContract = defineTask('build', {
  role: 'work',
  input: Step,
  output: z.number(),
  concurrencyKey: (input) => `repo:${input.repo}`,
});

interface Ran {
  readonly repo: string;
  readonly step: number;
  readonly attempt: number;
}

function workers() {
  const ran: Ran[] = [];
  const ended: Ran[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask(byContract) async build(task: Task<typeof Step, ReturnType<typeof z.number>>): Promise<number> {
      const { repo, step, failures } = task.input;
      const one = { repo, step, attempt: task.attempt };
      ran.push(one);
      await sleep(this.clock, 40, task.signal);
      if (task.attempt <= failures) throw new RetryableError('again', { afterMs: 200 });
      ended.push(one);
      return step;
    }
    @onTask('byClass', Step, z.number(), { concurrencyKey: (input) => input.repo })
    async byClass(task: Task<typeof Step, ReturnType<typeof z.number>>): Promise<number> {
      return await this.build(task as never);
    }
  }
  return { ran, ended, WorkAgent, agents: [pool(WorkAgent, { size: 3 })] };
}

const stepsOf = (list: readonly Ran[], repo: string): number[] =>
  list.filter((one) => one.repo === repo).map(({ step }) => step);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, step) => step);

test('tasks of one key run one at a time and in order on many nodes, retries and crashes included; other keys go on', async () => {
  const world = new World({ seed: 3 });
  const { ran, ended, agents } = workers();
  const nodes: SimNode[] = [];
  for (const id of ['n1', 'n2', 'n3']) nodes.push(await world.start(id, agents));
  const { fleet } = await world.connect();
  const repos = ['a', 'b', 'c', 'd'];
  const calls = upTo(12).flatMap((step) =>
    repos.map((repo) => fleet.enqueue(byContract, { repo, step, failures: step === 3 ? 2 : 0 })),
  );
  const handles = await world.until(Promise.all(calls));
  const { claimed, tasks, lines } = world.fleet.queue('work');
  let left = handles.length;
  for (const handle of handles) void handle.result().then(() => left--);
  const twice = new Set<string>();
  const until = async (done: () => boolean, limitMs = 300_000): Promise<void> => {
    for (let passedMs = 0; !done(); passedMs++) {
      if (passedMs > limitMs) throw new Error('expected an end');
      await world.advance(1);
      const keys = [...claimed.keys()].map((id) => lines.keyed.get(id) ?? id);
      for (const key of keys) if (keys.filter((one) => one === key).length > 1) twice.add(key);
    }
  };
  for (const count of [10, 20]) {
    await until(() => ended.length >= count);
    const holders = new Set([...claimed.values()].map(({ holder }) => holder));
    const victim = nodes.find(({ id }) => holders.has(id)) ?? expect.fail('nobody holds a task');
    nodes.splice(nodes.indexOf(victim), 1);
    world.crash(victim);
  }
  await until(() => left === 0);
  for (const repo of repos) expect([...new Set(stepsOf(ended, repo))]).toEqual(upTo(12));
  for (const repo of repos) {
    const starts = stepsOf(ran, repo);
    expect(starts).toEqual(starts.toSorted((x, y) => x - y));
  }
  expect([...twice]).toEqual([]);
  expect([tasks.size, lines.lines.size, lines.keyed.size]).toEqual([0, 0, 0]);
});

test('the key comes from the class, the contract or the options of the call, the last of them first', async () => {
  const world = new World();
  const { ran, WorkAgent, agents } = workers();
  await world.start('n1', agents);
  const { fleet } = await world.connect();
  const input = (step: number) => ({ repo: 'r', step });
  await world.until(Promise.all([0, 1].map((step) => fleet.enqueue(WorkAgent, 'byClass', input(step)))));
  await world.until(fleet.enqueue(byContract, input(2)));
  await world.until(fleet.enqueue({ role: 'work', task: 'build' }, input(3), { concurrencyKey: 'repo:r' }));
  await world.until(fleet.enqueue(byContract, input(4), { concurrencyKey: 'its own' }));
  await world.advance(20);
  expect(stepsOf(ran, 'r')).toEqual([0, 2, 4]);
  await world.advance(60);
  expect(stepsOf(ran, 'r').slice(3)).toEqual([1, 3]);
  for (const concurrencyKey of ['', 'x'.repeat(257)])
    await expect(world.until(fleet.enqueue(byContract, input(5), { concurrencyKey }))).rejects.toThrow(
      'the concurrency key of task "build"',
    );
});

test('a key and a limit hold together: the next one of a key is claimed at once where there is a free place', async () => {
  const world = new World();
  const { ended, agents } = workers();
  const queues = { work: { concurrency: 2 } };
  for (const id of ['n1', 'n2']) await world.start(id, agents, { queues });
  const { fleet } = await world.connect();
  const startedAt = world.clock.monotonic();
  const calls = upTo(10).flatMap((step) => ['a', 'b'].map((repo) => fleet.enqueue(byContract, { repo, step })));
  const handles = await world.until(Promise.all(calls));
  await world.until(Promise.all(handles.map((handle) => handle.result())));
  expect([stepsOf(ended, 'a'), stepsOf(ended, 'b')]).toEqual([upTo(10), upTo(10)]);
  expect(world.clock.monotonic() - startedAt).toBeLessThan(500);
});
