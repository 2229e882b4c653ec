/**
 * Virtual time: it stands still until it is moved, and runs what falls due in one order.
 */
import { expect, test } from 'vitest';
import { repeat, sleep } from '../../../src/core/clock.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

test('time stands still until it is moved', async () => {
  const clock = new VirtualClock(1_000);
  let ran = false;
  clock.setTimer(0, () => (ran = true));
  await clock.settle();
  expect([clock.now(), clock.monotonic(), ran]).toEqual([1_000, 0, false]);
  await clock.advance(0);
  expect([clock.now(), ran]).toEqual([1_000, true]);
  await clock.advance(25);
  expect([clock.now(), clock.monotonic()]).toEqual([1_025, 25]);
});

test('timers run at their due time, in the order of due times, then of setting', async () => {
  const clock = new VirtualClock(0);
  const ran: string[] = [];
  const note = (name: string) => () => void ran.push(`${name}@${clock.now()}`);
  clock.setTimer(20, note('late'));
  clock.setTimer(10, note('first'));
  clock.setTimer(10, note('second'));
  clock.setTimer(-5, note('overdue'));
  clock.setTimer(31, note('never'));
  await clock.advance(30);
  expect(ran).toEqual(['overdue@0', 'first@10', 'second@10', 'late@20']);
  expect([clock.now(), clock.pending]).toEqual([30, 1]);
});

test('a timer set by a timer runs in the same advance when it falls due in it', async () => {
  const clock = new VirtualClock(0);
  const ran: number[] = [];
  const again = (): void => {
    ran.push(clock.now());
    clock.setTimer(10, again);
  };
  clock.setTimer(10, again);
  await clock.advance(45);
  expect(ran).toEqual([10, 20, 30, 40]);
});

test('a cancelled timer does not run; cancelling it twice or late does nothing', async () => {
  const clock = new VirtualClock();
  let ran = 0;
  const cancelled = clock.setTimer(10, () => ran++);
  const kept = clock.setTimer(10, () => ran++);
  cancelled.cancel();
  cancelled.cancel();
  await clock.advance(10);
  kept.cancel();
  expect([ran, clock.pending]).toEqual([1, 0]);
});

test('every microtask finishes between two timers, however long the chain', async () => {
  const clock = new VirtualClock(0);
  const ran: string[] = [];
  clock.setTimer(1, () => {
    void (async () => {
      for (let i = 0; i < 500; i++) await Promise.resolve();
      ran.push(`chain@${clock.now()}`);
    })();
  });
  clock.setTimer(2, () => void ran.push('next'));
  await clock.advance(5);
  expect(ran).toEqual(['chain@1', 'next']);
});

test('the end of a tick comes by itself, after all microtasks, without time moving', async () => {
  const clock = new VirtualClock(0);
  const ran: string[] = [];
  clock.endOfTick(() => void ran.push('end'));
  void Promise.resolve()
    .then(() => ran.push('micro'))
    .then(() => ran.push('task'));
  await clock.settle();
  expect([ran, clock.now()]).toEqual([['micro', 'task', 'end'], 0]);
});

test('ends of ticks that set further ends of ticks all run', async () => {
  const clock = new VirtualClock(0);
  const ran: number[] = [];
  const next = (left: number): void => {
    ran.push(left);
    if (left > 0) clock.endOfTick(() => next(left - 1));
  };
  clock.endOfTick(() => next(3));
  await clock.settle();
  expect(ran).toEqual([3, 2, 1, 0]);
});

test('ends of ticks also run while nobody drives the clock', async () => {
  const clock = new VirtualClock(0);
  await new Promise<void>((resolve) => clock.endOfTick(resolve));
  await new Promise<void>((resolve) => clock.endOfTick(resolve));
  expect(clock.now()).toBe(0);
});

test('until moves the time as far as a promise needs, and no further', async () => {
  const clock = new VirtualClock(0);
  clock.setTimer(500, () => {});
  const work = (async () => {
    await sleep(clock, 100);
    await sleep(clock, 50);
    return 'done';
  })();
  expect(await clock.until(work)).toBe('done');
  expect(clock.now()).toBe(150);
});

test('until passes a rejection on', async () => {
  const clock = new VirtualClock(0);
  const work = sleep(clock, 10).then(() => Promise.reject(new Error('broken')));
  await expect(clock.until(work)).rejects.toThrow('broken');
});

test('until fails when nothing is scheduled, and when its limit is reached', async () => {
  const clock = new VirtualClock(0);
  const never = new Promise<void>(() => {});
  await expect(clock.until(never)).rejects.toThrow('nothing is scheduled');
  repeat(
    clock,
    () => 100,
    () => Promise.resolve(),
  );
  await expect(clock.until(never, 1_000)).rejects.toThrow('within 1000 ms');
  expect(clock.now()).toBe(1_000);
});

test('sleep ends early when its signal aborts, and leaves no timer behind', async () => {
  const clock = new VirtualClock(0);
  const abort = new AbortController();
  const asleep = sleep(clock, 100, abort.signal);
  abort.abort(new Error('enough'));
  await expect(asleep).rejects.toThrow('enough');
  await expect(sleep(clock, 100, abort.signal)).rejects.toThrow('enough');
  expect(clock.pending).toBe(0);
});

test('repeat waits between the end of one run and the start of the next, until it is cancelled', async () => {
  const clock = new VirtualClock(0);
  const started: number[] = [];
  const timer = repeat(
    clock,
    () => 10,
    async () => {
      started.push(clock.now());
      await sleep(clock, 5);
      if (started.length === 2) throw new Error('a failed run does not end the series');
    },
  );
  await clock.advance(45);
  timer.cancel();
  await clock.advance(100);
  expect(started).toEqual([10, 25, 40]);
});
