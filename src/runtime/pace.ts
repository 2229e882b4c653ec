/**
 * How far ahead of its handlers a cell takes tasks: as many as they get through in a moment.
 *
 * A task that is here already when a handler ends saves its way to the broker, which for short handlers takes longer than they do. One that
 * waits here cannot run elsewhere, so nobody takes more than a moment's work: long handlers take nothing ahead. What that is, is known
 * from the tasks that ended last; at first nothing is.
 */
const momentMs = 20;
/** Ended tasks from which a pace is known. */
const leastKnown = 32;
/** The share of the newest one in the mean. */
const share = 1 / 16;
const mostAhead = 256;

export class Pace {
  #meanMs = 0;
  #known = 0;

  /** A task has ended, `tookMs` after its handler's turn came. */
  note(tookMs: number): void {
    this.#known++;
    this.#meanMs += (tookMs - this.#meanMs) * Math.max(share, 1 / this.#known);
  }

  /** It does not hold any more: a handler takes much longer than those before it. */
  forget(): void {
    this.#known = 0;
    this.#meanMs = 0;
  }

  /** Tasks to have ready behind those that run. */
  ahead(concurrency: number): number {
    if (this.#known < leastKnown) return 0;
    return Math.min(mostAhead, Math.floor((concurrency * momentMs) / Math.max(this.#meanMs, momentMs / mostAhead)));
  }
}
