/**
 * What a handler's own calls met is the handler's failure, not the verdict on its task: it is tried again like any other.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { BrokerError } from '../../src/core/errors.ts';
import { saidOf, World } from './world.ts';

const address = { role: 'work', task: 'work' };

function worker(work: (task: Task, agent: Agent) => unknown) {
  return class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { backoff: '1s', retries: 1 })
    async work(task: Task): Promise<unknown> {
      return work(task, this);
    }
  };
}

test('a task whose handler called something that does not exist is tried again, and says so in the end', async () => {
  const world = new World();
  const node = await world.start('n1', [pool(worker((_task, agent) => agent.enqueue({ role: '', task: 'x' }, {})))]);
  const { fleet } = await world.connect();
  const expected = { details: { reason: 'retries-exhausted', attempts: 2 } };
  await expect(world.until(fleet.run(address, {}))).rejects.toMatchObject(expected);
  expect(saidOf(node, 'task.started')).toHaveLength(2);
});

test('a task whose handler met a broker in trouble is given back uncharged, and not at once', async () => {
  const world = new World();
  let runs = 0;
  const attempts: number[] = [];
  const WorkAgent = worker((task) => {
    attempts.push(task.attempt);
    if (++runs < 4) throw new BrokerError('overloaded', 'the server is out of memory');
    return 'done';
  });
  await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const startedAt = world.clock.monotonic();
  expect(await world.until(fleet.run(address, {}))).toBe('done');
  expect(attempts).toEqual([1, 1, 1, 1]);
  expect(world.clock.monotonic() - startedAt).toBeGreaterThanOrEqual(3_000);
});

test('a task whose handler always meets a broker in trouble is charged in the end, and marked from its second run on', async () => {
  const world = new World();
  const runs: [attempt: number, redelivered: boolean][] = [];
  const WorkAgent = worker((task) => {
    runs.push([task.attempt, task.redelivered]);
    throw new BrokerError('overloaded', 'the server is out of memory');
  });
  await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  await expect(world.until(fleet.run(address, {}))).rejects.toMatchObject({ details: { reason: 'retries-exhausted' } });
  const given = Array.from({ length: 5 }, () => [1, true] as const);
  expect(runs).toEqual([[1, false], ...given, [2, true]]);
});
