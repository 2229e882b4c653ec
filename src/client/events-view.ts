/**
 * The event stream as users read it: filtered pages, replays, and a follower that never misses or repeats an event.
 *
 * A follower reads from its own position and takes the live feed only as a signal that there is more, so a slow reader holds
 * nothing in memory and nobody up.
 */
import type { EventRange, Events, FleetEvent } from '../agent/event-verbs.ts';
import { compareEntryIds } from '../broker/entry-id.ts';
import type { EventPort, EventRecord } from '../broker/events.ts';
import { decodePayload } from '../core/envelope.ts';
import { readBehind } from './event-feed.ts';
import { alarm, keepPace } from './event-pace.ts';
import { partOf, timeOf } from './event-range.ts';
import type { Member } from './member.ts';
import { Bell, patiently } from './patience.ts';

const pageSize = 256;
/** How far our idea of the server's time may be off: a follower waits that much longer for what came before its end. */
const skewMs = 1_000;

export class EventsView implements Events {
  readonly #member: Member;

  constructor(member: Member) {
    this.#member = member;
  }

  async read(filter: EventRange & { readonly limit?: number } = {}): Promise<readonly FleetEvent[]> {
    const part = partOf(filter, this.#member.serverNow());
    const limit = filter.limit ?? 100;
    const found: FleetEvent[] = [];
    let after = part.after ?? '0';
    for (let missed = false; found.length < limit; ) {
      const { events, gap } = await this.#events.read({ after, count: pageSize });
      missed ||= gap;
      for (const event of events) {
        if (part.isOver(event.id)) return found;
        after = event.id;
        if (found.length === limit || !part.wants(event)) continue;
        found.push(toFleetEvent(event, missed));
        missed = false;
      }
      if (events.length < pageSize) break;
    }
    return found;
  }

  async *follow(filter: EventRange & { readonly signal?: AbortSignal } = {}): AsyncIterable<FleetEvent> {
    const { feed } = this.#member;
    const { signal } = filter;
    const part = partOf(filter, this.#member.serverNow());
    const bell = new Bell();
    const ring = (): void => bell.ring();
    const leftMs = (): number => part.untilMs + skewMs - this.#member.serverNow();
    const end = alarm(this.#member.deps.clock, leftMs, ring);
    const unsubscribe = feed.subscribe({ onEvent: ring, onGap: ring, onStop: ring });
    signal?.addEventListener('abort', ring, { once: true });
    try {
      await patiently(this.#member, signal, () => feed.start());
      let after = part.after ?? (await patiently(this.#member, signal, () => this.last()));
      for (let missed = false; after !== undefined && !signal?.aborted; ) {
        bell.reset();
        const [from, isOver] = [after, leftMs() <= 0];
        const page = await patiently(this.#member, signal, () => readBehind(this.#events, from, pageSize));
        if (page === undefined) return;
        missed ||= page.gap;
        for (const event of page.events) {
          after = event.id;
          if (signal?.aborted || part.isOver(event.id)) return;
          if (!part.wants(event)) continue;
          yield toFleetEvent(event, missed);
          missed = false;
        }
        after = page.last;
        if (page.events.length === pageSize) continue;
        if (isOver) return;
        if (!signal?.aborted) await bell.rung();
      }
    } finally {
      unsubscribe();
      end.cancel();
      signal?.removeEventListener('abort', ring);
    }
  }

  async *replay(
    filter: EventRange & { readonly speed?: number; readonly signal?: AbortSignal } = {},
  ): AsyncIterable<FleetEvent> {
    const { signal } = filter;
    const part = partOf(filter, this.#member.serverNow());
    const due = keepPace(this.#member.deps.clock, filter);
    const end = await patiently(this.#member, signal, () => this.last());
    let after = part.after ?? '0';
    for (let missed = false; end !== undefined; ) {
      const from = after;
      const page = await patiently(this.#member, signal, () => readBehind(this.#events, from, pageSize));
      if (page === undefined) return;
      missed ||= page.gap;
      for (const event of page.events) {
        if (compareEntryIds(event.id, end) > 0 || part.isOver(event.id)) return;
        if (!part.wants(event)) continue;
        await due(timeOf(event.id));
        if (signal?.aborted) return;
        yield toFleetEvent(event, missed);
        missed = false;
      }
      if (page.events.length < pageSize) return;
      after = page.last;
    }
  }

  last(): Promise<string> {
    return this.#events.last();
  }

  get #events(): EventPort {
    return this.#member.deps.broker.events;
  }
}

/** A stored event as users see it. */
export function toFleetEvent(event: EventRecord, gap: boolean): FleetEvent {
  const { id, topic, from, sentAt } = event;
  const record = { id, topic, from, data: readData(event.data), sentAt };
  return gap ? { ...record, gap } : record;
}

/** Foreign agents write what they like; an event that cannot be read must not hide those behind it. */
function readData(text: string): unknown {
  try {
    return decodePayload(text);
  } catch {
    return text;
  }
}
