/**
 * What becomes of the fleet's nodes and agents, as users read it: pages, and a follower that never misses or repeats a record.
 *
 * A follower reads from its own position. The notice `fleet` only tells that there is more, and a look every few seconds does not
 * depend on it.
 */
import type { Moment } from '../agent/event-verbs.ts';
import type { LifecycleRecord } from '../broker/logs.ts';
import { repeat } from '../core/clock.ts';
import { partOf } from './event-range.ts';
import type { Member } from './member.ts';
import { Bell, patiently } from './patience.ts';

/** `gap`: records that were asked for, before this one, are kept no longer. */
export type LifecycleEvent = LifecycleRecord & { readonly gap?: true };

export interface LifecycleRange {
  /** The id of a record. Default for `read`: the start; for `follow`: now. */
  readonly after?: string;
  /** Records from this moment on. Instead of `after`. */
  readonly since?: Moment;
}

/**
 * What becomes of nodes (`node.up`, `node.down`) and agents (`agent.up`, `agent.down`, `agent.restarted`), in one order; the newest
 * 10,000 records are kept.
 */
export interface Lifecycle {
  /**
   * Records behind `after`, oldest first, at most `limit` (default 100).
   *
   * @throws RuntimeError `range` for both `after` and `since` or for what is no moment.
   */
  read(range?: LifecycleRange & { readonly limit?: number }): Promise<readonly LifecycleEvent[]>;
  /**
   * Every record behind `after`, in order, across reconnects, until the loop is left or `signal` aborts.
   *
   * @throws RuntimeError like `read`; BrokerError `closed` when the process leaves the fleet.
   */
  follow(range?: LifecycleRange & { readonly signal?: AbortSignal }): AsyncIterable<LifecycleEvent>;
}

const pageSize = 256;
const lookEveryMs = 5_000;

export class LifecycleView implements Lifecycle {
  readonly #member: Member;

  constructor(member: Member) {
    this.#member = member;
  }

  async read(range: LifecycleRange & { readonly limit?: number } = {}): Promise<readonly LifecycleEvent[]> {
    const { limit = 100 } = range;
    const found: LifecycleEvent[] = [];
    for (let after = this.#startOf(range) ?? '0'; found.length < limit; ) {
      const count = Math.min(pageSize, limit - found.length);
      const events = await this.#page(after, count);
      found.push(...events);
      after = events.at(-1)?.id ?? after;
      if (events.length < count) break;
    }
    return found;
  }

  async *follow(range: LifecycleRange & { readonly signal?: AbortSignal } = {}): AsyncIterable<LifecycleEvent> {
    const { signal } = range;
    const member = this.#member;
    const start = this.#startOf(range);
    const bell = new Bell();
    const ring = (): void => bell.ring();
    const unlisten = member.onLifecycle(ring);
    const look = repeat(
      member.deps.clock,
      () => lookEveryMs,
      () => Promise.resolve(ring()),
    );
    signal?.addEventListener('abort', ring, { once: true });
    try {
      let after = start ?? (await patiently(member, signal, () => this.#last()));
      while (after !== undefined && !signal?.aborted) {
        bell.reset();
        const from: string = after;
        const events = await patiently(member, signal, () => this.#page(from, pageSize));
        for (const event of events ?? []) {
          if (signal?.aborted) return;
          after = event.id;
          yield event;
        }
        if ((events?.length ?? 0) < pageSize && !signal?.aborted) await bell.rung();
      }
    } finally {
      unlisten();
      look.cancel();
      signal?.removeEventListener('abort', ring);
    }
  }

  #startOf({ after, since }: LifecycleRange): string | undefined {
    return partOf(
      { ...(after !== undefined && { after }), ...(since !== undefined && { since }) },
      this.#member.serverNow(),
    ).after;
  }

  async #page(after: string, count: number): Promise<readonly LifecycleEvent[]> {
    const { records, gap } = await this.#member.deps.broker.logs.readRecords({ after, count });
    return records.map((record, index) => (gap && index === 0 ? { ...record, gap } : record));
  }

  async #last(): Promise<string> {
    return (await this.#member.deps.broker.logs.readRecords({ after: '0', count: 0 })).last;
  }
}
