/**
 * The scheduler: the order of steps, what a held and a dead place do, and what is an error.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Heap } from '../../../src/sim/heap.ts';
import { newPlace, Scheduler, startMs, type Step } from '../../../src/sim/scheduler.ts';

/** Runs `names` as steps of one moment, each at a place of its own. */
async function orderOf(seed: number, names: readonly string[]): Promise<string> {
  const scheduler = new Scheduler(seed);
  const ran: string[] = [];
  for (const name of names) scheduler.plan(newPlace(name), name, startMs + 5, () => void ran.push(name));
  await scheduler.advance(10);
  return ran.join('');
}

test('a heap gives back what is due first, whatever was cancelled', () => {
  const entries = fc.array(fc.record({ at: fc.nat(20), tie: fc.nat(3), isCancelled: fc.boolean() }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(entries, (drawn) => {
      const heap = new Heap<{ at: number; tie: number; order: number; cancelled: boolean }>();
      const steps = drawn.map(({ at, tie }, order) => ({ at, tie, order, cancelled: false }));
      for (const step of steps) heap.push(step);
      steps.forEach((step, index) => {
        if (drawn[index]?.isCancelled) heap.cancel(step);
      });
      const left = steps.filter((_, index) => !drawn[index]?.isCancelled);
      expect(heap.size).toBe(left.length);
      const sorted = left.toSorted((a, b) => a.at - b.at || a.tie - b.tie || a.order - b.order);
      expect(left.map(() => heap.pop()?.order)).toEqual(sorted.map(({ order }) => order));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

describe('steps', () => {
  test('S3: of one moment come in an order that the seed draws, those of one place as they were planned', async () => {
    const orders = new Set(await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => orderOf(seed, ['a', 'b', 'c', 'd']))));
    expect(orders.size).toBeGreaterThan(1);
    expect(await orderOf(7, ['a', 'b', 'c'])).toBe(await orderOf(7, ['a', 'b', 'c']));
    const scheduler = new Scheduler(1);
    const place = newPlace('one');
    const ran: number[] = [];
    for (const number of [1, 2, 3]) scheduler.plan(place, 'step', startMs, () => void ran.push(number));
    await scheduler.advance(0);
    expect(ran).toEqual([1, 2, 3]);
  });

  test('S2: chains of microtasks and ends of ticks belong to the step that started them', async () => {
    const scheduler = new Scheduler(1);
    const [a, b] = [newPlace('a'), newPlace('b')];
    const ran: string[] = [];
    scheduler.plan(a, 'first', startMs, () => {
      scheduler.endOfTick(a, () => void ran.push(`tick at ${scheduler.place?.name}`));
      const chain = async (): Promise<void> => {
        for (let depth = 0; depth < 500; depth++) await Promise.resolve();
        ran.push(`chain at ${scheduler.place?.name}`);
      };
      void chain();
    });
    scheduler.plan(b, 'second', startMs + 1, () => void ran.push('second'));
    await scheduler.advance(1);
    expect(ran.toSorted()).toEqual(['chain at a', 'second', 'tick at a']);
    expect(ran.at(-1)).toBe('second');
  });

  test('S4: of a held place come when it is released, in their order; of a dead one never', async () => {
    const scheduler = new Scheduler(1);
    const [held, dead] = [newPlace('held'), newPlace('dead')];
    const ran: string[] = [];
    const note = (text: string) => (): void => void ran.push(text);
    for (const [index, text] of ['one', 'two', 'three'].entries())
      scheduler.plan(held, text, startMs + index, note(text));
    const cancel = scheduler.plan(held, 'cancelled', startMs + 1, note('cancelled'));
    scheduler.plan(dead, 'dead', startMs + 1, note('dead'));
    held.state = 'held';
    scheduler.kill(dead);
    await scheduler.advance(10);
    expect(ran).toEqual([]);
    cancel();
    scheduler.release(held);
    await scheduler.advance(0);
    expect(ran).toEqual(['one', 'two', 'three']);
  });

  test('S4: of a place that was held are cancelled by whoever planned them, also when they have been released', async () => {
    const scheduler = new Scheduler(1);
    const place = newPlace('one');
    const ran: number[] = [];
    const cancels = [1, 2, 3].map((number) => scheduler.plan(place, 'step', startMs, () => void ran.push(number)));
    place.state = 'held';
    await scheduler.advance(5);
    cancels[0]?.();
    scheduler.release(place);
    cancels[1]?.();
    await scheduler.advance(5);
    expect(ran).toEqual([3]);
    expect(place.pending).toBe(0);
  });

  test('S6: that do not let time go on are an error', async () => {
    const scheduler = new Scheduler(1);
    const place = newPlace('busy');
    const again = (): void => void scheduler.plan(place, 'again', scheduler.nowMs, again);
    again();
    await expect(scheduler.advance(1)).rejects.toThrow('expected time to go on, got: 100000 steps at one moment');
    scheduler.kill(place);
    await scheduler.advance(1); // whoever was told can end the rest
    expect(scheduler.nowMs).toBe(startMs + 1);
  });
});

describe('waiting', () => {
  test('goes on until what is awaited has settled, and says so when nothing could bring it about, or not in time', async () => {
    const scheduler = new Scheduler(1);
    const place = newPlace('p');
    const value = new Promise(
      (resolve) => void scheduler.plan(place, 'later', startMs + 3_600_000, () => resolve('it')),
    );
    expect(await scheduler.settled(value, 'it', 4_000_000)).toBe('it');
    expect(scheduler.nowMs).toBe(startMs + 3_600_000);
    await expect(scheduler.settled(new Promise(() => {}), 'what never comes')).rejects.toThrow('nothing is planned');
    const steps: Step[] = [];
    scheduler.plan(place, 'late', scheduler.nowMs + 100, () => {});
    await expect(scheduler.until(() => steps.length > 0, 'a step', 50)).rejects.toThrow('within 50 ms of virtual time');
  });

  test('of several for different things lets each go on when its own has come', async () => {
    const scheduler = new Scheduler(1);
    const place = newPlace('p');
    const at = (ms: number): Promise<number> =>
      new Promise((resolve) => void scheduler.plan(place, 'at', startMs + ms, () => resolve(ms)));
    expect(
      await Promise.all([scheduler.settled(at(30)), scheduler.settled(at(10)), scheduler.settled(at(20))]),
    ).toEqual([30, 10, 20]);
    expect(scheduler.nowMs).toBe(startMs + 30);
  });
});
