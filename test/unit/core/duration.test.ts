/**
 * Durations as users write them.
 */
import { describe, expect, test } from 'vitest';
import { durationMs, parseDuration } from '../../../src/core/duration.ts';
import { ConfigError } from '../../../src/core/errors.ts';

describe('a duration', () => {
  test.each([
    [1_500, 1_500],
    [0, 0],
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    [' 30s ', 30_000],
    ['0.4ms', 0],
  ])('%j is %d ms', (value, expected) => {
    expect(parseDuration(value)).toBe(expected);
  });

  test.each([
    '',
    's',
    '30',
    '30 s',
    '-1s',
    '1e3s',
    '30S',
    '1s1s',
    '30sec',
    -1,
    Infinity,
    Number.NaN,
    null,
    undefined,
    {},
    true,
  ])('%j is none', (value) => {
    expect(parseDuration(value)).toBeUndefined();
  });

  test('that is none is reported with the name of its option', () => {
    expect(durationMs('2m', 'lease')).toBe(120_000);
    const fault = (): number => durationMs('soon' as never, 'tasks.lease');
    expect(fault).toThrow(ConfigError);
    expect(fault).toThrow(/^expected tasks\.lease to be a duration.*got: "soon"$/);
  });
});
