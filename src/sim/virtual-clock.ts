/**
 * Virtual time: a clock that stands still until a test moves it.
 *
 * Timers live in one heap-ordered list by (due time, order of setting). `advance` runs them one by one and lets every
 * microtask finish between two of them, so an hour of fleet time costs milliseconds and always runs in the same order.
 * Ends of ticks run by themselves, without moving the time: code that batches per tick needs no special care.
 */
import type { Clock, Timer } from '../core/clock.ts';
import { InvariantError } from '../core/errors.ts';
import { drainMicrotasks } from '../core/system.ts';

interface Entry {
  readonly dueAt: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  #order = 0;
  /** Sorted by due time, then order. */
  readonly #timers: Entry[] = [];
  #ticks: (() => void)[] = [];
  #pumping = false;

  /** Starts at `startMs` milliseconds since 1970. */
  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const entry: Entry = { dueAt: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    const behind = this.#timers.findIndex((other) => other.dueAt > entry.dueAt);
    this.#timers.splice(behind < 0 ? this.#timers.length : behind, 0, entry);
    return {
      cancel: () => {
        const at = this.#timers.indexOf(entry);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
  }

  endOfTick(run: () => void): void {
    this.#ticks.push(run);
    if (this.#pumping) return;
    this.#pumping = true;
    void this.#pump();
  }

  /** Number of timers that are pending. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves the time forward by `ms`, running every timer that falls due, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await this.settle();
    for (let next = this.#timers[0]; next !== undefined && next.dueAt <= until; next = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.dueAt);
      next.run();
      await this.settle();
    }
    this.#nowMs = until;
  }

  /** Moves the time from timer to timer until `promise` has settled; fails after `limitMs` of virtual time. */
  async until<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let settled = false;
    const mark = (): void => void (settled = true);
    promise.then(mark, mark);
    const limit = this.#nowMs + limitMs;
    await this.settle();
    while (!settled) {
      const next = this.#timers[0];
      if (next === undefined) throw new InvariantError('nothing is scheduled, and what is awaited has not happened');
      if (next.dueAt > limit)
        throw new InvariantError(`what is awaited has not happened within ${limitMs} ms of virtual time`);
      await this.advance(next.dueAt - this.#nowMs);
    }
    return promise;
  }

  /** Lets everything that can run without the time moving run. */
  async settle(): Promise<void> {
    do {
      await drainMicrotasks();
      this.#runTicks();
      await drainMicrotasks();
    } while (this.#ticks.length > 0);
  }

  async #pump(): Promise<void> {
    while (this.#ticks.length > 0) {
      await drainMicrotasks();
      this.#runTicks();
    }
    this.#pumping = false;
  }

  #runTicks(): void {
    const ticks = this.#ticks;
    this.#ticks = [];
    for (const run of ticks) run();
  }
}
