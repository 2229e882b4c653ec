/**
 * W3: thousands who wait for tasks that the broker has lost are told within seconds, while those whose tasks come back get the results.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { limits } from '../../src/core/limits.ts';
import { World } from './world.ts';

const address = { role: 'audit', task: 'audit' };
const lost = 3_000;
const kept = 200;
/** What a client keeps of its own has to have come back by then (C5), and some looks go round. */
const toldWithinMs = limits.framesKeptMs + 3_000;

class AuditAgent extends Agent {
  static readonly role = 'audit';
  @onTask('audit') audit(task: Task): string {
    return `${String(task.input)} done`;
  }
}

const upTo = (count: number): string[] => Array.from({ length: count }, (_, index) => `task ${index}`);

test('W3: who waits for one of thousands of lost tasks is told within seconds, and nobody whose task comes back', async () => {
  const world = new World();
  const client = await world.connect();
  const endings = async (count: number): Promise<Promise<unknown>[]> => {
    const handles = await world.until(client.fleet.enqueueMany(address, upTo(count)));
    return handles.map((handle) => handle.result().catch((error: unknown) => error));
  };
  const told = await endings(lost);
  await world.advance(limits.framesKeptMs + 1_000);
  const back = await endings(kept);
  const lostAt = world.clock.monotonic();
  world.lose(client);
  await world.start('n1', [pool(AuditAgent)]);
  const errors = await world.until(Promise.all(told));
  expect(world.clock.monotonic() - lostAt).toBeLessThan(toldWithinMs);
  const codes = new Map<unknown, number>();
  for (const { code } of errors as { code: unknown }[]) codes.set(code, (codes.get(code) ?? 0) + 1);
  expect([...codes]).toEqual([['unknown-task', lost]]);
  expect(await world.until(Promise.all(back))).toEqual(upTo(kept).map((name) => `${name} done`));
});

test('W3: without a loss of data a few forgotten tasks are found among thousands that go on, and only those', async () => {
  const world = new World();
  const client = await world.connect();
  const handles = await world.until(client.fleet.enqueueMany(address, upTo(lost)));
  const ends: { readonly name: number; readonly code: unknown }[] = [];
  for (const [name, handle] of handles.entries())
    void handle.result().catch((error: { code?: unknown }) => ends.push({ name, code: error.code }));
  const forgotten = await world.until(client.fleet.enqueueMany({ role: 'other', task: 'x' }, [1, 2, 3]));
  for (const [at, handle] of forgotten.entries())
    void handle.result().catch((error: { code?: unknown }) => ends.push({ name: -1 - at, code: error.code }));
  world.fleet.queues.delete('other');
  await world.eventually(() => ends.length === 3, 'the three to be told');
  expect(new Set(ends.map(({ name }) => name))).toEqual(new Set([-1, -2, -3]));
  expect(ends.map(({ code }) => code)).toEqual(['unknown-task', 'unknown-task', 'unknown-task']);
});
