/**
 * The event port on Redis: one stream, and a PUBLISH of each event that names its predecessor.
 *
 * Invariants E1 to E6 stand in broker/events.ts. With and without classic agents the records are the same; only the names
 * of stream and channel differ. Positions lie beside the directory, in the mail shards, so that one script sees position and epoch.
 */
import type { AppendOp, EventListener, EventPage, EventPort, Position, PositionOwner } from '../broker/events.ts';
import type { Frame } from '../broker/frame.ts';
import type { Subscription } from '../broker/notices.ts';
import type { QuarantinePort } from '../broker/quarantine.ts';
import { OwnershipError } from '../core/errors.ts';
import { decodeEntry, decodeOwn, decodePublished, encodeEvent } from './event-records.ts';
import type { MailShards } from './mail-shards.ts';
import { Malformed } from './malformed.ts';
import { recordsOf } from './notice-wire.ts';
import type { Argument } from './link.ts';
import type { Store } from './store.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface EventRetention {
  /** Newest events that are kept. */
  readonly events: number;
  readonly eventsAgeMs: number;
}

export interface EventsDeps {
  readonly store: Store;
  readonly shards: MailShards;
  readonly subscriptions: Subscriptions;
  readonly retention: EventRetention;
  /** In classic mode: what foreign agents wrote and cannot be read is told here. */
  readonly quarantine?: QuarantinePort | undefined;
}

type Entry = readonly [id: string, fields: readonly string[]];

export class RedisEvents implements EventPort {
  readonly #store: Store;
  readonly #shards: MailShards;
  readonly #subscriptions: Subscriptions;
  readonly #retention: EventRetention;
  readonly #malformed: Malformed | undefined;

  constructor(deps: EventsDeps) {
    this.#store = deps.store;
    this.#shards = deps.shards;
    this.#subscriptions = deps.subscriptions;
    this.#retention = deps.retention;
    this.#malformed = deps.quarantine && new Malformed(deps.quarantine);
  }

  append(frame: Frame<AppendOp>): Promise<readonly string[]> {
    const { keys } = this.#store;
    const { events, eventsAgeMs } = this.#retention;
    const call = {
      keys: [keys.events.stream, keys.events.trimmed],
      args: [
        keys.eventsChannel,
        events,
        Math.ceil(eventsAgeMs),
        this.#isClassic ? 0 : 1,
        ...frame.ops.flatMap(encodeEvent),
      ],
    };
    const carry = (): Promise<readonly string[]> => this.#store.carry('append', 'ev', frame, call);
    return this.#malformed?.onType(keys.events.stream, carry) ?? carry();
  }

  async read({ after, count }: { after: string; count: number }): Promise<EventPage> {
    const { stream, trimmed } = this.#store.keys.events;
    const start = after.includes('-') ? `(${after}` : after;
    // The newest trimmed id is read after the entries: what is trimmed in between makes a gap that is told, not hidden.
    const [entries, newestTrimmed] = (await Promise.all([
      this.#store.call('xrange', stream, start, '+', 'COUNT', count),
      this.#store.call('get', trimmed),
    ])) as [readonly Entry[] | null, string | null];
    this.#malformed?.checkEntries(stream, entries ?? []);
    const events = (entries ?? []).map(([id, fields]) => decodeEntry(id, fields));
    const missed = [newestTrimmed ?? '0', events[0]?.prev ?? '0'].some((id) => isBehind(id, after));
    return { events, gap: missed };
  }

  async last(): Promise<string> {
    const { stream } = this.#store.keys.events;
    const [newest] = (await this.#store.call('xrevrange', stream, '+', '-', 'COUNT', 1)) as Entry[];
    if (newest !== undefined) return newest[0];
    return ((await this.#store.call('get', this.#store.keys.events.trimmed)) as string | null) ?? '0';
  }

  listen(listener: EventListener): Promise<Subscription> {
    return this.#subscriptions.listen({
      channels: [this.#store.keys.eventsChannel],
      patterns: [],
      onReset: () => listener.onReset(),
      onDoubt: () => listener.onDoubt?.(),
      onText: (text) => {
        for (const one of this.#isClassic ? [text] : recordsOf(text)) this.#hear(one, listener);
      },
    });
  }

  #hear(text: string, listener: EventListener): void {
    const event = this.#isClassic ? decodePublished(text) : decodeOwn(text);
    if (event !== undefined) return listener.onEvent(event);
    this.#malformed?.checkPublished(this.#store.keys.eventsChannel, text);
    listener.onHint(text);
  }

  /** Classic agents hear each event by itself. */
  get #isClassic(): boolean {
    return this.#malformed !== undefined;
  }

  async openPosition(owner: PositionOwner, start: string): Promise<Position> {
    const [handled = start, handed = start, seq] = (await this.#fenced('open-position', owner, [start])) as string[];
    return { handled, handed, seq: Number(seq) };
  }

  async savePosition(owner: PositionOwner, { handled, handed, seq }: Position): Promise<void> {
    await this.#fenced('save-position', owner, [seq, handled, handed]);
  }

  async trim(): Promise<void> {
    const { stream, trimmed } = this.#store.keys.events;
    const { events, eventsAgeMs } = this.#retention;
    await this.#store.run('trim-events', { keys: [stream, trimmed], args: [events, Math.ceil(eventsAgeMs)] });
  }

  /** E5 */
  async #fenced(
    script: 'open-position' | 'save-position',
    { agentId, epoch }: PositionOwner,
    args: readonly Argument[],
  ): Promise<unknown> {
    const { directory, positions } = this.#store.keys.mail(this.#shards.of(agentId));
    const reply = await this.#store.run(script, { keys: [directory, positions], args: [agentId, epoch, ...args] });
    if (reply !== 'STALE') return reply;
    const message = `expected epoch ${epoch} of "${agentId}" to be current, got: older`;
    throw new OwnershipError('activation-lost', message, { agentId, epoch });
  }
}

/** True when `id` belongs to what is behind `after`: ids compare by their parts, and a time includes its millisecond. */
export function isBehind(id: string, after: string): boolean {
  if (id === '0') return false;
  const [ms = 0, seq = 0] = id.split('-').map(Number);
  const [afterMs = 0, afterSeq = -1] = after.split('-').map(Number);
  return ms > afterMs || (ms === afterMs && seq > afterSeq);
}
