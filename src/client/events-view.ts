/**
 * The event stream as users read it: filtered pages, and a follower that never misses or repeats an event.
 *
 * A follower reads from its own position and takes the live feed only as a signal that there is more, so a slow reader holds
 * nothing in memory and nobody up.
 */
import type { EventFilter, Events, FleetEvent } from '../agent/context.ts';
import { compileTopic } from '../agent/topic.ts';
import type { EventRecord } from '../broker/events.ts';
import { decodePayload } from '../core/envelope.ts';
import { RuntimeError } from '../core/errors.ts';
import type { Member } from './member.ts';

const pageSize = 256;

export class EventsView implements Events {
  readonly #member: Member;

  constructor(member: Member) {
    this.#member = member;
  }

  async read(filter: EventFilter & { readonly limit?: number } = {}): Promise<readonly FleetEvent[]> {
    const wanted = matcher(filter);
    const limit = filter.limit ?? 100;
    const found: FleetEvent[] = [];
    let after = filter.after ?? '0';
    for (let missed = false; found.length < limit; ) {
      const { events, gap } = await this.#member.deps.broker.events.read({ after, count: pageSize });
      missed ||= gap;
      for (const event of events) {
        after = event.id;
        if (found.length === limit || !wanted(event)) continue;
        found.push(toFleetEvent(event, missed));
        missed = false;
      }
      if (events.length < pageSize) break;
    }
    return found;
  }

  async *follow(filter: EventFilter & { readonly signal?: AbortSignal } = {}): AsyncIterable<FleetEvent> {
    const { feed, deps } = this.#member;
    const { signal } = filter;
    const wanted = matcher(filter);
    let wake = (): void => {};
    let more = true;
    const onMore = (): void => {
      more = true;
      wake();
    };
    const stop = feed.subscribe({ onEvent: onMore, onGap: onMore });
    const onAbort = (): void => wake();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await feed.start();
      let after = filter.after ?? (await deps.broker.events.last());
      while (!signal?.aborted) {
        more = false;
        const { events, gap } = await deps.broker.events.read({ after, count: pageSize });
        let missed = gap;
        for (const event of events) {
          after = event.id;
          if (signal?.aborted) return;
          if (!wanted(event)) continue;
          yield toFleetEvent(event, missed);
          missed = false;
        }
        if (events.length < pageSize && !more && !signal?.aborted)
          await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  last(): Promise<string> {
    return this.#member.deps.broker.events.last();
  }
}

/** A stored event as users see it. */
export function toFleetEvent(event: EventRecord, gap: boolean): FleetEvent {
  const { id, topic, from, sentAt } = event;
  const record = { id, topic, from, data: decodePayload(event.data), sentAt };
  return gap ? { ...record, gap } : record;
}

function matcher({ topic, from }: EventFilter): (event: EventRecord) => boolean {
  const pattern = topic === undefined ? undefined : compileTopic(topic);
  if (typeof pattern === 'string')
    throw new RuntimeError('topic', `expected the topic to be ${pattern}, got: ${topic}`);
  return (event) => (pattern?.matches(event.topic) ?? true) && (from === undefined || event.from === from);
}
