/**
 * The supervisor when agents end while they are up, alone and in groups (Y2, Y5, Y7, Y8). What is decided is the table of
 * supervision-tree.test.ts; this is how it is carried out.
 */
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../src/runtime/cell.ts';
import type { CellSupervision } from '../../../src/runtime/cell-spec.ts';
import type { Group, RestartType, Strategy } from '../../../src/runtime/supervision-tree.ts';
import { open, work } from './supervised.ts';

const policy = {
  intensity: 3,
  periodMs: 60_000,
  backoff: { kind: 'fixed', baseMs: 100, maxMs: 100, jitter: false },
} as const;

function alone(restart: RestartType, own: Partial<CellSupervision> = {}): CellSupervision {
  return { restart, policy, ...own };
}

/** Members of one group, in start order. */
function members(strategy: Strategy, types: Readonly<Record<string, RestartType>>, intensity = 3): CellSupervision[] {
  const leaves = Object.entries(types).map(([id, restart]) => ({ kind: 'agent', id, restart }) as const);
  const group: Group = { kind: 'group', name: 'g', strategy, policy: { ...policy, intensity }, members: leaves };
  return leaves.map(({ restart }) => ({ restart, policy, group }));
}

/** A group of a, b and c that is up, with an empty log. */
async function up(strategy: Strategy, intensity = 3, hooks: Parameters<ReturnType<typeof open>['cell']>[1] = {}) {
  const rig = open();
  const types = { a: 'permanent', b: 'permanent', c: 'temporary', d: 'permanent' } as const;
  const places = members(strategy, types, intensity);
  const cells = Object.keys(types).map((id, index) => rig.cell(id, id === 'b' ? hooks : {}, places[index]));
  await rig.clock.until(rig.supervisor.start(cells));
  rig.log.length = 0;
  const [a, b, c, d] = cells as [Cell, Cell, Cell, Cell];
  return { ...rig, a, b, c, d };
}

describe('an agent that fails while it is up', () => {
  test('Y5: is aborted at once, hands back what waits, is awaited, and comes back under its id after a pause', async () => {
    const { clock, supervisor, log, running, cell } = open();
    const a = cell('a', {}, alone('permanent'));
    await clock.until(supervisor.start([a]));
    a.accept(work);
    a.accept(work);
    log.length = 0;
    const { signal } = a;
    const failed = supervisor.fail(a, new Error('broken'));
    await clock.settle();
    expect([signal.aborted, signal.reason.code, log]).toEqual([true, 'stopped', ['a left', 'a hands back message']]);
    running[0]?.end();
    await clock.until(failed);
    expect([a.state, a.restarts, a.restartReasons]).toEqual(['restarting', 1, [{ at: clock.now(), reason: 'broken' }]]);
    await clock.advance(100);
    expect([a.state, log.slice(2)]).toEqual(['up', ['a stops', 'a starts', 'a served']]);
  });

  test('keeps the last five reasons', async () => {
    const { clock, supervisor, cell } = open();
    const a = cell('a', {}, alone('permanent', { policy: { ...policy, intensity: 10 } }));
    await clock.until(supervisor.start([a]));
    for (let turn = 1; turn <= 7; turn++) {
      await clock.until(supervisor.fail(a, new Error(`no ${turn}`)));
      await clock.advance(100);
    }
    expect([a.restarts, a.restartReasons.map(({ reason }) => reason)]).toEqual([
      7,
      ['no 3', 'no 4', 'no 5', 'no 6', 'no 7'],
    ]);
  });

  test('Y4: also while it starts, and whatever its onStart makes of the abort', async () => {
    const { clock, supervisor, log, cell } = open();
    let starts = 0;
    const a: Cell = cell(
      'a',
      {
        start: () =>
          ++starts > 1 ? undefined : new Promise<void>((go) => a.signal.addEventListener('abort', () => go())),
      },
      alone('permanent'),
    );
    const starting = supervisor.start([a]);
    await clock.settle();
    await clock.until(supervisor.fail(a, new Error('broken')));
    await clock.until(starting);
    await clock.advance(100);
    expect([a.state, a.restarts, log]).toEqual(['up', 1, ['a starts', 'a left', 'a stops', 'a starts', 'a served']]);
  });

  test('goes to the node when it fails too often', async () => {
    const { clock, supervisor, escalated, cell } = open();
    const a = cell('a', {}, alone('permanent'));
    await clock.until(supervisor.start([a]));
    for (let turn = 0; turn < 4; turn++) {
      await clock.until(supervisor.fail(a, new Error('broken')));
      await clock.advance(100);
    }
    expect([a.state, escalated]).toEqual(['down', ['a of a: broken']]);
  });
});

describe('Y8: an agent that is not started again', () => {
  test.each([
    ['a transient one that ends itself', 'transient', 'finish', 'it has ended'],
    ['a temporary one that ends itself', 'temporary', 'finish', 'it has ended'],
    ['a temporary one that fails', 'temporary', 'fail', 'broken'],
  ] as const)('%s is down, keeps its id, and is told of', async (_, restart, how, reason) => {
    const { clock, supervisor, log, cell } = open();
    const ended: unknown[] = [];
    const a = cell('a', {}, alone(restart, { onEnded: (error) => void ended.push(error) }));
    await clock.until(supervisor.start([a]));
    log.length = 0;
    await clock.until(how === 'fail' ? supervisor.fail(a, new Error(reason)) : supervisor.finish(a));
    await clock.advance(60_000);
    expect([a.state, log, clock.pending]).toEqual(['down', ['a left', 'a stops', 'a down'], 0]);
    expect(ended).toEqual([how === 'fail' ? expect.objectContaining({ message: reason }) : undefined]);
  });

  test('lets what it runs finish within the grace of a drain', async () => {
    const { clock, supervisor, running, cell } = open();
    const a = cell('a', {}, alone('transient'));
    await clock.until(supervisor.start([a]));
    a.accept(work);
    const ended = supervisor.finish(a);
    await clock.advance(24_000);
    expect([a.signal.aborted, a.accept(work)]).toEqual([false, false]);
    running[0]?.end();
    await clock.until(ended);
    expect(a.state).toBe('down');
  });

  test('a permanent one that ends itself is started again, also when it says so while it starts', async () => {
    const { clock, supervisor, log, cell } = open();
    let starts = 0;
    const a: Cell = cell(
      'a',
      { start: () => (++starts === 1 ? void supervisor.finish(a) : undefined) },
      alone('permanent'),
    );
    await clock.until(supervisor.start([a]));
    await clock.advance(100);
    expect([a.state, log]).toEqual(['up', ['a starts', 'a left', 'a stops', 'a starts', 'a served']]);
  });
});

describe('a group', () => {
  const stopsAndStarts = (log: readonly string[]): string =>
    log.filter((line) => /stops|starts|down$/.test(line)).join(', ');

  test.each([
    ['one-for-one', 'b stops, b starts'],
    ['one-for-all', 'b stops, d stops, c stops, a stops, c down, a starts, b starts, d starts'],
    ['rest-for-one', 'b stops, d stops, c stops, c down, b starts, d starts'],
  ] as const)('%s takes down in reverse and starts in order', async (strategy, expected) => {
    const { clock, supervisor, log, b } = await up(strategy);
    await clock.until(supervisor.fail(b, new Error('broken')));
    await clock.advance(100);
    expect(stopsAndStarts(log)).toBe(expected);
  });

  test('Y7: decides once when two fail at the same time and one takes the other along', async () => {
    const { clock, supervisor, log, a, b, d } = await up('one-for-all', 1);
    await clock.until(Promise.all([supervisor.fail(b, new Error('one')), supervisor.fail(d, new Error('two'))]));
    await clock.advance(100);
    expect(stopsAndStarts(log)).toBe('b stops, d stops, c stops, a stops, c down, a starts, b starts, d starts');
    expect([a, b, d].map(({ state, restarts }) => `${state} ${restarts}`)).toEqual(['up 1', 'up 1', 'up 1']);
    expect(a.restartReasons[0]?.reason).toBe('with b: one');
  });

  test('Y7: one that fails while another waits for its restart takes that along into the newer plan', async () => {
    const { clock, supervisor, log, a, d } = await up('rest-for-one');
    await clock.until(supervisor.fail(d, new Error('broken')));
    await clock.advance(50);
    await clock.until(supervisor.fail(a, new Error('broken')));
    await clock.advance(99);
    expect(stopsAndStarts(log)).toBe('d stops, a stops, c stops, b stops, c down');
    await clock.advance(1);
    expect(stopsAndStarts(log).slice(-28)).toBe('a starts, b starts, d starts');
    expect(clock.pending).toBe(0);
  });

  test('Y7: of which one fails to start while it is restarted does not start those behind it before that one is up', async () => {
    let starts = 0;
    const start = (): void => {
      if (++starts === 2) throw new Error('not yet');
    };
    const { clock, supervisor, log, a, d } = await up('one-for-all', 3, { start });
    await clock.until(supervisor.fail(d, new Error('broken')));
    await clock.advance(100);
    expect(stopsAndStarts(log)).toMatch(/c down, a starts, b starts, a stops$/);
    expect([a.state, d.state]).toEqual(['restarting', 'restarting']);
    await clock.advance(100);
    expect(stopsAndStarts(log).slice(-28)).toBe('a starts, b starts, d starts');
  });

  test('Y7: of which one fails in its first start starts all of them, also those it had not come to', async () => {
    const { clock, supervisor, log, cell } = open();
    const places = members('one-for-all', { a: 'permanent', b: 'permanent', c: 'temporary', d: 'permanent' });
    let starts = 0;
    const start = (): void => {
      if (++starts === 1) throw new Error('not yet');
    };
    const cells = ['a', 'b', 'c', 'd'].map((id, index) => cell(id, id === 'b' ? { start } : {}, places[index]));
    await clock.until(supervisor.start(cells));
    await clock.advance(100);
    expect(stopsAndStarts(log)).toBe('a starts, b starts, a stops, a starts, b starts, c starts, d starts');
    expect(cells.map(({ restarts }) => restarts)).toEqual([1, 1, 0, 0]);
  });

  test('that gives up is down in reverse order, and tells the node who failed last', async () => {
    const { clock, supervisor, log, escalated, b, d } = await up('one-for-one', 1);
    await clock.until(supervisor.fail(b, new Error('one')));
    await clock.advance(100);
    log.length = 0;
    await clock.until(supervisor.fail(d, new Error('two')));
    await clock.advance(60_000);
    expect(stopsAndStarts(log)).toBe('d stops, c stops, b stops, a stops, c down, b down, a down, d down');
    expect(escalated).toEqual(['d of g: two']);
  });

  test('leaves one that stands by alone, and brings nothing up when the node ends', async () => {
    const rig = open();
    const places = members('one-for-all', { a: 'permanent', standby: 'permanent', b: 'permanent' });
    const [a, standby, b] = ['a', 'standby', 'b'].map((id, index) => rig.cell(id, {}, places[index])) as [
      Cell,
      Cell,
      Cell,
    ];
    standby.state = 'standby';
    await rig.clock.until(rig.supervisor.start([a, standby, b]));
    await rig.clock.until(rig.supervisor.fail(a, new Error('broken')));
    expect([a.state, standby.state, b.state]).toEqual(['restarting', 'standby', 'restarting']);
    await rig.clock.until(rig.supervisor.stop(0));
    await rig.clock.advance(60_000);
    expect(rig.log.filter((line) => line.endsWith('starts'))).toEqual(['a starts', 'b starts']);
    expect(rig.clock.pending).toBe(0);
  });
});
