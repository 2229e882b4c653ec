/**
 * The limits of a queue in words.
 * For the table of queues and for the command that changes them, so that both say the same.
 */
import type { QueueLimits } from '../../broker/control.ts';

/** `at most 5 at a time, 100 per 1m`; empty without limits. */
export function limitsText({ concurrency, rate }: QueueLimits): string {
  const parts = [
    ...(concurrency === undefined ? [] : [`${concurrency} at a time`]),
    ...(rate === undefined ? [] : [`${rate.max} per ${spanText(rate.perMs)}`]),
  ];
  return parts.length === 0 ? '' : `at most ${parts.join(', ')}`;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** As users would write it. */
function spanText(ms: number): string {
  const [unit, length] = units.find(([, whole]) => ms % whole === 0) ?? ['ms', 1];
  return `${ms / length}${unit}`;
}
