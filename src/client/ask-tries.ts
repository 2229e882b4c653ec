/**
 * When an ask that was refused is made again (asks.ts, A5): how long to wait before the next try, or not at all.
 *
 * Apart from the asks, because it has to know more than one of them: an id that had an owner a moment ago is on its way to the next one,
 * and one that never had any is a mistake that its caller hears of at once.
 */
import { type Backoff, backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { limits } from '../core/limits.ts';
import type { Random } from '../core/random.ts';

export interface Tries {
  readonly agentId: string;
  /** Made so far. */
  tries: number;
  /** On the monotonic clock: when it was refused first, and since when nobody runs the id. */
  refusedAt: number | undefined;
  nobodySince: number | undefined;
}

/** As long as an id is expected to move, and in that time to have no owner. */
const movingMs = 10_000;
const nobodyMs = 2_000;
const pause: Backoff = { kind: 'exponential', baseMs: 20, maxMs: 500, jitter: true };

export class AskTries {
  readonly #deps: { readonly clock: Clock; readonly random: Random };
  /** By agent id, the one seen longest ago first: when it had an owner. */
  readonly #seen = new Map<string, number>();

  constructor(deps: { readonly clock: Clock; readonly random: Random }) {
    this.#deps = deps;
  }

  /** Somebody has the id of the ask. */
  saw(ask: Tries): void {
    ask.nobodySince = undefined;
    this.#seen.delete(ask.agentId);
    this.#seen.set(ask.agentId, this.#deps.clock.monotonic());
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > limits.asksSeen && oldest !== undefined) this.#seen.delete(oldest);
  }

  /** The wait before the next try of one whose node said that the agent is moving; undefined when it has been tried for long enough. */
  refused(ask: Tries): number | undefined {
    const { clock, random } = this.#deps;
    ask.refusedAt ??= clock.monotonic();
    const waitMs = Math.max(1, backoffMs(pause, ask.tries, random, 'ask-again'));
    return clock.monotonic() + waitMs - ask.refusedAt > movingMs ? undefined : waitMs;
  }

  /** The same for one that nobody runs, if the id has an owner again and again: nodes and agents of a pool end for good. */
  nobody(ask: Tries): number | undefined {
    const now = this.#deps.clock.monotonic();
    const seenAt = this.#seen.get(ask.agentId) ?? Number.NEGATIVE_INFINITY;
    ask.nobodySince ??= now;
    const isMoving = now - seenAt <= movingMs && now - ask.nobodySince <= nobodyMs;
    return isMoving && !/[:@]/.test(ask.agentId) ? this.refused(ask) : undefined;
  }
}
