/**
 * Ears: processes that hear every broadcast of a fleet, each behind a faulty proxy of its own, and what is wrong with what they heard.
 */
import type { EventRecord } from '../../../src/broker/events.ts';
import { compareEntryIds } from '../../../src/broker/entry-id.ts';
import { EventFeed } from '../../../src/client/event-feed.ts';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { RedisBroker } from '../../../src/redis/broker.ts';
import { FaultyProxy } from './proxy.ts';

export interface Deafness {
  readonly missing: number;
  readonly repeated: number;
  readonly outOfOrder: number;
}

type OnEvent = (ear: Ear, event: EventRecord) => void;

export class Ear {
  /** Ids, in the order in which they came. */
  readonly heard: string[] = [];
  readonly proxy: FaultyProxy;
  readonly #broker: RedisBroker;
  readonly #feed: EventFeed;

  private constructor(proxy: FaultyProxy, address: string, onEvent: OnEvent) {
    this.proxy = proxy;
    this.#broker = brokerOf(proxy.url, address);
    const observer = new Observer();
    this.#feed = new EventFeed({ broker: this.#broker, clock: systemClock, random: systemRandom, observer });
    this.#feed.subscribe({
      onEvent: (event) => {
        this.heard.push(event.id);
        onEvent(this, event);
      },
      onGap: () => {}, // what is lost is counted as missing
    });
  }

  /** Hears every broadcast from now on. */
  static async open(port: number, address: string, onEvent: OnEvent = () => {}): Promise<Ear> {
    const proxy = new FaultyProxy(port);
    await proxy.open();
    const ear = new Ear(proxy, address, onEvent);
    await ear.#broker.start();
    await ear.#feed.start();
    return ear;
  }

  /** What is wrong with what it heard of the events that were sent, whose ids are in stream order. */
  judge(sent: readonly string[]): Deafness {
    const heard = new Set(this.heard);
    return {
      missing: sent.filter((id) => !heard.has(id)).length,
      repeated: this.heard.length - heard.size,
      outOfOrder: this.heard.filter((id, index) => index > 0 && compareEntryIds(id, this.heard[index - 1] ?? '0') < 0)
        .length,
    };
  }

  async close(): Promise<void> {
    await this.#feed.stop().catch(() => undefined); // its link may be cut just now
    await this.#broker.stop();
    await this.proxy.refuse();
  }
}

/** A process of the fleet of ears. */
export function brokerOf(url: string, address: string): RedisBroker {
  return new RedisBroker({
    url,
    fleet: 'ears',
    classic: false,
    address,
    clock: systemClock,
    random: systemRandom,
    observer: new Observer(),
    retention: { events: 1_000_000, eventsAgeMs: 86_400_000 },
  });
}
