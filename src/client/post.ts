/**
 * Live post: notices and log lines of one tick in one call, at most once.
 *
 * What cannot be sent is lost and reported; whoever waits for a reply has its deadline. Bounded: past the limit the newest
 * is dropped, and that is reported, too.
 */
import type { Clock } from '../core/clock.ts';
import { BrokerError, describeError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { observe, type Observer } from '../core/observer.ts';

export interface PostDeps<Item> {
  readonly clock: Clock;
  readonly observer: Observer;
  /** For reports: what is sent, as in `sending replies`. */
  readonly what: string;
  readonly deliver: (items: readonly Item[]) => Promise<void>;
}

export class Post<Item> {
  readonly #deps: PostDeps<Item>;
  #items: Item[] = [];
  /** How many were taken, and how many of those are on no way any more: in their order. */
  #sent = 0;
  #done = 0;
  #delivering: Promise<void> | undefined;

  constructor(deps: PostDeps<Item>) {
    this.#deps = deps;
  }

  send(item: Item): void {
    if (this.#items.length >= limits.collectorOps)
      return this.#report(new BrokerError('overloaded', 'too many wait; the newest is dropped'));
    this.#items.push(item);
    this.#sent++;
    if (this.#items.length === 1 && this.#delivering === undefined) this.#flushSoon();
  }

  /** Resolves when what was sent until now has been delivered or reported. */
  async flush(): Promise<void> {
    const until = this.#sent;
    while (this.#done < until) {
      this.#delivering ??= this.#deliver();
      await this.#delivering;
    }
  }

  #flushSoon(): void {
    this.#deps.clock.endOfTick(() => void this.flush());
  }

  async #deliver(): Promise<void> {
    const batch = this.#items.splice(0, limits.frameOps);
    try {
      await this.#deps.deliver(batch);
    } catch (error) {
      this.#report(error);
    } finally {
      this.#done += batch.length;
      this.#delivering = undefined;
      if (this.#items.length > 0) this.#flushSoon(); // they came meanwhile
    }
  }

  #report(error: unknown): void {
    observe(this.#deps.observer, 'broker.trouble', { what: this.#deps.what, error: describeError(error) });
  }
}
