/**
 * How many tasks a cell takes ahead of its handlers, by the time that they took.
 */
import { describe, expect, test } from 'vitest';
import { Pace } from '../../../src/runtime/pace.ts';

function paceOf(tasks: number, tookMs: number): Pace {
  const pace = new Pace();
  for (let i = 0; i < tasks; i++) pace.note(tookMs);
  return pace;
}

describe('the pace of a cell', () => {
  test('is not known before 32 tasks have ended: nothing is taken ahead', () => {
    expect([paceOf(31, 1).ahead(1), paceOf(32, 1).ahead(1)]).toEqual([0, 20]);
  });

  test('takes what the handlers get through in 20 ms, at most 256, and nothing ahead of longer ones', () => {
    const aheadOf = (tookMs: number, concurrency: number): number => paceOf(100, tookMs).ahead(concurrency);
    expect([
      aheadOf(0, 1),
      aheadOf(0.5, 1),
      aheadOf(5, 2),
      aheadOf(20, 1),
      aheadOf(21, 1),
      aheadOf(1_000, 100),
    ]).toEqual([256, 40, 8, 1, 0, 2]);
  });

  test('follows handlers that become slower, and is not known any more when it is forgotten', () => {
    const pace = paceOf(1_000, 1);
    for (let i = 0; i < 100; i++) pace.note(50);
    expect(pace.ahead(1)).toBe(0);
    const forgotten = paceOf(1_000, 1);
    forgotten.forget();
    expect(forgotten.ahead(1)).toBe(0);
  });
});
