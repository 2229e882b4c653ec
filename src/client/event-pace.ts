/**
 * The time of readers of the event stream: the rhythm of a replay, and the moment at which a follower ends.
 *
 * Both may lie days ahead, which is longer than a timer holds, so they wait in pieces.
 */
import { type Clock, sleep, type Timer } from '../core/clock.ts';
import { RuntimeError } from '../core/errors.ts';

const longestSleepMs = 86_400_000;

export interface PaceOptions {
  /** 1: as it was. Absent: no waiting at all. */
  readonly speed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A function that waits until an event of the given time is due, counted from the first one. Throws `RuntimeError`. */
export function keepPace(clock: Clock, { speed, signal }: PaceOptions): (timeMs: number) => Promise<void> {
  if (speed === undefined) return () => Promise.resolve();
  if (!(speed > 0) || !Number.isFinite(speed))
    throw new RuntimeError('range', `expected speed to be a number above 0, got: ${speed}`);
  let start: { readonly at: number; readonly timeMs: number } | undefined;
  return async (timeMs) => {
    start ??= { at: clock.monotonic(), timeMs };
    const dueAt = start.at + (timeMs - start.timeMs) / speed;
    for (let left = dueAt - clock.monotonic(); left > 0 && !signal?.aborted; left = dueAt - clock.monotonic())
      await sleep(clock, Math.min(left, longestSleepMs), signal).catch(() => undefined); // aborting ends the replay
  };
}

/** Calls `ring` once `leftMs` has come down to 0; never when it is infinite. */
export function alarm(clock: Clock, leftMs: () => number, ring: () => void): Timer {
  let timer: Timer | undefined;
  const set = (): void => {
    const left = leftMs();
    if (left === Number.POSITIVE_INFINITY) return;
    timer = clock.setTimer(Math.min(Math.max(left, 0), longestSleepMs), () => (leftMs() > 0 ? set() : ring()));
  };
  set();
  return { cancel: () => timer?.cancel() };
}
