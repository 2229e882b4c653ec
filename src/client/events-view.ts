/**
 * The event stream as users read it: filtered pages, and a follower that never misses or repeats an event.
 *
 * A follower reads from its own position and takes the live feed only as a signal that there is more, so a slow reader holds
 * nothing in memory and nobody up.
 */
import type { EventFilter, Events, FleetEvent } from '../agent/event-verbs.ts';
import { compileTopic } from '../agent/topic.ts';
import type { EventPort, EventRecord } from '../broker/events.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import { sleep } from '../core/clock.ts';
import { decodePayload } from '../core/envelope.ts';
import { BrokerError, RuntimeError } from '../core/errors.ts';
import { readBehind } from './event-feed.ts';
import type { Member } from './member.ts';

const pageSize = 256;
const readBackoff: Backoff = { kind: 'exponential', baseMs: 50, maxMs: 1_000, jitter: true };

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
      const { events, gap } = await this.#events.read({ after, count: pageSize });
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
    const { feed } = this.#member;
    const { signal } = filter;
    const wanted = matcher(filter);
    const bell = new Bell();
    const ring = (): void => bell.ring();
    const unsubscribe = feed.subscribe({ onEvent: ring, onGap: ring, onStop: ring });
    signal?.addEventListener('abort', ring, { once: true });
    try {
      await this.#patiently(signal, () => feed.start());
      let after = filter.after ?? (await this.#patiently(signal, () => this.last()));
      while (after !== undefined && !signal?.aborted) {
        bell.reset();
        const from = after;
        const page = await this.#patiently(signal, () => readBehind(this.#events, from, pageSize));
        if (page === undefined) return;
        let missed = page.gap;
        for (const event of page.events) {
          after = event.id;
          if (signal?.aborted) return;
          if (!wanted(event)) continue;
          yield toFleetEvent(event, missed);
          missed = false;
        }
        after = page.last;
        if (page.events.length < pageSize && !signal?.aborted) await bell.rung();
      }
    } finally {
      unsubscribe();
      signal?.removeEventListener('abort', ring);
    }
  }

  last(): Promise<string> {
    return this.#events.last();
  }

  get #events(): EventPort {
    return this.#member.deps.broker.events;
  }

  /** Repeats a read until the broker answers; undefined when `signal` aborts. Rejects when the process leaves the fleet. */
  async #patiently<T>(signal: AbortSignal | undefined, read: () => Promise<T>): Promise<T | undefined> {
    const { clock, random } = this.#member.deps;
    for (let failures = 1; !signal?.aborted; failures++) {
      if (this.#member.feed.stopped)
        throw new BrokerError('closed', 'expected the process to stay in the fleet while it follows, got: it has left');
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof BrokerError && error.repeatable)) throw error;
        await sleep(clock, backoffMs(readBackoff, failures, random, 'follow-events'), signal).catch(() => undefined); // the loop ends
      }
    }
    return undefined;
  }
}

/** Wakes one waiter; a ring while nobody waits is remembered. */
class Bell {
  #rang = false;
  #wake = (): void => {};

  ring(): void {
    this.#rang = true;
    this.#wake();
  }

  reset(): void {
    this.#rang = false;
  }

  rung(): Promise<void> {
    return this.#rang ? Promise.resolve() : new Promise((resolve) => (this.#wake = resolve));
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

function matcher({ topic, from }: EventFilter): (event: EventRecord) => boolean {
  const pattern = topic === undefined ? undefined : compileTopic(topic);
  if (typeof pattern === 'string')
    throw new RuntimeError('topic', `expected the topic to be ${pattern}, got: ${topic}`);
  return (event) => (pattern?.matches(event.topic) ?? true) && (from === undefined || event.from === from);
}
