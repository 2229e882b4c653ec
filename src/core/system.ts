/**
 * The real clock and the real source of chance: the one file in `src/` that may touch `Date`, timers and `crypto`.
 *
 * Everything else receives a `Clock` and a `Random`, so that the same code runs in simulation.
 */
import { randomFillSync } from 'node:crypto';
import type { Clock, Timer } from './clock.ts';
import type { Random } from './random.ts';

/** Node caps timers at 2^31 - 1 ms; longer delays are split. */
const longestTimerMs = 0x7fffffff;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, run): Timer {
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const step = Math.min(leftMs, longestTimerMs);
      handle = setTimeout(() => (leftMs > step ? arm(leftMs - step) : run()), Math.max(0, step));
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  endOfTick: (run) => void setImmediate(run),
};

export const systemRandom: Random = {
  fraction: () => Math.random(),
  id: idSource(),
};

/** Bytes are drawn for many ids at once: a draw costs as much as twenty ids, and every task takes two. */
function idSource(): () => string {
  const [idBytes, ids] = [9, 256];
  const drawn = Buffer.allocUnsafe(idBytes * ids);
  let next = drawn.length;
  return () => {
    if (next === drawn.length) {
      randomFillSync(drawn);
      next = 0;
    }
    const at = next;
    next += idBytes;
    return drawn.toString('base64url', at, next);
  };
}

/**
 * Resolves when every microtask and tick that is runnable now, and all they start, has run; no macrotask runs meanwhile.
 * The virtual clock uses it to let a step finish.
 */
export function drainMicrotasks(): Promise<void> {
  return new Promise(afterMicrotasks);
}

/** The same with a callback: what a loop of many thousand steps a second can afford. */
export function afterMicrotasks(run: () => void): void {
  queueMicrotask(() => process.nextTick(run));
}

/** Lets the timers and the input and output of the process run once. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
