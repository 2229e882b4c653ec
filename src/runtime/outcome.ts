/**
 * What became of a handler call: every way it can end, normalised in one place, pure.
 *
 * The table of `conventions.md`: whose fault was it, is it retried, does it count as an attempt.
 */
import { backoffMs, type Backoff } from '../core/backoff.ts';
import {
  BrokerError,
  CancelledError,
  DeliveryError,
  describeError,
  OwnershipError,
  RetryableError,
  TerminalError,
} from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Outcome } from '../broker/tasks.ts';

export interface Attempt {
  readonly taskId: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Tries after the first one that failed. */
  readonly retries: number;
  /** Attempts that ended with their holder: no failure of the task. */
  readonly lost: number;
  /** How often it was given back after its handler had begun. */
  readonly returned: number;
  readonly backoff: Backoff;
  readonly resultTtlMs: number;
}

/** `abandon`: the task is no longer ours; nothing may be said about it. */
export type Verdict = Outcome | { readonly kind: 'abandon' };

/** A broker that is in trouble every time is no trouble of the broker. */
const mostReturns = 5;

/** The verdict on a task whose handler (or a step before it) threw `error`. */
export function verdictOf(error: unknown, attempt: Attempt, random: Random): Verdict {
  if (error instanceof OwnershipError && error.code !== 'lock-lost') return { kind: 'abandon' };
  const withdrawn = error instanceof CancelledError && error.code !== 'timeout';
  if (withdrawn && error.code !== 'cancelled') return { kind: 'release' };
  if (error instanceof BrokerError && error.repeatable && attempt.returned < mostReturns) return { kind: 'release' };
  const record = describeError(error);
  const dead = (reason: string): Verdict => ({ kind: 'dead', reason, error: record, resultTtlMs: attempt.resultTtlMs });
  if (withdrawn) return dead(error.code);
  if (error instanceof TerminalError) return dead('terminal');
  if (error instanceof DeliveryError && finalCodes.has(error.code)) return dead(error.code);
  const failures = attempt.attempt - attempt.lost;
  if (failures > attempt.retries) return dead('retries-exhausted');
  const wished = error instanceof RetryableError ? error.afterMs : undefined;
  const delayMs = wished ?? backoffMs(attempt.backoff, failures, random, `retry:${attempt.taskId}#${attempt.attempt}`);
  return { kind: 'retry', delayMs, error: record };
}

/** Trying again would end the same way. */
const finalCodes: ReadonlySet<string> = new Set(['no-handler', 'malformed', 'invalid-payload', 'deadline', 'poison']);
