/**
 * Which of the times that lie behind get a run, and which are left out: the rule for missed runs, pure.
 *
 * A run is missed when nobody has begun it within `graceMs` of its time: long enough for the next node to take over, short enough
 * that what was meant for the night does not start at noon.
 */
import type { Schedule } from '../agent/schedule-verbs.ts';
import { limits } from '../core/limits.ts';
import type { PastTimes } from '../core/recurrence.ts';

export const graceMs = 60_000;
/** Times that are listed at once; more than `limits.missedRuns`. */
export const listedTimes = 1_000;

export interface RunDecision {
  /** Runs left out before anything else. */
  readonly missed: number;
  /** Then comes this one, if any. */
  readonly run?: number;
  /** Where there is no run: the first time that has not been looked at; absent when it lies ahead. */
  readonly rest?: number;
}

/** What comes first among the times up to `now`. */
export function decideRun(
  { earlier, listed, more }: PastTimes,
  now: number,
  missed: Schedule['policy']['missed'],
): RunDecision {
  if (more) {
    const left = listed.length - limits.missedRuns; // with those that follow there are more than enough of them
    return { missed: earlier + left, ...restAt(listed[left]) };
  }
  const late = listed.filter((at) => now - at > graceMs);
  const kept = late.slice(late.length - keptOf(missed, late.length, listed.length > late.length));
  const run = kept[0] ?? listed[late.length];
  return { missed: earlier + late.length - kept.length, ...(run !== undefined && { run }) };
}

/** How many of the late runs are made. One that is in time makes up for the others under `once`. */
function keptOf(missed: Schedule['policy']['missed'], late: number, oneIsInTime: boolean): number {
  if (missed === 'skip') return 0;
  if (missed === 'once') return oneIsInTime ? 0 : Math.min(1, late);
  return Math.min(limits.missedRuns, late);
}

function restAt(time: number | undefined): { readonly rest?: number } {
  return time === undefined ? {} : { rest: time };
}
