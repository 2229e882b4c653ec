/**
 * The durable subscription of one cell: broadcasts from its own position in the stream, at its own pace, across activations.
 *
 * D4  It reads the stream and takes a live event only as a sign that there is more, so order and count are those of the stream.
 * D5  No more than `window` events are handed out and not handled. What a slow agent has not reached stays in the stream.
 * D6  Handled is an event when all its handlers have ended, also when one threw; not when it failed because the agent was told to stop.
 * D7  What was broadcast before this activation is for durable handlers; the others hear what is broadcast while the agent is up.
 * D8  Where retention has trimmed what comes next, the gap notice is first, and it holds the position back until it is handled.
 */
import { compareEntryIds } from '../broker/entry-id.ts';
import type { EventRecord } from '../broker/events.ts';
import { readBehind } from '../client/event-feed.ts';
import { observe } from '../core/observer.ts';
import { CatchUp, type PageEnd } from './catch-up.ts';
import type { Cell } from './cell.ts';
import { PositionBook } from './position-book.ts';
import type { SubscriptionsDeps } from './subscriptions.ts';
import { gapNotice } from './gap-notice.ts';
import type { Delivery } from './work.ts';

interface Pending {
  readonly id: string;
  handled: boolean;
}

const pageSize = 64;
const window = 2 * pageSize;

export class DurableSubscription {
  readonly #deps: SubscriptionsDeps;
  readonly #cell: Cell;
  readonly #catchUp: CatchUp<Cell>;
  readonly #book: PositionBook;
  /** D7: the newest event when the agent came up. */
  readonly #cameUpAt: string;
  /** The last event that was looked at; undefined before the position is known. */
  #cursor: string | undefined;
  /** Handed out and not known to be handled, in stream order. */
  readonly #pending: Pending[] = [];
  #begun = '0';
  #gapTold: string | undefined;

  constructor(deps: SubscriptionsDeps, cell: Cell) {
    const { broker, clock, observer, feed } = deps;
    this.#deps = deps;
    this.#cell = cell;
    this.#cameUpAt = feed.cursor;
    const owner = { agentId: cell.id, epoch: cell.epoch };
    this.#book = new PositionBook({ clock, observer, events: broker.events, owner });
    const what = (): string => `reading broadcasts for ${cell.id}`;
    this.#catchUp = new CatchUp({ ...deps, what, page: () => this.#readPage() }, cell);
  }

  start(): void {
    this.#catchUp.fallBehind();
  }

  /** Something was appended. What nobody here listens to is passed over without a read. */
  onEvent(event: EventRecord): void {
    if (this.#catchUp.behind || event.prev !== this.#cursor || this.#wants(event)) return this.#catchUp.fallBehind();
    this.#cursor = event.id;
    this.#settle();
  }

  onGap(): void {
    this.#catchUp.fallBehind();
  }

  onRoom(): void {
    if (this.#pending.length <= window - pageSize) this.#catchUp.read();
  }

  /** The cell takes nothing more. */
  leave(): void {
    this.#catchUp.stop();
    this.#book.leave();
  }

  /** No handler runs any more. */
  end(): Promise<void> {
    return this.#book.end(this.#begun);
  }

  async #readPage(): Promise<PageEnd> {
    const after = (this.#cursor ??= await this.#book.open(this.#cameUpAt));
    const room = Math.min(this.#cell.room, window - this.#pending.length);
    if (room <= 0) return 'full';
    const { events, gap, last } = await readBehind(this.#deps.broker.events, after, pageSize);
    if (gap && !this.#tellGap(after, events[0]?.id ?? last)) return 'full';
    const wanted = events.filter((event) => this.#wants(event)).slice(0, room);
    const newest = wanted.at(-1);
    if (newest !== undefined) await this.#book.allow(newest.id);
    const isCut = wanted.length === room; // what comes behind the newest of them waits for room
    for (const event of wanted) if (!this.#handOut(event)) return 'full';
    this.#cursor = isCut && newest !== undefined ? newest.id : last;
    this.#settle();
    if (isCut) return 'more'; // and the next turn finds whether there is room
    return events.length === pageSize ? 'more' : 'end';
  }

  #handOut(event: EventRecord): boolean {
    const entry: Pending = { id: event.id, handled: false };
    const delivery = { redelivered: this.#book.mayBeRepeat(event.id), missed: this.#isMissed(event) };
    if (!this.#accept(entry, { kind: 'broadcast', event, gap: false }, delivery)) return false;
    this.#cursor = event.id;
    return true;
  }

  /** D8 */
  #tellGap(after: string, next: string): boolean {
    if (this.#gapTold === next) return true;
    const work = gapNotice(this.#cell, { after, next }, this.#deps.serverNow());
    const entry: Pending = { id: after, handled: false };
    if (work !== undefined && !this.#accept(entry, work, { redelivered: false, missed: false })) return false;
    this.#gapTold = next;
    observe(this.#deps.observer, 'broadcast.gap', { after, next });
    return true;
  }

  #accept(
    entry: Pending,
    work: { readonly kind: 'broadcast'; readonly event: EventRecord; readonly gap: boolean },
    marks: Pick<Delivery, 'redelivered' | 'missed'>,
  ): boolean {
    const delivery: Delivery = {
      ...marks,
      begin: () => {
        if (!work.gap) this.#begun = entry.id;
      },
      end: () => {
        entry.handled = true;
        this.#settle();
      },
    };
    this.#pending.push(entry); // first, because a free cell begins at once
    if (this.#cell.accept({ ...work, delivery })) return true;
    this.#pending.pop();
    return false;
  }

  #settle(): void {
    let handled: string | undefined;
    while (this.#pending[0]?.handled) handled = this.#pending.shift()?.id;
    if (this.#pending.length === 0) handled = this.#cursor;
    if (handled !== undefined) this.#book.note(handled);
  }

  /** D7 */
  #isMissed(event: EventRecord): boolean {
    return compareEntryIds(event.id, this.#cameUpAt) <= 0;
  }

  #wants(event: EventRecord): boolean {
    const missed = this.#isMissed(event);
    const { broadcasts } = this.#cell.spec.table;
    return broadcasts.some((handler) => (handler.durable || !missed) && handler.matches(event.topic));
  }
}
