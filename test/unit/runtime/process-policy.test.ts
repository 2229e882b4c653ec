/**
 * What a supervisor process concludes from the end of a node process, and from its silence.
 */
import { describe, expect, test } from 'vitest';
import { isHang, judgeEnd, longerSilence, type ProcessEnd } from '../../../src/runtime/process-policy.ts';

const end = (given: Partial<ProcessEnd>): ProcessEnd => ({
  code: null,
  signal: null,
  wasUp: true,
  outOfMemory: false,
  ...given,
});

describe('the end of a node process', () => {
  test.each([
    ['one that drained is not wanted any more', { code: 0 }, { kind: 'drained' }],
    ['one that asks for it is started again without a failure', { code: 75 }, { kind: 'again' }],
    [
      'one that asks for it before it was up has failed',
      { code: 75, wasUp: false },
      { kind: 'failed', why: 'asked for a restart before it was up' },
    ],
    [
      'a wrong configuration would be wrong again',
      { code: 78 },
      { kind: 'hopeless', code: 78, why: 'refused its configuration' },
    ],
    [
      'a wrong command line would be wrong again',
      { code: 64 },
      { kind: 'hopeless', code: 64, why: 'refused its command line' },
    ],
    ['any other status is a failure', { code: 69 }, { kind: 'failed', why: 'ended with status 69' }],
    ['a signal is a failure', { signal: 'SIGKILL' }, { kind: 'failed', why: 'was ended by SIGKILL' }],
    [
      'a full heap is told with its limit',
      { signal: 'SIGABRT', outOfMemory: true, memoryMb: 512 },
      { kind: 'failed', why: 'ran out of memory (its heap is limited to 512 MB)' },
    ],
    [
      'one that was killed because it hung is told as that',
      { signal: 'SIGKILL', hungMs: 10_240 },
      { kind: 'failed', why: 'made no progress for 10.2 s' },
    ],
  ] as const)('%s', (_, given, verdict) => {
    expect(judgeEnd(end(given))).toEqual(verdict);
  });
});

describe('silence', () => {
  const silence = (looks: readonly number[]): number => looks.reduce((sofar, ms) => longerSilence(sofar, ms, 500), 0);

  test('grows with every look', () => {
    expect(silence([500, 510, 490])).toBe(1_500);
  });

  test('does not count the time in which the supervisor process did not run itself', () => {
    expect(silence([500, 3_600_000, 500])).toBe(2_000);
  });

  test('is a hang at the limit, and later for a process that has not said its first word', () => {
    expect([isHang(9_999, true, 10_000), isHang(10_000, true, 10_000)]).toEqual([false, true]);
    expect([isHang(59_999, false, 10_000), isHang(60_000, false, 10_000)]).toEqual([false, true]);
    expect(isHang(60_000, false, 120_000)).toBe(false);
  });
});
