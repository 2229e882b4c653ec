/**
 * The clock of one simulated process: timers are steps of its place; its wall clock may be set, and it may run fast or slow.
 *
 * Each process has one of its own, as each machine has: what the processes share is the scheduler's time, which none of them sees.
 */
import type { Clock, Timer } from '../core/clock.ts';
import { type Place, type Scheduler, startMs } from './scheduler.ts';

/** Time is a double: by less than this it would not go on, and a timer that is armed again until it has would never end. */
const leastMs = 0.001;

export class ProcessClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #place: Place;
  #wallOffsetMs = 0;
  /** Milliseconds of this clock in one of virtual time. */
  #rate = 1;
  /** When the rate was set: in virtual time and on this clock. */
  #since = startMs;
  #sinceHere = 0;

  constructor(scheduler: Scheduler, place: Place) {
    this.#scheduler = scheduler;
    this.#place = place;
  }

  now(): number {
    return Math.floor(startMs + this.monotonic() + this.#wallOffsetMs);
  }

  monotonic(): number {
    return this.#sinceHere + (this.#scheduler.nowMs - this.#since) * this.#rate;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const delay = delayMs > 0 ? Math.max(leastMs, delayMs / this.#rate) : 0;
    const at = this.#scheduler.nowMs + delay;
    return { cancel: this.#scheduler.plan(this.#place, 'timer', at, run) };
  }

  endOfTick(run: () => void): void {
    this.#scheduler.endOfTick(this.#place, run);
  }

  /** Somebody sets the clock of this machine; time goes on as before. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** From now on the clock runs `rate` times as fast as the others. */
  drift(rate: number): void {
    this.#sinceHere = this.monotonic();
    this.#since = this.#scheduler.nowMs;
    this.#rate = rate;
  }
}
