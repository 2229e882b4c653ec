/**
 * The fleet's broadcasts as one process sees them: every event once and in stream order, whatever the live link loses.
 *
 * B1  `#cursor` is the id of the last event delivered; it only grows, and only with a delivery, a gap or the start.
 * B2  A live event whose `prev` is the cursor is delivered at once. Any other one behind the cursor, a hint, or a restored link
 *     means: read the stream from the cursor.
 * B3  One read runs at a time; what asks for another meanwhile is remembered, so nothing is delivered twice or out of order.
 * B4  Where retention has trimmed what comes behind the cursor, listeners get a gap notice, then what is left.
 */
import type { Broker } from '../broker/broker.ts';
import { compareEntryIds } from '../broker/entry-id.ts';
import type { EventRecord } from '../broker/events.ts';
import type { Subscription } from '../broker/notices.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import { type Clock, type Timer, sleep } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';

export interface FeedListener {
  onEvent(event: EventRecord): void;
  /** B4: events between `after` and `next` are lost. */
  onGap(after: string, next: string): void;
}

export interface FeedDeps {
  readonly broker: Pick<Broker, 'events'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
}

const pageSize = 256;
const readBackoff: Backoff = { kind: 'exponential', baseMs: 50, maxMs: 1_000, jitter: true };
/** When to look for an event that a foreign agent has announced before it is in the stream. */
const hintLooksMs = [0, 20, 200, 2_000];

export class EventFeed {
  readonly #deps: FeedDeps;
  readonly #listeners = new Set<FeedListener>();
  readonly #timers = new Set<Timer>();
  #subscription: Subscription | undefined;
  #starting: Promise<void> | undefined;
  #cursor: string | undefined;
  #reading = false;
  #readAgain = false;
  #stopped = false;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  /** Begins at the end of the stream; nothing broadcast after it resolves is missed. Starting twice does nothing more. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { events } = this.#deps.broker;
    this.#subscription = await events.listen({
      onEvent: (event) => this.#onLive(event),
      onHint: () => this.#onHint(),
      onReset: () => this.#catchUp(),
    });
    this.#cursor = await events.last();
    this.#catchUp();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#subscription?.close();
  }

  /** Id of the last event delivered; `'0'` before the feed has started. */
  get cursor(): string {
    return this.#cursor ?? '0';
  }

  /** Adds a listener; the returned function removes it. */
  subscribe(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** B2 */
  #onLive(event: EventRecord): void {
    if (this.#cursor === undefined || this.#stopped) return;
    if (compareEntryIds(event.id, this.#cursor) <= 0) return;
    if (event.prev === this.#cursor && !this.#reading) this.#deliver(event);
    else this.#catchUp();
  }

  #onHint(): void {
    for (const delayMs of hintLooksMs) {
      const timer = this.#deps.clock.setTimer(delayMs, () => {
        this.#timers.delete(timer);
        this.#catchUp();
      });
      this.#timers.add(timer);
    }
  }

  #deliver(event: EventRecord): void {
    this.#cursor = event.id;
    for (const listener of this.#listeners) listener.onEvent(event);
  }

  /** B3 */
  #catchUp(): void {
    this.#readAgain = true;
    if (this.#reading || this.#cursor === undefined || this.#stopped) return;
    this.#reading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    for (let failures = 0; this.#readAgain && !this.#stopped; ) {
      this.#readAgain = false;
      try {
        while (await this.#readPage());
        failures = 0;
      } catch (error) {
        const { clock, random, observer } = this.#deps;
        observe(observer, 'broker.trouble', { what: 'reading the event stream', error: describeError(error) });
        this.#readAgain = true;
        await sleep(clock, backoffMs(readBackoff, ++failures, random, 'read-events'));
      }
    }
    this.#reading = false;
  }

  /** Delivers one page; true when there may be more. */
  async #readPage(): Promise<boolean> {
    const after = this.#cursor ?? '0';
    const { events, gap } = await this.#deps.broker.events.read({ after, count: pageSize });
    if (this.#stopped) return false;
    if (gap) {
      const next = events[0]?.id ?? after;
      observe(this.#deps.observer, 'broadcast.gap', { after, next });
      for (const listener of this.#listeners) listener.onGap(after, next);
    }
    for (const event of events) this.#deliver(event);
    return events.length === pageSize;
  }
}
