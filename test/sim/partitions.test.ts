/**
 * Queues with partitions in a running fleet: every task runs wherever it was put, the tasks of a concurrency key in order, and whoever
 * looks sees one queue.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { partitionOf, partitionsOf } from '../../src/broker/partitions.ts';
import { parseTaskId } from '../../src/broker/task-id.ts';
import { sleep } from '../../src/core/clock.ts';
import { World } from './world.ts';

const work = { role: 'work', task: 'do' };
const inFour = { queues: { work: { partitions: 4 } } };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const partOf = (taskId: string): number => partitionOf(parseTaskId(taskId)?.queue ?? '').index;

function workers(size = 3) {
  const ran: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('do') async do({ input, signal }: Task): Promise<unknown> {
      await sleep(this.clock, 20, signal);
      if (input === 'fail') throw new Error('as asked');
      ran.push(input);
      return input;
    }
  }
  return { ran, agents: [pool(WorkAgent, { size })] };
}

test('tasks are spread over all partitions and all run, also on a node whose configuration names none', async () => {
  const world = new World();
  const { ran, agents } = workers();
  const first = await world.start('n1', agents, inFour);
  await world.start('n2', agents);
  const { fleet } = await world.connect();
  const handles = await world.until(Promise.all(numbers(80).map((n) => fleet.enqueue(work, n))));
  expect(new Set(handles.map(({ id }) => partOf(id)))).toEqual(new Set([0, 1, 2, 3]));
  await world.advance(30);
  world.crash(first);
  const results = await world.until(Promise.all(handles.map((handle) => handle.result())));
  expect(results).toEqual(numbers(80));
  expect(new Set(ran)).toEqual(new Set(numbers(80)));
});

test('the tasks of a concurrency key are in one partition and run in order; an idempotency key meets its task', async () => {
  const world = new World({ seed: 3 });
  const { ran, agents } = workers();
  for (const id of ['n1', 'n2']) await world.start(id, agents, inFour);
  const { fleet } = await world.connect();
  const tasks = numbers(48).map((n) => ({ key: `k${n % 6}`, n }));
  const enqueue = (task: { key: string }) => fleet.enqueue(work, task, { concurrencyKey: task.key });
  const handles = await world.until(Promise.all(tasks.map(enqueue)));
  await world.until(Promise.all(handles.map((handle) => handle.result())));
  for (const key of new Set(tasks.map((task) => task.key))) {
    const mine = (ran as typeof tasks).filter((task) => task.key === key).map(({ n }) => n);
    expect(mine).toEqual(mine.toSorted((a, b) => a - b));
    expect(mine).toHaveLength(8);
  }
  const again = await world.until(Promise.all([1, 2].map(() => fleet.enqueue(work, 'x', { key: 'once' }))));
  expect(new Set(again.map(({ id }) => id)).size).toBe(1);
});

test('whoever looks at a queue, pauses it or puts its dead letters back, reaches all partitions', async () => {
  const world = new World();
  const { agents } = workers();
  await world.start('n1', agents, inFour);
  const { fleet } = await world.connect();
  expect(await world.until(fleet.pause('work'))).toBe(true);
  const handles = await world.until(Promise.all(numbers(24).map(() => fleet.enqueue(work, 'fail', { retries: 0 }))));
  await world.advance(5_000);
  expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 24, claimed: 0, paused: true });
  expect(await world.until(fleet.resume('work'))).toBe(true);
  await world.until(Promise.allSettled(handles.map((handle) => handle.result())));
  expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 0, dead: 24, paused: false });
  const letters = await world.until(fleet.deadLetters('work', { count: 100 }));
  expect(letters.map(({ diedAt }) => diedAt)).toEqual(letters.map(({ diedAt }) => diedAt).toSorted((a, b) => b - a));
  const ids = handles.map(({ id }) => id);
  expect(letters.map(({ taskId }) => taskId).toSorted()).toEqual(ids.toSorted());
  expect((await world.until(fleet.requeue('work', ids))).toSorted()).toEqual(ids.toSorted());
});

test('a queue with partitions is not limited, and a client that was there before hears of them', async () => {
  const world = new World();
  const { agents } = workers();
  const { fleet } = await world.connect();
  const before = await world.until(Promise.all(numbers(20).map((n) => fleet.enqueue(work, n))));
  expect(new Set(before.map(({ id }) => partOf(id)))).toEqual(new Set([0]));
  await world.start('n1', agents, inFour);
  const after = await world.until(Promise.all(numbers(20).map((n) => fleet.enqueue(work, n))));
  expect(new Set(after.map(({ id }) => partOf(id))).size).toBe(4);
  await world.until(Promise.all([...before, ...after].map((handle) => handle.result())));
  await expect(world.until(fleet.limit('work', { concurrency: 1 }))).rejects.toMatchObject({ name: 'ConfigError' });
});

test('of fewer partitions the others are served until they are empty, by every node', async () => {
  const world = new World();
  const { agents } = workers();
  const first = await world.start('n1', workers(0).agents, inFour);
  const { fleet } = await world.connect();
  const handles = await world.until(Promise.all(numbers(40).map((n) => fleet.enqueue(work, n))));
  await world.until(first.node.stop());
  await world.start('n2', agents, { queues: { work: { partitions: 2 } } });
  const results = await world.until(Promise.all(handles.map((handle) => handle.result())));
  expect(results).toEqual(numbers(40));
  const later = await world.until(Promise.all(numbers(20).map((n) => fleet.enqueue(work, n))));
  expect(new Set(later.map(({ id }) => partOf(id)))).toEqual(new Set([0, 1]));
  expect(partitionsOf('work', 2)).toEqual(['work', 'work~1']);
});

test('what the broker has lost of the partitions is written again, and tasks that are brought back run in all of them', async () => {
  const world = new World();
  const { agents } = workers();
  const client = await world.connect();
  const { fleet } = client;
  await world.start('n1', workers(0).agents, inFour);
  const handles = await world.until(Promise.all(numbers(40).map((n) => fleet.enqueue(work, n))));
  world.lose(client);
  await world.start('n2', agents);
  const results = await world.until(Promise.all(handles.map((handle) => handle.result())));
  expect(results).toEqual(numbers(40));
  const { fleet: later } = await world.connect();
  const more = await world.until(Promise.all(numbers(20).map((n) => later.enqueue(work, n))));
  expect(new Set(more.map(({ id }) => partOf(id))).size).toBe(4);
});
