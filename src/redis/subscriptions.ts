/**
 * The subscriptions link: who hears which channel, kept across faults.
 *
 * S1  Subscribing resolves after the server has acknowledged it: nothing published from then on is missed while it is up.
 * S2  After the link was lost, everything is subscribed anew and each listener's `onReset` is called before it hears
 *     anything that was published since; the client's own resubscribing tells nobody what was missed.
 * S3  A subscriber has no commands pending, so a dead link would stay silent: a PING every two seconds finds out.
 * S4  Masters of a cluster hand on to each other what is published, and what is under way when the link between them breaks is lost without
 *     a word: every ten seconds each listener's `onDoubt` is called.
 */
import type { Redis, RedisOptions } from 'ioredis';
import type { Subscription } from '../broker/notices.ts';
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import { type Observer, observe } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { Link, type Whereabouts } from './link.ts';

export interface SubscriptionDeps {
  readonly options: RedisOptions;
  readonly where?: Whereabouts | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  /** What is published may come from another server (S4). */
  readonly isHandedOn?: boolean;
}

export interface ChannelListener {
  readonly channels: readonly string[];
  readonly patterns: readonly string[];
  /** `source` is the channel or pattern that was subscribed, `channel` where it was published. */
  onText(text: string, source: string, channel: string): void;
  onReset(): void;
  onDoubt?(): void;
}

const pingMs = 2_000;
const doubtMs = 10_000;
const hangMs = 3_000;

export class Subscriptions {
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #link: Link;
  readonly #listeners = new Set<ChannelListener>();
  #wasUp = false;
  #pings: Timer | undefined;
  #doubts: Timer | undefined;
  readonly #isHandedOn: boolean;

  constructor(deps: SubscriptionDeps) {
    this.#clock = deps.clock;
    this.#observer = deps.observer;
    this.#isHandedOn = deps.isHandedOn ?? false;
    this.#link = new Link({ ...deps, role: 'subscriptions', hangMs, prepare: (client) => this.#prepare(client) });
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  async start(): Promise<void> {
    await this.#link.start();
    this.#pings = repeat(
      this.#clock,
      () => pingMs,
      () => this.#link.call('ping').then(noop, noop),
    );
    if (!this.#isHandedOn) return;
    this.#doubts = repeat(
      this.#clock,
      () => doubtMs,
      () => Promise.resolve(this.#doubt()),
    );
  }

  async stop(): Promise<void> {
    this.#pings?.cancel();
    this.#doubts?.cancel();
    this.#listeners.clear();
    await this.#link.stop();
  }

  /** S1 */
  async listen(listener: ChannelListener): Promise<Subscription> {
    this.#listeners.add(listener);
    try {
      if (listener.channels.length > 0) await this.#link.call('subscribe', ...listener.channels);
      if (listener.patterns.length > 0) await this.#link.call('psubscribe', ...listener.patterns);
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
    return { close: () => this.#close(listener) };
  }

  async #close(listener: ChannelListener): Promise<void> {
    if (!this.#listeners.delete(listener)) return;
    const channels = listener.channels.filter((channel) => !this.#channels().includes(channel));
    const patterns = listener.patterns.filter((pattern) => !this.#patterns().includes(pattern));
    // A link that is down will not subscribe them again, so there is nothing to undo.
    if (channels.length > 0) await this.#link.call('unsubscribe', ...channels).catch(noop);
    if (patterns.length > 0) await this.#link.call('punsubscribe', ...patterns).catch(noop);
  }

  /** S2: what arrives before every `onReset` has been called is held back. */
  async #prepare(client: Redis): Promise<void> {
    let early: (() => void)[] | undefined = [];
    const hear = (tell: () => void): void => void (early === undefined ? tell() : early.push(tell));
    client.on('message', (channel: string, text: string) => hear(() => this.#tell('channels', channel, text, channel)));
    client.on('pmessage', (pattern: string, channel: string, text: string) =>
      hear(() => this.#tell('patterns', pattern, text, channel)),
    );
    const reset = this.#wasUp ? [...this.#listeners] : [];
    const [channels, patterns] = [this.#channels(), this.#patterns()];
    if (channels.length > 0) await client.subscribe(...channels);
    if (patterns.length > 0) await client.psubscribe(...patterns);
    for (const listener of reset) if (this.#listeners.has(listener)) this.#guard(() => listener.onReset());
    const held = early;
    early = undefined;
    for (const tell of held) tell();
    this.#wasUp = true;
  }

  /** S4 */
  #doubt(): void {
    if (!this.isUp) return;
    for (const listener of this.#listeners) this.#guard(() => listener.onDoubt?.());
  }

  #tell(kind: 'channels' | 'patterns', source: string, text: string, channel: string): void {
    for (const listener of this.#listeners)
      if (listener[kind].includes(source)) this.#guard(() => listener.onText(text, source, channel));
  }

  /** A listener that throws must not keep the others from hearing. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      observe(this.#observer, 'broker.trouble', { what: 'a listener threw', error: describeError(error) });
    }
  }

  #channels(): string[] {
    return [...new Set([...this.#listeners].flatMap(({ channels }) => channels))];
  }

  #patterns(): string[] {
    return [...new Set([...this.#listeners].flatMap(({ patterns }) => patterns))];
  }
}

function noop(): void {}
