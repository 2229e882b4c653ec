/**
 * How long to wait before the next try.
 */
import { describe, expect, test } from 'vitest';
import { type Backoff, backoffMs, defaultBackoff, resolveBackoff } from '../../../src/core/backoff.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';

const random = new SeededRandom(7);
const waits = (backoff: Backoff, failures: readonly number[]): number[] =>
  failures.map((failure) => backoffMs(backoff, failure, random, 'retry'));

describe('a wait', () => {
  test('doubles with every failure up to the limit when exponential', () => {
    const backoff: Backoff = { kind: 'exponential', baseMs: 100, maxMs: 1_000, jitter: false };
    expect(waits(backoff, [1, 2, 3, 4, 5, 6, 1_000_000])).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  test('stays the same when fixed, and never exceeds its limit', () => {
    expect(waits({ kind: 'fixed', baseMs: 100, maxMs: 1_000, jitter: false }, [1, 2, 50])).toEqual([100, 100, 100]);
    expect(waits({ kind: 'fixed', baseMs: 5_000, maxMs: 1_000, jitter: false }, [1])).toEqual([1_000]);
  });

  test('with jitter is a whole number drawn from nothing up to the bound', () => {
    const backoff: Backoff = { kind: 'exponential', baseMs: 1_000, maxMs: 8_000, jitter: true };
    const drawn = waits(
      backoff,
      Array.from({ length: 500 }, () => 3),
    );
    expect(drawn.every((ms) => Number.isInteger(ms) && ms >= 0 && ms < 4_000)).toBe(true);
    expect(Math.min(...drawn)).toBeLessThan(400);
    expect(Math.max(...drawn)).toBeGreaterThan(3_600);
  });

  test('with jitter depends on nothing but seed and purpose', () => {
    const draw = (seed: number, purpose: string): number =>
      backoffMs(defaultBackoff, 9, new SeededRandom(seed), purpose);
    expect(draw(1, 'a')).toBe(draw(1, 'a'));
    expect(draw(1, 'a')).not.toBe(draw(2, 'a'));
    expect(draw(1, 'a')).not.toBe(draw(1, 'b'));
  });
});

describe('an option', () => {
  test('left out means the default', () => {
    expect(resolveBackoff(undefined)).toEqual(defaultBackoff);
    expect(resolveBackoff({})).toEqual(defaultBackoff);
  });

  test('that is a duration means always that long', () => {
    expect(resolveBackoff('2s')).toEqual({ kind: 'fixed', baseMs: 2_000, maxMs: 2_000, jitter: false });
    expect(resolveBackoff(50)).toMatchObject({ kind: 'fixed', baseMs: 50 });
  });

  test('in parts takes durations and fills in the rest', () => {
    expect(resolveBackoff({ base: '1s', max: '1m', jitter: false })).toEqual({
      kind: 'exponential',
      baseMs: 1_000,
      maxMs: 60_000,
      jitter: false,
    });
  });

  test('with something that is no duration is none', () => {
    expect(resolveBackoff('soon' as never)).toBeUndefined();
    expect(resolveBackoff({ base: 'soon' as never })).toBeUndefined();
    expect(resolveBackoff({ max: -1 })).toBeUndefined();
  });
});
