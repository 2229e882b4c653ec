/**
 * When to restart what failed: a failure history to a decision, pure.
 *
 * Intensity is a sliding window as in OTP's `supervisor` (add_restart): more than `intensity` restarts within `periodMs` mean that
 * restarting does not help, and the failure goes to the parent. A restart exactly `periodMs` ago still counts, as it does there.
 */
import { defaultPolicy } from '../config/supervision.ts';
import { type Backoff, backoffMs } from '../core/backoff.ts';
import type { Random } from '../core/random.ts';

/** How often within which span of time. */
export interface Intensity {
  /** Restarts allowed within the period. */
  readonly intensity: number;
  readonly periodMs: number;
}

export interface RestartPolicy extends Intensity {
  readonly backoff: Backoff;
}

export const defaultRestartPolicy: RestartPolicy = defaultPolicy;

export type RestartDecision =
  | { readonly kind: 'restart'; readonly afterMs: number; readonly history: readonly number[] }
  | { readonly kind: 'escalate' };

/** Decides after a failure at monotonic time `now`; `history` holds the times of the restarts before. */
export function decideRestart(
  policy: RestartPolicy,
  history: readonly number[],
  now: number,
  random: Random,
  purpose: string,
): RestartDecision {
  const recent = addRestart(policy, history, now);
  if (recent === undefined) return { kind: 'escalate' };
  return { kind: 'restart', afterMs: backoffMs(policy.backoff, recent.length, random, purpose), history: recent };
}

/** The history with one more at `now`, without what lies before the period; undefined when that is one too many. */
export function addRestart(
  { intensity, periodMs }: Intensity,
  history: readonly number[],
  now: number,
): readonly number[] | undefined {
  const recent = [...history.filter((at) => at >= now - periodMs), now];
  return recent.length > intensity ? undefined : recent;
}
