/**
 * Schedules in the configuration: what is wrong with one is told with everything else, before anything starts.
 */
import { Agent, defineConfig, pool } from 'agent-runtime';
import { expect, test } from 'vitest';
import { resolveConfig, type RuntimeOptions } from '../../../src/config/config.ts';
import { ConfigError } from '../../../src/core/errors.ts';

class AuditAgent extends Agent {}

const task = [AuditAgent, 'audit', {}] as const;

function problemsOf(schedules: unknown): readonly string[] {
  try {
    resolveConfig({ schedules } as RuntimeOptions);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('schedules are handed on as they were written', () => {
  const nightly = { cron: '0 3 * * *', timeZone: 'Europe/Berlin', task, missed: 'once' } as const;
  const beat = {
    every: '15m',
    startAt: new Date(0),
    task: [{ role: 'audit', task: 'audit' }],
    options: { retries: 1 },
  } as const;
  const options = defineConfig({ agents: [pool(AuditAgent)], schedules: { nightly, beat } });
  expect(resolveConfig(options).schedules).toEqual({ nightly, beat });
  expect(resolveConfig({}).schedules).toEqual({});
});

test.each([
  [
    { a: { cron: '61 * * * *', task } },
    /^expected schedules\.a\.cron to be a cron expression.*, got: "61 \* \* \* \*"$/,
  ],
  [{ a: { cron: '0 3 * * *', timeZone: 'Berlin', task } }, /^expected schedules\.a\.timeZone to be the IANA name/],
  [{ a: { every: '5ms', task } }, /^expected schedules\.a\.every to be a duration from '1s' to '366d'/],
  [
    { a: { task } },
    /^expected schedules\.a\.every to be a duration .* unless there is a cron expression, got: nothing$/,
  ],
  [{ a: { every: '1m' } }, /^expected schedules\.a\.task to be a list such as/],
  [
    { a: { every: '1m', task, missed: 'never' } },
    /^expected schedules\.a\.missed to be 'skip' or 'once' or 'all', got: "never"\nLeave it out for the default: skip\.$/,
  ],
  [
    { a: { every: '1m', task, overlaps: 'skip' } },
    /^expected schedules\.a\.overlaps to be an option, .*\nDid you mean "overlap"\?$/,
  ],
  [{ 'a b': { every: '1m', task } }, /^expected the name of a schedule in schedules to be at most 64 letters.*, got: /],
  [{ a: 7 }, /^expected schedules\.a to be an object of options, got: 7$/],
  [[], /^expected schedules to be an object of schedules by name, got: \[\]$/],
])('%o', (schedules, expected) => {
  const problems = problemsOf(schedules);
  expect(problems).toEqual([expect.stringMatching(expected)]);
});

test('all that is wrong is told at once', () => {
  const wrong = { cron: '61 * * * *', task: [], missed: 'never' };
  expect(problemsOf({ a: wrong, b: wrong })).toHaveLength(6);
});
