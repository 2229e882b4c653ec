/**
 * Broadcasts, from the node's feed to the mailboxes of the cells that listen to their topic.
 *
 * V1  Each cell sees the stream once and in order, from the moment it was opened: `cursor` is the last event it was shown.
 *     It may have read further than the node's feed has come; what the feed brings then is not shown again.
 * V2  A cell whose mailbox is full falls behind and reads on from its cursor when there is room (catch-up.ts), so that a slow agent
 *     neither loses events nor holds up the others.
 * V3  Where retention has trimmed what a cell has not seen, it gets one notice: an event of topic `runtime.gap`.
 * V4  A cell with a durable handler gets all its broadcasts through its durable subscription (durable-subscription.ts).
 */
import { compareEntryIds } from '../broker/entry-id.ts';
import type { EventRecord } from '../broker/events.ts';
import { type EventFeed, readBehind } from '../client/event-feed.ts';
import type { MemberDeps } from '../client/member.ts';
import { CatchUp, type CatchUpDeps, type PageEnd } from './catch-up.ts';
import type { Cell } from './cell.ts';
import { DurableSubscription } from './durable-subscription.ts';
import { gapNotice } from './gap-notice.ts';

class Listening {
  readonly cell: Cell;
  readonly catchUp: CatchUp<Listening>;
  cursor: string;
  /** V3: the far end of the last gap it was told of. */
  gapTold: string | undefined;

  constructor(cell: Cell, cursor: string, reading: CatchUpDeps<Listening>) {
    this.cell = cell;
    this.cursor = cursor;
    this.catchUp = new CatchUp<Listening>(reading, this);
  }
}

export interface SubscriptionsDeps extends Pick<MemberDeps, 'broker' | 'clock' | 'random' | 'observer'> {
  readonly feed: EventFeed;
  readonly serverNow: () => number;
}

const pageSize = 256;

export class Subscriptions {
  readonly #deps: SubscriptionsDeps;
  readonly #reading: CatchUpDeps<Listening>;
  readonly #listening = new Map<string, Listening>();
  readonly #durable = new Map<string, DurableSubscription>();
  #unsubscribe: (() => void) | undefined;

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps;
    const what = ({ cell }: Listening): string => `reading broadcasts for ${cell.id}`;
    this.#reading = { ...deps, what, page: (listening) => this.#readPage(listening) };
  }

  start(): void {
    this.#unsubscribe = this.#deps.feed.subscribe({
      onEvent: (event) => this.#onEvent(event),
      onGap: (after, next) => this.#onGap(after, next),
    });
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  /** V1 */
  serve(cell: Cell): void {
    const { broadcasts } = cell.spec.table;
    if (broadcasts.length === 0) return;
    if (broadcasts.some((handler) => handler.durable)) return this.#serveDurably(cell);
    this.#listening.set(cell.id, new Listening(cell, this.#deps.feed.cursor, this.#reading));
  }

  /** V4 */
  #serveDurably(cell: Cell): void {
    const subscription = new DurableSubscription(this.#deps, cell);
    this.#durable.set(cell.id, subscription);
    subscription.start();
  }

  leave(cell: Cell): void {
    this.#listening.get(cell.id)?.catchUp.stop();
    this.#listening.delete(cell.id);
    this.#durable.get(cell.id)?.leave();
  }

  async end(cell: Cell): Promise<void> {
    await this.#durable.get(cell.id)?.end();
    this.#durable.delete(cell.id);
  }

  onRoom(cell: Cell): void {
    this.#listening.get(cell.id)?.catchUp.read();
    this.#durable.get(cell.id)?.onRoom();
  }

  #onEvent(event: EventRecord): void {
    for (const subscription of this.#durable.values()) subscription.onEvent(event);
    for (const listening of this.#listening.values()) {
      if (compareEntryIds(event.id, listening.cursor) <= 0) continue; // V1
      if (listening.catchUp.behind) listening.catchUp.fallBehind();
      else if (!show(listening, event)) listening.catchUp.fallBehind();
    }
  }

  #onGap(after: string, next: string): void {
    for (const subscription of this.#durable.values()) subscription.onGap();
    for (const listening of this.#listening.values())
      if (!listening.catchUp.behind && !this.#tellGap(listening, after, next)) listening.catchUp.fallBehind();
  }

  async #readPage(listening: Listening): Promise<PageEnd> {
    if (listening.cell.room === 0) return 'full';
    const after = listening.cursor;
    const { events, gap, last } = await readBehind(this.#deps.broker.events, after, pageSize);
    if (gap && !this.#tellGap(listening, after, events[0]?.id ?? last)) return 'full';
    for (const event of events) if (!show(listening, event)) return 'full';
    listening.cursor = last;
    return events.length === pageSize ? 'more' : 'end';
  }

  /** V3 */
  #tellGap(listening: Listening, after: string, next: string): boolean {
    if (listening.gapTold === next) return true;
    const notice = gapNotice(listening.cell, { after, next }, this.#deps.serverNow());
    if (notice === undefined) return true;
    const told = listening.cell.accept(notice);
    if (told) listening.gapTold = next;
    return told;
  }
}

/** Shows an event to a cell; false when its mailbox is full. */
function show(listening: Listening, event: EventRecord): boolean {
  const wanted = listening.cell.spec.table.broadcasts.some((handler) => handler.matches(event.topic));
  if (wanted && !listening.cell.accept({ kind: 'broadcast', event, gap: false })) return false;
  listening.cursor = event.id;
  return true;
}
