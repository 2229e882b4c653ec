/**
 * How long to wait before the next try: fixed or exponential, with full jitter.
 *
 * Pure, so that retries of tasks, reconnects of links and restarts of cells decide alike. Full jitter after
 * M. Brooker, "Exponential Backoff And Jitter" (AWS, 2015): the wait is drawn from [0, bound].
 */
import { type Duration, parseDuration } from './duration.ts';
import type { Random } from './random.ts';

export interface Backoff {
  readonly kind: 'fixed' | 'exponential';
  /** The wait after the first failure, in milliseconds. */
  readonly baseMs: number;
  /** No wait is longer than this, in milliseconds. */
  readonly maxMs: number;
  /** Draw from [0, wait] instead of waiting exactly that long. */
  readonly jitter: boolean;
}

/** What users write: a fixed duration, or the parts. */
export type BackoffOption =
  | Duration
  | { kind?: 'fixed' | 'exponential'; base?: Duration; max?: Duration; jitter?: boolean };

export const defaultBackoff: Backoff = { kind: 'exponential', baseMs: 500, maxMs: 60_000, jitter: true };

/** The resolved backoff, or undefined when `option` is not one. What it leaves out is taken from `fallback`. */
export function resolveBackoff(option: BackoffOption | undefined, fallback = defaultBackoff): Backoff | undefined {
  if (option === undefined) return fallback;
  if (typeof option !== 'object') {
    const baseMs = parseDuration(option);
    return baseMs === undefined ? undefined : { kind: 'fixed', baseMs, maxMs: baseMs, jitter: false };
  }
  const baseMs = parseDuration(option.base ?? fallback.baseMs);
  const maxMs = parseDuration(option.max ?? fallback.maxMs);
  if (baseMs === undefined || maxMs === undefined) return undefined;
  return { kind: option.kind ?? fallback.kind, baseMs, maxMs, jitter: option.jitter ?? fallback.jitter };
}

/** The wait in milliseconds after failure number `failures` (1 = the first). */
export function backoffMs(backoff: Backoff, failures: number, random: Random, purpose: string): number {
  const growth = backoff.kind === 'exponential' ? 2 ** Math.min(failures - 1, 40) : 1;
  const bound = Math.min(backoff.baseMs * growth, backoff.maxMs);
  return backoff.jitter ? Math.floor(random.fraction(purpose) * bound) : bound;
}
