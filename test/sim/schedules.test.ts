/**
 * Schedules in whole fleets: each due time makes one task, whoever is lost in between, and what was missed goes by the rule.
 *
 * The ledger is the broker's: every task that was ever accepted in the queue, waiting or ended, with its envelope.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { decodeEnvelope } from '../../src/core/envelope.ts';
import { SeededRandom } from '../../src/sim/seeded-random.ts';
import { saidOf, type SimNode, World } from './world.ts';

const minute = 60_000;
const tick = { role: 'tick', task: 'tick' };

/** An agent that notes for which time each of its tasks was made. */
function ticking() {
  const ran: string[] = [];
  class TickAgent extends Agent {
    static readonly role = 'tick';
    @onTask('tick') tick(task: Task): void {
      ran.push(task.trace.id);
    }
  }
  return { ran, agents: [pool(TickAgent)] };
}

/** The due times of all tasks in the queue `name`, none of which anybody runs, in order. */
function dueTimes(world: World, name = 'tick'): number[] {
  const tasks = [...(world.fleet.queues.get(name)?.tasks.values() ?? [])];
  return tasks.map(({ envelope }) => timeOf(decodeEnvelope(envelope).trace.id)).sort((a, b) => a - b);
}

const timeOf = (trace: string): number => Date.parse(trace.slice(trace.indexOf('@') + 1));

const crossed = (from: number, until: number, everyMs: number): number[] => {
  const first = Math.floor(from / everyMs) + 1;
  return Array.from({ length: Math.floor(until / everyMs) - first + 1 }, (_, index) => (first + index) * everyMs);
};

test('three nodes make one task a minute for an hour, and hand each to an agent once', async () => {
  const world = new World();
  const { ran, agents } = ticking();
  for (const id of ['n1', 'n2', 'n3']) await world.start(id, agents);
  const { fleet } = await world.connect();
  expect(await world.until(fleet.schedules.set('beat', { every: '1m', task: [tick, 1] }))).toBe('created');
  const from = world.clock.now();
  await world.advance(60 * minute + 1_000);
  expect(ran.map(timeOf)).toEqual(crossed(from, world.clock.now(), minute));
  expect(ran[0]).toMatch(/^schedule:beat@20/);
  const [schedule] = await world.until(fleet.schedules.list());
  expect(schedule).toMatchObject({ runs: ran.length, missed: 0, skipped: 0, queue: 'tick', input: 1 });
});

test.each([1, 2, 3, 4])(
  'nodes that crash at random for an hour neither lose nor double a run (seed %i)',
  async (seed) => {
    const world = new World({ seed });
    const chance = new SeededRandom(seed);
    let made = 0;
    const start = (): Promise<SimNode> => world.start(`n${++made}`, []);
    const nodes = [await start(), await start(), await start()];
    const { fleet } = await world.connect();
    await world.until(fleet.schedules.set('beat', { every: '1m', task: [tick, {}] }));
    const from = world.clock.now();
    while (world.clock.now() < from + 60 * minute) {
      const next = Math.ceil(world.clock.now() / minute) * minute;
      await world.advance(next - world.clock.now() + chance.fraction('moment') * 250);
      const lost = nodes.splice(Math.floor(chance.fraction('which') * nodes.length), 1)[0];
      for (let steps = Math.floor(chance.fraction('steps') * 12); steps > 0; steps--) await Promise.resolve();
      if (lost !== undefined) world.crash(lost);
      nodes.push(await start());
      await world.advance(1);
    }
    await world.advance(10_000);
    expect(dueTimes(world)).toEqual(crossed(from, world.clock.now(), minute));
    expect(await world.until(fleet.schedules.get('beat'))).toMatchObject({ missed: 0, skipped: 0 });
  },
);

test('a node that is lost between any two steps of a run leaves one task to the next one', async () => {
  for (const step of ['begin', 'enqueue', 'advance'] as const)
    for (const isApplied of [false, true]) {
      const world = new World();
      const first = await world.start('first', []);
      const { fleet } = await world.connect();
      await world.until(fleet.schedules.set('beat', { every: '5m', task: [tick, {}] }));
      const port = step === 'enqueue' ? first.broker.tasks : first.broker.schedules;
      const carry = Reflect.get(port, step) as (request: unknown) => Promise<unknown>;
      const crash = async (request: unknown): Promise<unknown> => {
        if (isApplied) await carry.call(port, request);
        world.crash(first);
        return new Promise(() => {});
      };
      Object.defineProperty(port, step, { value: crash });
      const from = world.clock.now();
      await world.eventually(() => first.clock.pending === 0, step, 6 * minute);
      await world.start('second', []);
      await world.advance(20_000);
      const expected = crossed(from, world.clock.now(), 5 * minute);
      expect([step, isApplied, dueTimes(world)]).toEqual([step, isApplied, expected]);
      const schedule = await world.until(fleet.schedules.get('beat'));
      expect(schedule).toMatchObject({ runs: 1, missed: 0, last: { dueAt: expected[0] } });
    }
});

test.each([
  ['skip', 0, 10],
  ['once', 1, 9],
  ['all', 10, 0],
] as const)('a fleet that was down for ten minutes: missed "%s" makes up for %i runs', async (missed, made, left) => {
  const world = new World();
  const old = await world.start('old', []);
  const { fleet } = await world.connect();
  await world.until(fleet.schedules.set('beat', { every: '1m', task: [tick, {}], missed }));
  await world.advance(minute - (world.clock.now() % minute) + 1_000);
  world.crash(old);
  const from = world.clock.now();
  await world.advance(11 * minute - 500);
  const node = await world.start('new', []);
  await world.advance(400);
  const late = crossed(from, world.clock.now(), minute);
  expect(late).toHaveLength(11);
  const inTime = late.slice(-1);
  const caughtUp = missed === 'once' ? [] : late.slice(0, -1).slice(10 - made);
  await world.advance(5_000);
  expect(dueTimes(world).slice(1)).toEqual([...caughtUp, ...inTime]);
  const rest = missed === 'once' ? 10 : left; // the run that is in time makes up for the others
  expect(await world.until(fleet.schedules.get('beat'))).toMatchObject({ missed: rest, runs: dueTimes(world).length });
  const told = saidOf(node, 'schedule.missed').reduce((sum, { runs }) => sum + runs, 0);
  expect(told).toBe(rest);
});

test('a run that was missed by hours is made up for once, or left until its next time', async () => {
  for (const missed of ['skip', 'once', 'all'] as const) {
    const world = new World();
    const { fleet } = await world.connect();
    await world.until(fleet.schedules.set('daily', { cron: '0 3 * * *', task: [tick, {}], missed }));
    await world.advance(60 * 60 * minute);
    const missedTimes = crossed(
      world.clock.now() - 60 * 60 * minute - 3 * 60 * minute,
      world.clock.now() - 3 * 60 * minute,
      1_440 * minute,
    );
    const times = missedTimes.map((at) => at + 3 * 60 * minute);
    await world.start('n1', []);
    await world.advance(5_000);
    expect(dueTimes(world)).toEqual(missed === 'skip' ? [] : missed === 'once' ? times.slice(-1) : times);
    const kept = dueTimes(world).length;
    expect(await world.until(fleet.schedules.get('daily'))).toMatchObject({ missed: times.length - kept, runs: kept });
  }
});

test('of thousands of missed runs the newest hundred are made, the others counted, whatever the form', async () => {
  for (const when of [{ every: '1m' }, { cron: '* * * * *' }] as const) {
    const world = new World();
    const { fleet } = await world.connect();
    await world.until(fleet.schedules.set('beat', { ...when, task: [tick, {}], missed: 'all' }));
    const from = world.clock.now();
    await world.advance(5_000 * minute);
    await world.start('n1', []);
    await world.advance(5_000);
    const all = crossed(from, world.clock.now(), minute);
    const made = dueTimes(world);
    expect(made).toEqual(all.slice(-made.length));
    expect(made.length).toBeGreaterThanOrEqual(100);
    expect(made.length).toBeLessThanOrEqual(102); // those in time come on top
    const schedule = await world.until(fleet.schedules.get('beat'));
    expect(schedule).toMatchObject({ missed: all.length - made.length, runs: made.length });
  }
});

test('schedules that this version cannot read hold up no other, however many they are', async () => {
  const world = new World();
  const { ran, agents } = ticking();
  const node = await world.start('n1', agents);
  const { fleet, broker } = await world.connect();
  const plan = JSON.stringify({ recurrence: { kind: 'every', everyMs: 1_000 }, queue: 'tick' });
  for (let n = 0; n < 100; n++)
    await world.until(broker.schedules.set({ name: `later-${n}`, plan, body: '{"v":2}', next: 1, most: 1_000 }));
  await world.until(fleet.schedules.set('beat', { every: '1m', task: [tick, 1] }));
  await world.advance(5 * minute);
  expect(ran).toHaveLength(5);
  expect(saidOf(node, 'broker.trouble').length).toBeGreaterThan(0);
});
