/**
 * Changing the limits of a queue, for callers and for the configuration of a node: checked, and brought to the broker's form.
 *
 * Apart from the verbs of a fleet, because a node that starts sets those of its configuration by it.
 */
import type { LimitChange, QueueLimits } from '../broker/control.ts';
import { type Duration, parseDuration } from '../core/duration.ts';
import { ConfigError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Member } from './member.ts';

/** What is absent stays as it is; `null` takes the limit away. */
export interface QueueLimitOptions {
  /** Tasks of the queue that run at a time in the whole fleet. */
  readonly concurrency?: number | null;
  /** Tasks of the queue that start in any span `per`, in the whole fleet: first tries, retries and take-overs. */
  readonly rate?: { readonly max: number; readonly per: Duration } | null;
}

/** Throws `ConfigError` with everything that is out of range, and for a queue with partitions, which no limit spans; rejects with `BrokerError`. Repeating it is safe. */
export function limitQueue(member: Member, queue: string, change: QueueLimitOptions): Promise<QueueLimits> {
  const partitions = member.partitions.all(queue).length;
  if (partitions > 1)
    throw new ConfigError([
      `expected queue "${queue}" to have one partition to be limited, got: ${partitions}\nA limit is kept where the tasks are; bound the size of the pool instead.`,
    ]);
  return member.deps.broker.control.limit(queue, readChange(change));
}

function readChange({ concurrency, rate }: QueueLimitOptions): LimitChange {
  const problems: string[] = [];
  const count = (what: string, value: number, most: number): number => {
    if (!Number.isSafeInteger(value) || value < 1 || value > most)
      problems.push(`expected ${what} to be a whole number from 1 to ${most}, got: ${value}`);
    return value;
  };
  const most = concurrency && count('concurrency', concurrency, limits.queueClaims);
  const starts = rate && {
    max: count('rate.max', rate.max, limits.queueStarts),
    perMs: parseDuration(rate.per) ?? 0,
  };
  if (concurrency === 0) count('concurrency', concurrency, limits.queueClaims);
  if (starts && starts.perMs < 1)
    problems.push(
      `expected rate.per to be a duration such as '1m' or 1500, of at least 1 ms, got: ${JSON.stringify(rate?.per)}`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...(most !== undefined && { concurrency: most }), ...(starts !== undefined && { rate: starts }) };
}
