/**
 * The limits of one queue in memory: how many of its tasks may be handed out now (control, O5 to O7).
 *
 * It counts starts by itself and is told the claims; the queue's state stays the only truth about those.
 */
import type { LimitChange, QueueLimits } from '../broker/control.ts';
import { everyone } from '../broker/notices.ts';
import type { Clock } from '../core/clock.ts';
import type { MemoryFleet } from './fleet.ts';
import type { QueueState } from './queue-state.ts';
import { serveWaiters } from './waiters.ts';

export class Limiter {
  readonly #clock: Clock;
  /** Undefined: the queue has none. */
  limits: QueueLimits | undefined;
  /** Times of the starts in the window, oldest first. */
  readonly starts: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when that changed something. */
  change({ concurrency = this.limits?.concurrency, rate = this.limits?.rate }: LimitChange): boolean {
    const before = JSON.stringify(this.limits);
    const isNone = (concurrency ?? rate ?? null) === null;
    if (rate === null || rate === undefined) this.starts.length = 0;
    this.limits = isNone ? undefined : { ...(concurrency && { concurrency }), ...(rate && { rate }) };
    return JSON.stringify(this.limits) !== before;
  }

  /** Tasks that may be claimed while `claimed` are. */
  room(claimed: number): number {
    return Math.max(0, Math.min(this.startsLeft(), (this.limits?.concurrency ?? Infinity) - claimed));
  }

  /** Starts that may follow now (O6). */
  startsLeft(): number {
    const rate = this.limits?.rate;
    if (rate === undefined) return Infinity;
    const from = this.#clock.now() - rate.perMs;
    while ((this.starts[0] ?? Infinity) <= from) this.starts.shift();
    return rate.max - this.starts.length;
  }

  noteStart(): void {
    if (this.limits?.rate !== undefined) this.starts.push(this.#clock.now());
  }

  /** What a claim tells of a limited queue. */
  outlook(): { readonly againInMs?: number } | undefined {
    const left = this.startsLeft();
    if (this.limits?.rate === undefined || left > 0) return this.limits && {};
    const first = this.starts[-left] ?? 0;
    return { againInMs: Math.max(1, first + this.limits.rate.perMs - this.#clock.now()) };
  }
}

/** Carries out a step on a queue, tells everyone when a limited queue has got room by it (O7), and serves those who wait. */
export function stepOn<T>(fleet: MemoryFleet, queue: QueueState, step: () => T): T {
  const { claimed, arrivals } = { claimed: queue.claimed.size, arrivals: queue.arrivals };
  const reply = step();
  const { limits } = queue.limiter;
  const most = limits?.concurrency ?? Infinity;
  const wasFull = claimed >= most && queue.claimed.size < claimed;
  const hasPlace = limits !== undefined && queue.claimed.size < most && queue.next(1).length > 0;
  if (hasPlace && (wasFull || queue.arrivals > arrivals))
    fleet.exchange.postNotice(everyone, { kind: 'released', queue: queue.name });
  serveWaiters(fleet, queue);
  return reply;
}
