/**
 * When something repeats: time zones, the nights when the clocks change, and that nothing depends on the machine's clock.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { nextTime, readRecurrence, type Recurrence, timesUntil } from '../../../src/core/recurrence.ts';

const berlin = (cron: string): Recurrence => ({ cron, timeZone: 'Europe/Berlin' });

/** The next times after `from`, as ISO 8601 without seconds. */
function next(recurrence: Recurrence, from: string, count: number): string[] {
  const times: string[] = [];
  for (let at: number | undefined = Date.parse(from); times.length < count; ) {
    at = nextTime(recurrence, at);
    if (at === undefined) break;
    times.push(new Date(at).toISOString().replace(':00.000Z', 'Z'));
  }
  return times;
}

describe('Y5: a cron expression', () => {
  test('is read in its time zone, summer and winter', () => {
    expect(next(berlin('0 3 * * *'), '2026-01-10T12:00Z', 1)).toEqual(['2026-01-11T02:00Z']);
    expect(next(berlin('0 3 * * *'), '2026-07-10T12:00Z', 1)).toEqual(['2026-07-11T01:00Z']);
    expect(next({ cron: '0 3 * * MON-FRI', timeZone: 'UTC' }, '2026-01-10T12:00Z', 1)).toEqual(['2026-01-12T03:00Z']);
    expect(next(berlin('@hourly'), '2026-01-10T12:00Z', 2)).toEqual(['2026-01-10T13:00Z', '2026-01-10T14:00Z']);
  });

  test('at 02:30 runs at 03:00 in the night when 02:30 does not exist, and once each night around it', () => {
    expect(next(berlin('30 2 * * *'), '2026-03-28T00:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    expect(next(berlin('0,30 2 * * *'), '2026-03-28T12:00Z', 2)).toEqual(['2026-03-29T01:00Z', '2026-03-30T00:00Z']);
  });

  test('at 02:30 runs the first time in the night when 02:30 comes twice', () => {
    expect(next(berlin('30 2 * * *'), '2026-10-24T12:00Z', 2)).toEqual(['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
    expect(next(berlin('0,30 2 * * *'), '2026-10-24T12:00Z', 3)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T00:30Z',
      '2026-10-26T01:00Z',
    ]);
  });

  test('of every hour or minute goes through both nights without a gap or a double', () => {
    const from = (date: string, count: number): string[] =>
      Array.from({ length: count }, (_, hour) => `${date}T${String(hour).padStart(2, '0')}:30Z`);
    expect(next(berlin('30 * * * *'), '2026-03-29T00:00Z', 5)).toEqual(from('2026-03-29', 5));
    expect(next(berlin('30 * * * *'), '2026-10-25T00:00Z', 5)).toEqual(from('2026-10-25', 5));
  });

  test('is worked out from the time that is handed in alone', () => {
    const before = next(berlin('30 2 * * *'), '2026-03-28T00:00Z', 5);
    const { Date: real } = globalThis;
    onTestFinished(() => void (globalThis.Date = real));
    globalThis.Date = new Proxy(real, {
      construct: (target, args: readonly unknown[]): object =>
        Reflect.construct(target, args.length === 0 ? [0] : args),
    });
    expect(new globalThis.Date().getTime()).toBe(0);
    expect(next(berlin('30 2 * * *'), '2026-03-28T00:00Z', 5)).toEqual(before);
  });
});

describe('Y6: an interval', () => {
  test('knows no time zones; without a start its times are counted from 1970', () => {
    expect(next({ everyMs: 900_000, startAt: 0 }, '2026-03-29T00:50Z', 3)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-29T01:15Z',
      '2026-03-29T01:30Z',
    ]);
  });

  test('begins at its start and goes on from there', () => {
    const startAt = Date.parse('2026-05-01T10:07Z');
    const recurrence = { everyMs: 3_600_000, startAt };
    expect(next(recurrence, '2026-04-01T00:00Z', 2)).toEqual(['2026-05-01T10:07Z', '2026-05-01T11:07Z']);
    expect(nextTime(recurrence, startAt)).toBe(startAt + 3_600_000);
    expect(nextTime(recurrence, startAt + 1)).toBe(startAt + 3_600_000);
  });
});

test('times that lie behind are listed up to a number: the newest of an interval, the oldest of a cron expression', () => {
  const every = { everyMs: 60_000, startAt: 0 };
  expect(timesUntil(every, 60_000, 299_999, 10)).toEqual({
    earlier: 0,
    listed: [60_000, 120_000, 180_000, 240_000],
    more: false,
  });
  expect(timesUntil(every, 60_000, 300_000, 2)).toEqual({ earlier: 3, listed: [240_000, 300_000], more: false });
  expect(timesUntil(every, 60_000, 59_999, 2)).toEqual({ earlier: 0, listed: [], more: false });
  const cron = { cron: '* * * * *', timeZone: 'UTC' };
  expect(timesUntil(cron, 60_000, 300_000, 2)).toEqual({ earlier: 0, listed: [60_000, 120_000], more: true });
  expect(timesUntil(cron, 60_000, 120_000, 2)).toEqual({ earlier: 0, listed: [60_000, 120_000], more: false });
});

test.each([
  [{ every: '15m' }, { everyMs: 900_000, startAt: 0 }],
  [
    { every: '1d', startAt: '2026-01-01T00:00:00Z' },
    { everyMs: 86_400_000, startAt: 1_767_225_600_000 },
  ],
  [
    { every: 1_000, startAt: new Date(5) },
    { everyMs: 1_000, startAt: 5 },
  ],
  [{ cron: '0 3 * * *' }, { cron: '0 3 * * *', timeZone: 'UTC' }],
])('%j is read', (option, recurrence) => {
  expect(readRecurrence(option)).toEqual(recurrence);
});

test.each([
  [{}, 'every'],
  [{ cron: '0 3 * * *', every: '1m' }, 'every'],
  [{ cron: '0 3 * * *', startAt: 5 }, 'startAt'],
  [{ every: '1m', timeZone: 'UTC' }, 'timeZone'],
  [{ every: '1m', startAt: 'soon' }, 'startAt'],
  [{ every: '367d' }, 'every'],
  [{ every: '999ms' }, 'every'],
  [{ cron: '0 3 * * *', timeZone: 'Berlin' }, 'timeZone'],
  [{ cron: '0 0 31 2 *' }, 'cron'],
  [{ cron: 'daily' }, 'cron'],
  [{ cron: '0 0 3 * * *' }, 'cron'],
  [{ cron: 7 }, 'cron'],
])('%j is refused for its %s', (option, field) => {
  expect(readRecurrence(option)).toMatchObject({ problem: { field } });
});
