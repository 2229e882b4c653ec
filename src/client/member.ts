/**
 * One process's membership in a fleet: its address, its lanes, and everything in it that waits for the fleet.
 *
 * A node and an outside client have the same membership; a node's is `leased`: every frame it sends is refused once its
 * presence has ended.
 */
import { handlersOf, type HandlerTable } from '../agent/handlers.ts';
import type { AgentClass } from '../agent/task-types.ts';
import type { Broker, BrokerInfo } from '../broker/broker.ts';
import { everyone, type Notice, type Subscription } from '../broker/notices.ts';
import type { Clock } from '../core/clock.ts';
import { BrokerError, describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { Asks } from './asks.ts';
import { EventFeed } from './event-feed.ts';
import { createLanes, type Lanes, type Legacy } from './lanes.ts';
import { Locks } from './locks.ts';
import { Partitions } from './partitions.ts';
import { Placements } from './placement.ts';
import { TaskWatch } from './task-watch.ts';

export interface MemberDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  /** A new one for every incarnation of the process. */
  readonly address: string;
  readonly leased: boolean;
  /** How long an operation waits for a broker that cannot be reached, in milliseconds. */
  readonly patienceMs: number;
  /** What the incarnation before this one had kept. */
  readonly legacy?: Legacy | undefined;
  /** Hears what the membership itself does not handle: mail, asks, classic messages, releases. */
  readonly onNotice?: (notice: Notice) => void;
  /** Notices may have been missed. */
  readonly onReset?: () => void;
  /** A notice may have been missed although the link holds. */
  readonly onDoubt?: () => void;
  /** Queues have other partitions. */
  readonly onPartitions?: () => void;
}

export class Member {
  readonly deps: MemberDeps;
  readonly lanes: Lanes;
  readonly asks: Asks;
  readonly tasks: TaskWatch;
  readonly locks: Locks;
  readonly feed: EventFeed;
  readonly placements = new Placements();
  readonly partitions: Partitions;
  readonly #lifecycleEars = new Set<() => void>();
  #subscription: Subscription | undefined;
  readonly #tables = new WeakMap<AgentClass, HandlerTable>();
  #serverOffsetMs = 0;
  #info: BrokerInfo | undefined;
  #isLeaving = false;

  constructor(deps: MemberDeps) {
    this.deps = deps;
    const { broker, clock, random, address } = deps;
    this.lanes = createLanes({
      broker,
      clock,
      random,
      sender: { address, leased: deps.leased },
      patienceMs: deps.patienceMs,
      legacy: deps.legacy,
      onLost: (loss) => this.#onLost(loss),
    });
    this.asks = new Asks({ broker, clock, random, observer: deps.observer, frames: this.lanes.ask });
    const isBringingBack = (): boolean => this.lanes.enqueue.isBringingBack;
    this.tasks = new TaskWatch({ broker, clock, onMissed: () => this.lanes.check(), isBringingBack });
    this.locks = new Locks({ broker, clock, random, address, patienceMs: deps.patienceMs });
    this.feed = new EventFeed(deps);
    this.partitions = new Partitions({ control: broker.control, onChange: () => deps.onPartitions?.() });
  }

  /** Connects and listens. Rejects with `BrokerError` or `ConfigError`; no link is left open then. */
  async start(): Promise<BrokerInfo> {
    try {
      return await this.#start();
    } catch (error) {
      await this.deps.broker.stop().catch(() => undefined); // why it could not start is what matters
      throw error;
    }
  }

  async #start(): Promise<BrokerInfo> {
    const info = await this.deps.broker.start();
    this.#info = info;
    this.noteServerTime(info.serverTime);
    this.#subscription = await this.deps.broker.notices.listen(this.deps.address, {
      onNotice: (notice) => this.#onNotice(notice),
      onReset: () => this.#onReset(),
      onDoubt: () => this.#isLeaving || this.deps.onDoubt?.(),
    });
    await this.partitions.read();
    this.lanes.check();
    return info;
  }

  /** The process is about to leave: what it misses from here on is not read again. What it hears, it still passes on. */
  aboutToLeave(): void {
    this.#isLeaving = true;
    this.feed.cease();
  }

  /** Ends the membership: whatever waits is told `closed`, every link is closed. */
  async stop(): Promise<void> {
    this.aboutToLeave();
    const error = new BrokerError(
      'closed',
      'expected the process to stay in the fleet until this was answered, got: it has left',
    );
    this.asks.stop(error);
    this.tasks.stop(error);
    this.locks.stop(error);
    this.lanes.close();
    await this.feed.stop().catch(() => undefined); // the link may be gone already; stopping the broker ends it for certain
    this.#tellLifecycle();
    await this.#subscription?.close().catch(() => undefined); // likewise
    await this.deps.broker.stop();
  }

  get info(): BrokerInfo {
    if (this.#info === undefined)
      throw new BrokerError('closed', 'expected the process to have joined the fleet, got: not started');
    return this.#info;
  }

  /**
   * The server's wall time in milliseconds, as well as we know it. Deadlines are written in it. It runs on our monotonic clock, so
   * that a jump of this machine's wall clock moves no deadline.
   */
  serverNow(): number {
    return this.deps.clock.monotonic() + this.#serverOffsetMs;
  }

  noteServerTime(serverTime: number): void {
    this.#serverOffsetMs = serverTime - this.deps.clock.monotonic();
  }

  /** What a class handles, read once. Throws `DefinitionError`. */
  handlersOf(Class: AgentClass): HandlerTable {
    const known = this.#tables.get(Class);
    if (known !== undefined) return known;
    const table = handlersOf(Class);
    this.#tables.set(Class, table);
    return table;
  }

  /** Calls `ring` when there may be more to read of what becomes of nodes and agents, or nothing ever again. */
  onLifecycle(ring: () => void): () => void {
    this.#lifecycleEars.add(ring);
    return () => this.#lifecycleEars.delete(ring);
  }

  #tellLifecycle(): void {
    for (const ring of this.#lifecycleEars) ring();
  }

  /** Tells the whole fleet, this process included, that the broker has lost data: everyone looks what is missing of its own. */
  tellDataLost(): void {
    const { broker, address } = this.deps;
    broker.notices
      .post([{ address: everyone, notice: { kind: 'data-lost', node: address } }])
      .catch((error: unknown) => {
        const what = 'telling the fleet of a loss of data';
        observe(this.deps.observer, 'broker.trouble', { what, error: describeError(error) });
      });
  }

  #onNotice(notice: Notice): void {
    switch (notice.kind) {
      case 'settled':
      case 'progress':
      case 'parts':
        return this.tasks.onNotice(notice);
      case 'reply':
      case 'part':
        return this.asks.onNotice(notice);
      case 'data-lost':
        this.tasks.onDataLost();
        this.lanes.check();
        this.#readPartitions();
        return this.deps.onNotice?.(notice);
      case 'fleet':
        return this.#tellLifecycle();
      case 'roster':
        if (Partitions.concerns(notice.name)) this.#readPartitions();
        return this.deps.onNotice?.(notice);
      case 'granted':
        return this.locks.onNotice(notice);
      case 'gone':
        this.asks.onNotice(notice);
        return this.deps.onNotice?.(notice);
      case 'mail':
      case 'ask':
      case 'credit':
      case 'left':
      case 'cancelled':
      case 'released':
      case 'paused':
      case 'resumed':
      case 'limited':
      case 'scheduled':
      case 'freed':
      case 'down':
      case 'classic':
        return this.deps.onNotice?.(notice);
    }
  }

  /** What the broker has lost is told to whoever watches; never silent. */
  #onLost({ tag, found, gone }: { tag: string; found: number; gone: number }): void {
    this.tasks.onDataLost();
    const what =
      gone > 0
        ? `${gone} accepted operations of "${tag}" were lost by the broker and could not be brought back`
        : `the broker has lost what it had accepted for "${tag}"; ${found} operations are sent again`;
    observe(this.deps.observer, 'broker.data-lost', { what });
  }

  /** What cannot be read now is read with the next change, or when notices were missed. */
  #readPartitions(): void {
    this.partitions.read().catch((error: unknown) => {
      const what = 'reading the partitions of queues';
      observe(this.deps.observer, 'broker.trouble', { what, error: describeError(error) });
    });
  }

  #onReset(): void {
    if (this.#isLeaving) return;
    this.lanes.check();
    this.tasks.onReset();
    this.asks.onReset();
    this.locks.onReset();
    this.#readPartitions();
    this.#tellLifecycle();
    this.deps.onReset?.();
  }
}
