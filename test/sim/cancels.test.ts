/**
 * Cancelling from any process: before a task runs, while it runs, and when its node is lost meanwhile.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, outcomesOf, saidOf, World } from './world.ts';

const address = { role: 'work', task: 'work' };
const rejection = (attempts: number, message = 'not needed') => ({
  name: 'HandlerError',
  details: { reason: 'cancelled', attempts },
  cause: { name: 'CancelledError', code: 'cancelled', message },
});

function worker() {
  const ran: string[] = [];
  const reasons: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { backoff: '1s' }) async work(task: Task): Promise<void> {
      ran.push(task.id);
      await sleep(this.clock, 60_000, task.signal).catch((error: unknown) => {
        reasons.push(error);
        if (task.input === 'returns') return;
        throw error;
      });
    }
  }
  return { ran, reasons, WorkAgent };
}

test('a task that waits and one that is delayed are cancelled by another process, and never run', async () => {
  const world = new World();
  const [sender, other] = [await world.connect(), await world.connect()];
  const waiting = await world.until(sender.fleet.enqueue(address, {}));
  const delayed = await world.until(sender.fleet.enqueue(address, {}, { delay: '1m' }));
  const results = [waiting, delayed].map((handle) => handle.result());
  for (const handle of [waiting, delayed])
    expect(await world.until(other.fleet.cancel(handle.id, 'not needed'))).toBe('cancelled');
  for (const result of results) await expect(world.until(result)).rejects.toMatchObject(rejection(0));
  const { ran, WorkAgent } = worker();
  await world.start('n1', [pool(WorkAgent)]);
  await world.advance(120_000);
  expect(ran).toEqual([]);
  expect(await world.until(waiting.cancel())).toBe('cancelled');
});

for (const input of ['throws', 'returns'])
  test(`a running task whose handler ${input} when its signal aborts ends as cancelled and is not tried again`, async () => {
    const world = new World();
    const { ran, reasons, WorkAgent } = worker();
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const handle = await world.until(fleet.enqueue(address, input));
    await world.eventually(() => ran.length === 1, 'the task to run');
    const result = handle.result();
    const before = world.clock.monotonic();
    expect(await world.until(handle.cancel('not needed'))).toBe('requested');
    await expect(world.until(result)).rejects.toMatchObject(rejection(1));
    expect(world.clock.monotonic() - before).toBeLessThan(100);
    expect(reasons).toMatchObject([{ name: 'CancelledError', code: 'cancelled', message: 'not needed' }]);
    await world.advance(120_000);
    expect([ran.length, outcomesOf(node)]).toEqual([1, ['cancelled']]);
    expect(await world.until(handle.state())).toBe('dead');
  });

test('a handler that ignores its signal is left a second later', async () => {
  const world = new World();
  const running = gate();
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work(): Promise<void> {
      running.open();
      return gate().passed;
    }
  }
  const node = await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const handle = await world.until(fleet.enqueue(address, {}));
  await world.until(running.passed);
  const result = handle.result();
  await world.until(handle.cancel());
  await expect(world.until(result)).rejects.toMatchObject({ details: { reason: 'cancelled' } });
  expect(saidOf(node, 'task.settled')[0]?.tookMs).toBeLessThanOrEqual(1_100);
});

test('a notice that is lost is made good by the next renewal', async () => {
  const world = new World();
  const { ran, reasons, WorkAgent } = worker();
  const node = await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const handle = await world.until(fleet.enqueue(address, {}));
  await world.eventually(() => ran.length === 1, 'the task to run');
  node.broker.cutLink();
  expect(await world.until(handle.cancel())).toBe('requested');
  node.broker.restoreLink();
  await expect(world.until(handle.result())).rejects.toMatchObject({ details: { reason: 'cancelled', attempts: 1 } });
  expect([reasons.length, outcomesOf(node)]).toEqual([1, ['cancelled']]);
});

test('a cancelled task whose node is killed is not taken over, and its caller is told', async () => {
  const world = new World();
  const { ran, WorkAgent } = worker();
  const lost = await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const handle = await world.until(fleet.enqueue(address, {}));
  await world.eventually(() => ran.length === 1, 'the task to run');
  world.crash(lost);
  expect(await world.until(handle.cancel('not needed'))).toBe('requested');
  await world.start('n2', [pool(WorkAgent)]);
  await expect(world.until(handle.result())).rejects.toMatchObject(rejection(1));
  await world.advance(60_000);
  expect(ran).toHaveLength(1);
});

test('a task that waits in a mailbox when it is cancelled is never started', async () => {
  const world = new World();
  const { ran, WorkAgent } = worker();
  const node = await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const handles = await world.until(
    Promise.all((['high', 'normal', 'low'] as const).map((priority) => fleet.enqueue(address, {}, { priority }))),
  );
  await world.eventually(() => ran.length === 1, 'one to run');
  const results = handles.map((handle) => handle.result().catch((error: unknown) => error));
  for (const handle of handles.reverse()) await world.until(handle.cancel());
  for (const result of results) expect(await world.until(result)).toMatchObject({ details: { reason: 'cancelled' } });
  expect([ran.length, saidOf(node, 'task.started').length]).toEqual([1, 1]);
});
