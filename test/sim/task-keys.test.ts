/**
 * Idempotency keys as callers see them: two enqueues, one task, one result for both.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { World } from './world.ts';

const address = { role: 'work', task: 'work' };

function worker() {
  const ran: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work(task: Task): unknown {
      ran.push(task.input);
      return task.input;
    }
  }
  return { ran, WorkAgent };
}

test('two processes that enqueue under one key share one task and its result, also when it has ended', async () => {
  const world = new World();
  const { ran, WorkAgent } = worker();
  await world.start('n1', [pool(WorkAgent)]);
  const [a, b] = [await world.connect(), await world.connect()];
  const first = await world.until(a.fleet.enqueue(address, 'first', { key: 'order-7' }));
  const second = await world.until(b.fleet.enqueue(address, 'second', { key: 'order-7', priority: 'high' }));
  expect(second.id).toBe(first.id);
  expect(await world.until(Promise.all([first.result(), second.result()]))).toEqual(['first', 'first']);
  expect(await world.until(b.fleet.run(address, 'third', { key: 'order-7' }))).toBe('first');
  expect(ran).toEqual(['first']);
});

test('a key is free again when its time to live has passed: the result time, or its own', async () => {
  const world = new World();
  const { ran, WorkAgent } = worker();
  await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const both = (input: string): Promise<unknown> =>
    Promise.all([
      fleet.run(address, `${input} short`, { key: 'short', keyTtl: '10s' }),
      fleet.run(address, `${input} long`, { key: 'long', resultTtl: '1m' }),
    ]);
  await world.until(both('first'));
  await world.advance(20_000);
  await world.until(both('second'));
  await world.advance(50_000);
  await world.until(both('third'));
  expect(ran).toEqual(['first short', 'first long', 'second short', 'third short', 'third long']);
});

test('a key without characters or with too many is refused', async () => {
  const world = new World();
  const { fleet } = await world.connect();
  for (const key of ['', 'x'.repeat(257)])
    await expect(world.until(fleet.enqueue(address, {}, { key }))).rejects.toMatchObject({ code: 'malformed' });
});
