/**
 * The fleet's broadcasts as one process sees them: every event once and in stream order, whatever the live link loses.
 *
 * B1  `#cursor` is the id of the last event delivered; it only grows, and only with a delivery, a gap or the start.
 * B2  A live event whose `prev` is the cursor is delivered at once. Any other one behind the cursor, a hint, or a restored link
 *     means: read the stream from the cursor.
 * B3  One read runs at a time; what asks for another meanwhile is remembered, so nothing is delivered twice or out of order.
 * B4  Where retention has trimmed what comes behind the cursor, listeners get a gap notice once, then what is left.
 * B5  An event that the broker had lost, and that was sent again under a new id, is not delivered to listeners that have had it, as far
 *     as the feed remembers (its last 10,000).
 */
import type { Broker } from '../broker/broker.ts';
import { compareEntryIds } from '../broker/entry-id.ts';
import type { EventPage, EventPort, EventRecord } from '../broker/events.ts';
import type { Subscription } from '../broker/notices.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import { type Clock, type Timer, sleep } from '../core/clock.ts';
import { BrokerError, describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';

export interface FeedListener {
  onEvent(event: EventRecord): void;
  /** B4: events between `after` and `next` are lost. */
  onGap(after: string, next: string): void;
  /** Something foreign was published, whatever it is; whether it is an event, the stream tells. */
  onHint?(text: string): void;
  /** The process leaves the fleet: nothing will be heard any more. */
  onStop?(): void;
}

export interface FeedDeps {
  readonly broker: Pick<Broker, 'events'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
}

const pageSize = 256;
/** B5: what senders keep for as long as a broker may lose it, at a thousand broadcasts a second. */
const mostRemembered = 10_000;
const readBackoff: Backoff = { kind: 'exponential', baseMs: 50, maxMs: 1_000, jitter: true };
/** When to look for an event that a foreign agent has announced before it is in the stream. */
const hintLooksMs = [0, 20, 200, 2_000];

export class EventFeed {
  readonly #deps: FeedDeps;
  readonly #listeners = new Set<FeedListener>();
  /** The looks that a hint has set off, one timer for each span (`hintLooksMs`). */
  readonly #looks = new Map<number, { readonly timer: Timer; again: boolean }>();
  readonly #stop = new AbortController();
  #subscription: Subscription | undefined;
  #starting: Promise<void> | undefined;
  /** B5: operation ids, oldest first. */
  readonly #delivered = new Set<string>();
  #cursor: string | undefined;
  #reading = false;
  #readAgain = false;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  /** Begins at the end of the stream; nothing broadcast after it resolves is missed. Starting twice does nothing more. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { events } = this.#deps.broker;
    this.#subscription ??= await events.listen({
      onEvent: (event) => this.#onLive(event),
      onHint: (text) => {
        for (const listener of this.#listeners) listener.onHint?.(text);
        this.#onHint();
      },
      onReset: () => this.#catchUp(),
      onDoubt: () => this.#catchUp(),
    });
    if (this.stopped) return this.#subscription.close();
    this.#cursor = await events.last();
    this.#catchUp();
  }

  async stop(): Promise<void> {
    this.cease();
    await this.#subscription?.close();
  }

  /** Nothing more is delivered, or read. Twice does nothing. */
  cease(): void {
    if (this.stopped) return;
    this.#stop.abort();
    for (const { timer } of this.#looks.values()) timer.cancel();
    for (const listener of this.#listeners) listener.onStop?.();
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
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
    if (this.#cursor === undefined || this.stopped) return;
    if (compareEntryIds(event.id, this.#cursor) <= 0) return;
    if (event.prev === this.#cursor && !this.#reading) this.#deliver(event);
    else this.#catchUp();
  }

  /** However many hints come, one timer for each span is pending; those that come while it is have a look after it, too. */
  #onHint(): void {
    if (this.stopped) return;
    for (const delayMs of hintLooksMs) {
      const look = this.#looks.get(delayMs);
      if (look === undefined) this.#lookIn(delayMs);
      else look.again = true;
    }
  }

  #lookIn(delayMs: number): void {
    const timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#looks.delete(delayMs);
      this.#catchUp();
      if (look.again) this.#lookIn(delayMs);
    });
    const look = { timer, again: false };
    this.#looks.set(delayMs, look);
  }

  #deliver(event: EventRecord): void {
    this.#cursor = event.id;
    if (event.again && event.opId !== undefined && this.#delivered.has(event.opId)) return;
    this.#remember(event);
    for (const listener of this.#listeners) listener.onEvent(event);
  }

  /** B5 */
  #remember({ opId }: EventRecord): void {
    if (opId === undefined) return;
    this.#delivered.add(opId);
    const oldest = this.#delivered.values().next();
    if (this.#delivered.size > mostRemembered && !oldest.done) this.#delivered.delete(oldest.value);
  }

  /** B3 */
  #catchUp(): void {
    this.#readAgain = true;
    if (this.#reading || this.#cursor === undefined || this.stopped) return;
    this.#reading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; this.#readAgain && !signal.aborted; ) {
      this.#readAgain = false;
      try {
        while (await this.#readPage());
        failures = 0;
      } catch (error) {
        if (signal.aborted || (error instanceof BrokerError && error.code === 'closed')) break;
        const { clock, random, observer } = this.#deps;
        observe(observer, 'broker.trouble', { what: 'reading the event stream', error: describeError(error) });
        this.#readAgain = true;
        const waitMs = backoffMs(readBackoff, ++failures, random, 'read-events');
        await sleep(clock, waitMs, signal).catch(() => undefined); // stopping ends the wait
      }
    }
    this.#reading = false;
  }

  /** Delivers one page; true when there may be more. */
  async #readPage(): Promise<boolean> {
    const after = this.#cursor ?? '0';
    const { events, gap, last } = await readBehind(this.#deps.broker.events, after, pageSize);
    if (this.stopped) return false;
    if (gap) {
      const next = events[0]?.id ?? last;
      observe(this.#deps.observer, 'broadcast.gap', { after, next });
      for (const listener of this.#listeners) listener.onGap(after, next);
      if (events.length === 0) this.#cursor = last;
    }
    for (const event of events) this.#deliver(event);
    return events.length === pageSize;
  }
}

/**
 * One page, and where to go on: where everything behind `after` was trimmed, the page is empty and only the end of the stream says
 * how far. The end is read before the page, so that what is appended meanwhile is in the page.
 */
export async function readBehind(
  events: Pick<EventPort, 'read' | 'last'>,
  after: string,
  count: number,
): Promise<EventPage & { readonly last: string }> {
  const page = await events.read({ after, count });
  const newest = page.events.at(-1);
  if (newest !== undefined || !page.gap) return { ...page, last: newest?.id ?? after };
  const last = await events.last();
  const again = await events.read({ after, count });
  return { ...again, last: again.events.at(-1)?.id ?? last };
}
