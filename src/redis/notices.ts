/**
 * The notice port on Redis: one channel for each process, and one for everyone.
 *
 * Invariants N1 and N2 stand in broker/notices.ts. In classic mode it also hears the direct messages of classic agents;
 * a native message is announced on their channels too, and is told apart by the operation id that only it carries.
 */
import { everyone, type Notice, type NoticeListener, type NoticePort, type Subscription } from '../broker/notices.ts';
import type { QuarantinePort } from '../broker/quarantine.ts';
import { decodePayload } from '../core/envelope.ts';
import { describeError } from '../core/errors.ts';
import { type Observer, observe } from '../core/observer.ts';
import { classicMessages } from './keys.ts';
import { Malformed } from './malformed.ts';
import { type Addressed, decodeNotice, encodeNotice, groupByAddress, recordsOf } from './notice-wire.ts';
import type { Store } from './store.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface NoticesDeps {
  readonly store: Store;
  readonly subscriptions: Subscriptions;
  readonly observer: Observer;
  readonly classic: boolean;
  /** In classic mode: what foreign agents wrote and cannot be read is told here. */
  readonly quarantine: QuarantinePort;
}

export class RedisNotices implements NoticePort {
  readonly #store: Store;
  readonly #subscriptions: Subscriptions;
  readonly #observer: Observer;
  readonly #patterns: readonly string[];
  readonly #malformed: Malformed;

  constructor({ store, subscriptions, observer, classic, quarantine }: NoticesDeps) {
    this.#malformed = new Malformed(quarantine);
    this.#store = store;
    this.#subscriptions = subscriptions;
    this.#observer = observer;
    this.#patterns = classic ? [classicMessages.pattern] : [];
  }

  listen(address: string, listener: NoticeListener): Promise<Subscription> {
    const { keys } = this.#store;
    return this.#subscriptions.listen({
      channels: [keys.channel(address), keys.channel(everyone)],
      patterns: this.#patterns,
      onReset: () => listener.onReset(),
      onDoubt: () => listener.onDoubt?.(),
      onText: (text, source, channel) => {
        for (const notice of this.#decode(text, source, channel)) listener.onNotice(notice);
      },
    });
  }

  async post(notices: readonly Addressed[]): Promise<void> {
    const texts = groupByAddress(notices, encodeNotice);
    await Promise.all(
      texts.map(([address, text]) => this.#store.call('publish', this.#store.keys.channel(address), text)),
    );
  }

  #decode(text: string, source: string, channel: string): Notice[] {
    const isClassic = source === classicMessages.pattern;
    const records = isClassic ? [text] : recordsOf(text);
    const decode = isClassic ? decodeClassic : decodeNotice;
    return records.flatMap((one) => {
      try {
        return decode(one) ?? [];
      } catch (error) {
        const what = `a record on ${source} that cannot be read`;
        const described = describeError(error);
        observe(this.#observer, 'broker.trouble', { what, error: described });
        if (isClassic) this.#malformed.tell(channel, described.message, text, 'channel');
        return [];
      }
    });
  }
}

/** The payload of `msg:<from>:<to>`; undefined for a native message. Throws when it is not one. */
function decodeClassic(text: string): Notice | undefined {
  const value = decodePayload(text) as { [field in string]?: unknown } | null;
  if (typeof value !== 'object' || value === null) throw new TypeError('expected a classic message to be an object');
  if (typeof value['opId'] === 'string') return undefined;
  const { from, to, message, metadata = {}, timestamp = '' } = value;
  if (
    typeof from !== 'string' ||
    typeof to !== 'string' ||
    typeof message !== 'string' ||
    typeof timestamp !== 'string'
  )
    throw new TypeError('expected a classic message to have from, to, message and timestamp as text');
  if (text.includes('\ufffd')) throw new TypeError('expected a classic message to be UTF-8');
  return { kind: 'classic', from, to, message, metadata: JSON.stringify(plainMap(metadata)), timestamp };
}

/** PHP writes an empty map as `[]`. */
function plainMap(metadata: unknown): unknown {
  return Array.isArray(metadata) && metadata.length === 0 ? {} : metadata;
}
