/**
 * The supervisor over cells whose agents do what the test says (Y1 to Y4, Y6).
 */
import { describe, expect, test } from 'vitest';
import { OwnershipError } from '../../../src/core/errors.ts';
import type { Cell } from '../../../src/runtime/cell.ts';
import { open, work } from './supervised.ts';

describe('going up', () => {
  test('Y1: is one after the other, and what is not granted is neither started nor served', async () => {
    const { clock, supervisor, log, cell } = open();
    const starting = supervisor.start([cell('a'), cell('standby'), cell('b')]);
    await clock.until(starting);
    expect(log).toEqual(['a starts', 'a served', 'b starts', 'b served']);
    await clock.until(supervisor.stop(0));
  });

  test('Y1: a cell takes nothing before its agent has started', async () => {
    const { clock, supervisor, cell } = open();
    let go = (): void => {};
    const late = cell('late', { start: () => new Promise<void>((resolve) => (go = resolve)) });
    const starting = supervisor.start([late]);
    await clock.settle();
    expect([late.state, late.accept(work), late.room]).toEqual(['starting', false, 0]);
    go();
    await clock.until(starting);
    expect([late.state, late.accept(work)]).toEqual(['up', true]);
  });

  test('Y2: a start that throws is repeated after a pause, and goes to the node when that does not help', async () => {
    const { clock, supervisor, log, escalated, cell } = open();
    const broken = cell('broken', { start: () => Promise.reject(new Error('no')) });
    await clock.until(supervisor.start([broken]));
    expect([broken.state, escalated]).toEqual(['restarting', []]);
    await clock.advance(60_000);
    expect(log.filter((line) => line === 'broken starts')).toHaveLength(6);
    expect([broken.state, broken.restarts, escalated, clock.pending]).toEqual(['down', 5, ['broken of broken: no'], 0]);
    expect(log).not.toContain('broken served');
  });
});

describe('going down', () => {
  test('Y3: takes nothing new, hands back what waits, awaits what runs, stops in reverse, gives ids back', async () => {
    const { clock, supervisor, log, running, cell } = open();
    const [a, b] = [cell('a'), cell('b')];
    await clock.until(supervisor.start([a, b]));
    expect([a.accept(work), a.accept(work)]).toEqual([true, true]);
    log.length = 0;
    const stopping = supervisor.stop(5_000);
    await clock.settle();
    expect([log, a.accept(work)]).toEqual([['a left', 'a hands back message', 'b left'], false]);
    running[0]?.end();
    await clock.until(stopping);
    expect(log.slice(3)).toEqual(['b stops', 'b given back', 'a stops', 'b down', 'a given back', 'a down']);
    expect(clock.pending).toBe(0);
  });

  test('Y3: aborts what still runs when the grace is over, and not before', async () => {
    const { clock, supervisor, running, cell } = open();
    const a = cell('a');
    await clock.until(supervisor.start([a]));
    a.accept(work);
    const stopping = supervisor.stop(5_000);
    await clock.advance(4_999);
    expect(a.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(a.signal.reason).toMatchObject({ code: 'drain' });
    running[0]?.end();
    await clock.until(stopping);
  });

  test('Y3: waits for no onStop longer than its limit', async () => {
    const { clock, supervisor, log, cell } = open();
    await clock.until(supervisor.start([cell('a'), cell('b', { stop: () => new Promise(() => {}) })]));
    await clock.until(supervisor.stop(10_000));
    expect(log.slice(-4)).toEqual(['a stops', 'b down', 'a given back', 'a down']);
    expect(clock.monotonic()).toBe(5_000);
  });

  test('Y3: waits for all onStop together no longer than the second after the grace', async () => {
    const { clock, supervisor, log, cell } = open();
    const stop = (): Promise<void> => new Promise(() => {});
    await clock.until(supervisor.start([cell('a', { stop }), cell('b', { stop }), cell('c', { stop })]));
    await clock.until(supervisor.stop(2_000));
    expect(log.filter((line) => line.endsWith(' down'))).toEqual(['c down', 'b down', 'a down']);
    expect(clock.monotonic()).toBe(2_900);
  });

  test('Y3, Y4: a cell that is starting is told, its onStop runs when it still came up, else it is left to itself', async () => {
    const { clock, supervisor, log, cell } = open();
    const polite: Cell = cell('polite', {
      start: () =>
        new Promise<void>((resolve) => {
          polite.signal.addEventListener('abort', () => resolve());
        }),
    });
    const rude = cell('rude', { start: () => new Promise(() => {}) });
    const starting = Promise.all([supervisor.bringUp(polite), supervisor.bringUp(rude)]);
    await clock.settle();
    await clock.until(supervisor.stop(0));
    await starting;
    expect(log).toEqual(['polite starts', 'rude starts', 'polite stops', 'polite given back', 'polite down']);
    expect([clock.monotonic(), clock.pending]).toEqual([1_000, 0]);
  });

  test('a cell that would be restarted is not, once the supervisor ends, and its id goes back', async () => {
    const { clock, supervisor, log, cell } = open();
    await clock.until(supervisor.start([cell('broken', { start: () => Promise.reject(new Error('no')) })]));
    await clock.until(supervisor.stop(0));
    await clock.advance(60_000);
    expect([log, clock.pending]).toEqual([['broken starts', 'broken given back', 'broken down'], 0]);
  });

  test('a node that lost its presence aborts at once, gives nothing back, and says down once', async () => {
    const { clock, supervisor, log, running, cell } = open();
    const a = cell('a');
    await clock.until(supervisor.start([a]));
    a.accept(work);
    log.length = 0;
    supervisor.abort(new OwnershipError('presence-lost', 'gone'));
    expect([a.signal.aborted, a.accept(work), log]).toEqual([true, false, ['a left', 'a down']]);
    running[0]?.end();
    await clock.until(supervisor.stop(0));
    expect(log.filter((line) => line.startsWith('a ') && line !== 'a left')).toEqual(['a down', 'a stops']);
  });
});

describe('taking one agent down', () => {
  test('Y6: it is closed, awaited and given back, and the others go on', async () => {
    const { clock, supervisor, log, running, cell } = open();
    const [a, b] = [cell('a'), cell('b')];
    await clock.until(supervisor.start([a, b]));
    a.accept(work);
    a.accept(work);
    log.length = 0;
    const retired = supervisor.retire(a, 1_000, 'not needed any more');
    await clock.advance(100);
    expect(log).toEqual(['a left', 'a hands back message']);
    running[0]?.end();
    await clock.until(retired);
    expect(log.slice(2)).toEqual(['a stops', 'a given back', 'a down']);
    expect([a.state, b.state]).toEqual(['down', 'up']);
    await clock.until(supervisor.stop(0));
    expect(log.slice(5)).toEqual(['b left', 'b stops', 'b given back', 'b down']);
  });

  test('Y6: its handlers are aborted when the grace is over', async () => {
    const { clock, supervisor, running, cell } = open();
    const a = cell('a');
    await clock.until(supervisor.start([a]));
    a.accept(work);
    a.signal.addEventListener('abort', () => running[0]?.end());
    await clock.until(supervisor.retire(a, 1_000, 'not needed any more'));
    expect(a.signal.reason).toMatchObject({ message: 'not needed any more' });
    expect(clock.monotonic()).toBeGreaterThanOrEqual(1_000);
  });

  test('Y6: one that waits for its restart, or stands by, never comes up', async () => {
    const { clock, supervisor, log, cell } = open();
    const failing = cell('a', { start: () => Promise.reject(new Error('no')) });
    const standby = cell('standby');
    await clock.until(supervisor.start([failing, standby]));
    await clock.until(Promise.all([failing, standby].map((of) => supervisor.retire(of, 0, 'not needed any more'))));
    log.length = 0;
    await clock.until(supervisor.bringUp(standby));
    await clock.advance(60_000);
    expect(log).toEqual([]);
  });
});
