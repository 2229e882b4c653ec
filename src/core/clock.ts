/**
 * Time, as every part of the runtime sees it.
 *
 * One interface for now, timers, sleep and the end of a tick: half a clock is no seam. Production uses the system clock
 * (system.ts), simulation a virtual one; nothing else in `src/` touches a real timer.
 */
import { abortReason } from './errors.ts';

/** A pending timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since 1970. May jump; never use it to measure a span. */
  now(): number;
  /** Milliseconds from an arbitrary start. Never goes back; use it for deadlines inside one process. */
  monotonic(): number;
  /** Calls `run` once after `delayMs` (0 or more). Timers with the same due time fire in the order they were set. */
  setTimer(delayMs: number, run: () => void): Timer;
  /** Calls `run` once, after the code that runs now and all its microtasks: the moment when a batch is complete. */
  endOfTick(run: () => void): void;
}

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const onAbort = (): void => {
      timer.cancel();
      reject(abortReason(signal));
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves to true when `promise` has settled, to false when it has not within `limitMs`. */
export async function settlesWithin(clock: Clock, limitMs: number, promise: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(clock, limitMs, over.signal).then(
    () => false,
    () => true,
  );
  void promise.then(
    () => over.abort(),
    () => over.abort(),
  );
  return late;
}

/** Repeats `tick` with `intervalMs` between the end of one run and the start of the next, until cancelled. */
export function repeat(clock: Clock, intervalMs: () => number, tick: () => Promise<void>): Timer {
  let cancelled = false;
  let timer: Timer | undefined;
  const schedule = (): void => {
    timer = clock.setTimer(intervalMs(), () => void tick().then(next, next));
  };
  const next = (): void => {
    if (!cancelled) schedule();
  };
  schedule();
  return {
    cancel() {
      cancelled = true;
      timer?.cancel();
    },
  };
}
