/**
 * Schedules as their users see them: setting, pausing, changing and running them, in code and in the configuration.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { saidOf, World } from './world.ts';

const minute = 60_000;
const address = { role: 'work', task: 'do' };
const Input = z.object({ path: z.string() });

class WorkAgent extends Agent {
  static readonly role = 'work';
  static readonly ran: Pick<Task<typeof Input>, 'from' | 'input' | 'trace'>[] = [];
  @onTask('do', Input, z.unknown(), { concurrencyKey: ({ path }) => path, retries: 7 }) async do(
    task: Task<typeof Input>,
  ): Promise<void> {
    WorkAgent.ran.push(task);
  }
}

function fresh(): World {
  WorkAgent.ran.length = 0;
  return new World();
}

const timesRan = (): number[] =>
  WorkAgent.ran.map(({ trace }) => Date.parse(trace.id.slice(trace.id.indexOf('@') + 1)));

test('a schedule that is set, or changed to earlier times, is heard of at once by nodes that had nothing to do', async () => {
  const world = fresh();
  await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  await world.advance(minute - (world.clock.now() % minute) + 100);
  await world.until(fleet.schedules.set('a', { every: '1h', task: [WorkAgent, 'do', { path: '.' }] }));
  await world.advance(400);
  const changed = { every: '1s', task: [WorkAgent, 'do', { path: '.' }] } as const;
  expect(await world.until(fleet.schedules.set('a', changed))).toBe('changed');
  await world.advance(900);
  expect(WorkAgent.ran.map(({ from, input }) => [from, input])).toEqual([['schedule:a', { path: '.' }]]);
  const { body = '' } = world.fleet.schedules.get('a') ?? {};
  expect(JSON.parse(body)).toMatchObject({ options: { concurrencyKey: '.' }, defaults: { retries: 7 } });
});

test('nodes with nothing to do ask every few seconds, not more', async () => {
  const world = fresh();
  const node = await world.start('n1', []);
  let asked = 0;
  const { schedules } = node.broker;
  const due = schedules.due.bind(schedules);
  schedules.due = (count) => due(count).finally(() => asked++);
  await world.advance(60_000);
  expect(asked).toBeGreaterThanOrEqual(11);
  expect(asked).toBeLessThanOrEqual(13);
});

test('what is wrong with a schedule is told when it is set', async () => {
  const world = fresh();
  const { schedules } = (await world.connect()).fleet;
  const task = [WorkAgent, 'do', { path: '.' }] as const;
  const refused = async (promise: Promise<unknown>, code: string, message: string): Promise<void> =>
    expect(world.until(promise)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  await refused(
    schedules.set('x', { cron: '61 * * * *', task }),
    'config',
    'expected cron of schedule "x" to be a cron',
  );
  await refused(schedules.set('x', { cron: '* * * * * *', task }), 'config', 'five fields');
  await refused(schedules.set('x', { cron: '0 0 30 2 *', task }), 'config', 'a time that comes about');
  await refused(schedules.set('x', { cron: '0 0 * * *', timeZone: 'Mars/Base', task }), 'config', 'expected timeZone');
  await refused(schedules.set('x', { every: '10ms', task }), 'config', 'expected every of schedule "x"');
  await refused(schedules.set('x y', { every: '1m', task }), 'config', 'expected the name of schedule "x y"');
  await refused(schedules.set('x', { every: '1m', missed: 'never' as 'all', task }), 'config', 'expected missed');
  const options = { dedupe: '1m' } as object;
  await refused(schedules.set('x', { every: '1m', task, options }), 'config', 'expected dedupe of schedule "x"');
  const wrongInput = schedules.set('x', { every: '1m', task: [WorkAgent, 'do', {} as { path: string }] });
  await refused(wrongInput, 'invalid-payload', 'path');
  const large = schedules.set('x', { every: '1m', task: [address, 'x'.repeat(70_000)] });
  await refused(large, 'payload-too-large', '65536');
  await refused(schedules.pause('x'), 'no-schedule', 'none of that name');
  await refused(schedules.resume('x'), 'no-schedule', 'none of that name');
  await refused(schedules.run('x'), 'no-schedule', 'none of that name');
  expect(await world.until(schedules.list())).toEqual([]);
});

test('a paused schedule makes no runs and misses none; resumed it goes on, and a run by hand is one more', async () => {
  const world = fresh();
  await world.start('n1', [pool(WorkAgent)]);
  const { schedules } = (await world.connect()).fleet;
  await world.until(schedules.set('a', { every: '1m', task: [address, { path: '.' }], missed: 'all' }));
  await world.until(schedules.pause('a'));
  await world.advance(10 * minute);
  expect(await world.until(schedules.get('a'))).toMatchObject({ paused: true, runs: 0, missed: 0 });
  await world.until((await world.until(schedules.run('a'))).result());
  expect(WorkAgent.ran[0]?.trace.id).toBe('schedule:a@by-hand');
  expect(await world.until(schedules.resume('a'))).toBe(true);
  expect(await world.until(schedules.resume('a'))).toBe(false);
  await world.advance(3 * minute);
  expect(await world.until(schedules.get('a'))).toMatchObject({ paused: false, runs: 3, missed: 0 });
  expect(await world.until(schedules.remove('a'))).toBe(true);
  await world.advance(5 * minute);
  expect(WorkAgent.ran).toHaveLength(4);
});

test('overlap "skip" leaves out runs while the one before has not ended, also while it only waits', async () => {
  const world = fresh();
  const node = await world.start('n1', []);
  const { fleet } = await world.connect();
  const { schedules } = fleet;
  await world.until(schedules.set('a', { every: '1m', task: [address, { path: '.' }], overlap: 'skip' }));
  await world.advance(5 * minute);
  const [first] = await world.until(schedules.list());
  expect(first).toMatchObject({ runs: 1, skipped: 4, missed: 0 });
  expect(saidOf(node, 'schedule.missed')).toHaveLength(4);
  await world.until(fleet.cancel(first?.last?.taskId ?? ''));
  await world.advance(minute);
  expect(await world.until(schedules.get('a'))).toMatchObject({ runs: 2, skipped: 4 });
});

test('a run whose queue is full counts as missed, and holds up no other schedule', async () => {
  const world = fresh();
  await world.start('n1', [], { limits: { maxWaiting: 1 } });
  const { fleet } = await world.connect();
  await world.until(fleet.enqueue({ role: 'full', task: 'do' }, {}));
  await world.until(fleet.schedules.set('a', { every: '1h', task: [{ role: 'full', task: 'do' }, {}] }));
  await world.until(fleet.schedules.set('b', { every: '1h', task: [{ role: 'free', task: 'do' }, {}] }));
  await world.advance(61 * minute);
  expect(await world.until(fleet.schedules.list())).toMatchObject([
    { name: 'a', runs: 0, missed: 1 },
    { name: 'b', runs: 1, missed: 0 },
  ]);
});

test('Y3: a run that was begun and left for longer than its key lives is not made again', async () => {
  const world = fresh();
  const { fleet, broker } = await world.connect('n0');
  await world.until(broker.presence.join({ node: 'n0', host: 'h', pid: 1, startedAt: 1, status: '{}' }, 86_400_000));
  await world.until(fleet.schedules.set('a', { every: '4h', task: [address, {}], missed: 'all' }));
  const next = (await world.until(fleet.schedules.get('a')))?.nextAt ?? 0;
  await world.advance(next - world.clock.now() + 10);
  await world.until(broker.schedules.begin({ node: 'n0', name: 'a', seen: next, run: next }));
  await world.advance(2 * 60 * minute);
  await world.start('n1', []);
  await world.advance(30_000);
  expect(world.fleet.queues.get('work')?.tasks.size ?? 0).toBe(0);
  expect(await world.until(fleet.schedules.get('a'))).toMatchObject({
    runs: 0,
    missed: 1,
    nextAt: next + 4 * 60 * minute,
  });
});

test('what the configuration names is set by every node that starts, and again when the broker has lost it', async () => {
  const world = fresh();
  const options = { schedules: { a: { every: '1m', task: [WorkAgent, 'do', { path: '.' }] } } } as const;
  for (const id of ['n1', 'n2']) await world.start(id, [pool(WorkAgent)], options);
  const { fleet } = await world.connect();
  await world.until(fleet.schedules.set('other', { every: '1h', task: [address, { path: '.' }] }));
  const names = async () => (await world.until(fleet.schedules.list())).map(({ name }) => name);
  expect(await names()).toEqual(['a', 'other']);
  await world.advance(5_000);
  world.fleet.schedules.clear();
  world.fleet.directory.beats = 0;
  await world.advance(2_000);
  expect(await names()).toEqual(['a']);
  await world.start('n3', [], { schedules: { a: { cron: '0 3 * * *', task: [address, { path: 'new' }] } } });
  expect(await world.until(fleet.schedules.get('a'))).toMatchObject({
    when: { cron: '0 3 * * *' },
    input: { path: 'new' },
  });
  const wrong = { schedules: { a: { every: '1m', task: [WorkAgent, 'do', { path: 1 }] } } } as const;
  await expect(world.start('n4', [], wrong)).rejects.toMatchObject({ code: 'invalid-payload' });
});

test('jumps of the clocks double no run: those of a machine do not matter, a server that goes back waits', async () => {
  const world = fresh();
  let jumpMs = 0;
  const { clock } = world;
  const now = clock.now.bind(clock);
  clock.now = () => now() + jumpMs;
  const node = await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  await world.until(fleet.schedules.set('a', { every: '1m', task: [WorkAgent, 'do', { path: '.' }] }));
  node.clock.now = () => now() + 86_400_000;
  await world.advance(5 * minute);
  expect(WorkAgent.ran).toHaveLength(5);
  jumpMs = -3 * minute;
  await world.advance(3 * minute);
  expect(WorkAgent.ran).toHaveLength(5);
  await world.advance(2 * minute);
  jumpMs = 60 * minute;
  await world.start('n2', [pool(WorkAgent)]);
  await world.advance(5 * minute);
  expect(new Set(timesRan()).size).toBe(WorkAgent.ran.length);
  const schedule = await world.until(fleet.schedules.get('a'));
  const span = ((schedule?.last?.dueAt ?? 0) - (timesRan()[0] ?? 0)) / minute + 1;
  expect([schedule?.runs, (schedule?.runs ?? 0) + (schedule?.missed ?? 0)]).toEqual([WorkAgent.ran.length, span]);
  expect(schedule?.missed).toBeGreaterThan(50);
});
