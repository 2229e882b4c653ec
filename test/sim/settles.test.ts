/**
 * Settles that travel behind the handlers: the next task does not wait for them, and a stop does.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { outcomesOf, World } from './world.ts';

const work = { role: 'work', task: 'do' };

function workers() {
  const ran: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('do') do({ input }: Task): void {
      ran.push(input);
    }
  }
  return { ran, agents: [pool(WorkAgent)] };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

test('settles do not hold up the next task, and those of one tick travel in one frame', async () => {
  const world = new World();
  const { ran, agents } = workers();
  const node = await world.start('n1', agents);
  const { fleet } = await world.connect();
  const { tasks } = node.broker;
  const frames: number[] = [];
  const real = tasks.settle.bind(tasks);
  tasks.settle = (sent) => {
    frames.push(sent.ops.length);
    return real(sent);
  };
  await world.until(Promise.all(numbers(200).map((number) => fleet.enqueue(work, number))));
  await world.eventually(() => outcomesOf(node).length === 200, 'the settles');
  expect(ran).toEqual(numbers(200));
  expect(frames.reduce((sum, count) => sum + count, 0)).toBe(200);
  expect(frames.length).toBeLessThan(100);
});

test('settles are bounded: with no answer to them the agent stops taking tasks', async () => {
  const world = new World();
  const { ran, agents } = workers();
  const node = await world.start('n1', agents);
  const { fleet } = await world.connect();
  node.broker.tasks.settle = () => new Promise(() => {});
  await world.until(Promise.all(numbers(400).map((number) => fleet.enqueue(work, number))));
  await world.advance(5_000);
  expect(ran).toEqual(numbers(256));
});

test('settles are waited for by a stop, so that what was handled is not handled again elsewhere', async () => {
  const world = new World();
  const { ran, agents } = workers();
  const node = await world.start('n1', agents);
  const { fleet } = await world.connect();
  const { tasks } = node.broker;
  const real = tasks.settle.bind(tasks);
  tasks.settle = async (sent) => {
    await new Promise<void>((resolve) => world.clock.setTimer(500, resolve));
    return real(sent);
  };
  await world.until(Promise.all([1, 2, 3].map((input) => fleet.enqueue(work, input))));
  await world.eventually(() => ran.length === 3, 'the tasks');
  expect(outcomesOf(node)).toEqual([]);
  await world.until(node.node.stop());
  expect(outcomesOf(node)).toEqual(['complete', 'complete', 'complete']);
  expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 0, claimed: 0 });
  await world.start('n2', agents);
  await world.advance(30_000);
  expect(ran).toEqual([1, 2, 3]);
});
