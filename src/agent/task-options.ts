/**
 * Options of a task handler, checked and completed.
 *
 * Apart from the table of handlers, because contracts and handlers share it: a caller by contract reads how the task is to
 * be tried from the contract alone.
 */
import { type Backoff, defaultBackoff, resolveBackoff } from '../core/backoff.ts';
import { parseDuration } from '../core/duration.ts';
import type { Priority } from './contract.ts';
import type { Task } from './envelopes.ts';
import type { AnyTaskOptions } from './registration.ts';

export interface ResolvedTaskOptions {
  readonly retries: number;
  readonly backoff: Backoff;
  readonly priority: Priority;
  /** Absent: no limit. */
  readonly timeoutMs?: number;
  /** Absent: that of every handler. */
  readonly graceMs?: number;
  /** Absent: the fleet's. */
  readonly resultTtlMs?: number;
  /** The lock's name for this task; absent: no lock. */
  readonly lockName?: (task: Task) => string;
  /** What makes the concurrency key from the input; absent: no key. */
  readonly concurrencyKey?: string | ((input: never) => string);
}

/** The resolved options; what is wrong with them is added to `problems`. */
export function resolveTaskOptions(options: AnyTaskOptions, what: string, problems: string[]): ResolvedTaskOptions {
  const { retries = 3, priority = 'normal', timeout, grace, resultTtl, lock, concurrencyKey } = options;
  const expect = (option: string, ok: boolean, rule: string, value: unknown): void => {
    if (!ok) problems.push(`expected ${option} of ${what} to be ${rule}, got: ${show(value)}`);
  };
  const backoff = resolveBackoff(options.backoff);
  const timeoutMs = parseDuration(timeout);
  const graceMs = parseDuration(grace);
  const resultTtlMs = parseDuration(resultTtl);
  expect('retries', Number.isSafeInteger(retries) && retries >= 0, 'a whole number of 0 or more', retries);
  expect('priority', ['high', 'normal', 'low'].includes(priority), '"high", "normal" or "low"', priority);
  expect('backoff', backoff !== undefined, 'a duration or { kind, base, max, jitter }', options.backoff);
  expect('timeout', timeout === undefined || (timeoutMs ?? 0) > 0, "a duration above 0 such as '2m'", timeout);
  expect('grace', grace === undefined || graceMs !== undefined, "a duration such as '5s'", grace);
  expect('resultTtl', resultTtl === undefined || resultTtlMs !== undefined, "a duration such as '1h'", resultTtl);
  const isKey = concurrencyKey === undefined || typeof concurrencyKey === 'function' || concurrencyKey !== '';
  expect('concurrencyKey', isKey, 'a key or a function of the input', concurrencyKey);
  expect('lock', lock === undefined || typeof lock === 'function' || lock !== '', 'a name or a function', lock);
  return {
    retries,
    priority,
    backoff: backoff ?? defaultBackoff,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(graceMs !== undefined && { graceMs }),
    ...(resultTtlMs !== undefined && { resultTtlMs }),
    ...(concurrencyKey !== undefined && { concurrencyKey }),
    ...(lock !== undefined && { lockName: typeof lock === 'string' ? () => lock : (lock as (task: Task) => string) }),
  };
}

function show(value: unknown): string {
  return typeof value === 'function' ? 'a function' : String(JSON.stringify(value));
}
