/**
 * The node: one process's part of a fleet, put together from ports, started in order and stopped in reverse.
 *
 * It knows no broker by name. Composition roots make the broker, the clock and the source of chance; the same class runs in
 * production and in simulation.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Broker, BrokerInfo } from '../broker/broker.ts';
import type { Notice } from '../broker/notices.ts';
import type { ClaimedTask } from '../broker/tasks.ts';
import type { Legacy } from '../client/lanes.ts';
import { Member } from '../client/member.ts';
import type { CallScope, Settings } from '../client/scope.ts';
import type { RuntimeConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { type Part, startInOrder, stopInReverse } from '../core/lifecycle.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import type { Cell } from './cell.ts';
import { cellSpecs } from './cell-specs.ts';
import { Culprits } from './culprits.ts';
import { Ending, givenUp, type NodeEnd, notPresent } from './ending.ts';
import { FleetDuties } from './fleet-duties.ts';
import { type ExecutionDeps, replyPost, settingsOf } from './handling.ts';
import { release } from './hand-back.ts';
import { Heartbeat } from './heartbeat.ts';
import { Intake } from './intake.ts';
import { Leases } from './leases.ts';
import { LogBook } from './log-book.ts';
import { statusOf } from './node-status.ts';
import { PartStreams } from './outgoing-parts.ts';
import { Population } from './population.ts';
import { Postman } from './postman.ts';
import { progressPost } from './progress.ts';
import { queueLimits } from './queue-limits.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Group } from './supervision-tree.ts';
import { Suspects } from './suspects.ts';

/** What a node leaves to the incarnation after it: what it had sent and still keeps, and the most beats it has seen. */
export interface NodeLegacy {
  readonly lanes: Legacy;
  readonly beats: number;
}

export interface NodeDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly config: RuntimeConfig;
  /** A new one for every incarnation. */
  readonly node: string;
  readonly host: string;
  readonly pid: number;
  /** What the incarnation before this one leaves behind. */
  readonly legacy?: NodeLegacy | undefined;
  /** Knows whose code runs; the incarnations of a process share one. */
  readonly culprits?: Culprits | undefined;
  /** The node has to be stopped by whoever made it. Called once. */
  readonly onEnded: (end: NodeEnd) => void;
}

/** How long an operation waits for a broker that cannot be reached. */
const patienceMs = 30_000;
/** How long settles and acknowledgements may take after the grace of a drain. */
const settleLimitMs = 5_000;

export class Node {
  readonly member: Member;
  readonly #deps: NodeDeps;
  readonly #scopes = new AsyncLocalStorage<CallScope>();
  readonly #execution: ExecutionDeps;
  readonly #logBook: LogBook;
  readonly #leases: Leases;
  readonly #intake: Intake;
  readonly #postman: Postman;
  readonly #subscriptions: Subscriptions;
  readonly #population: Population;
  readonly #heartbeat: Heartbeat;
  readonly #duties: FleetDuties;
  #started: readonly Part[] = [];
  #starting: Promise<unknown> | undefined;
  readonly #ending: Ending;
  #stopping: Promise<void> | undefined;
  #graceMs: number;

  /** Throws `ConfigError` when an agent class is wrong. */
  constructor(deps: NodeDeps) {
    this.#deps = deps;
    const { broker, clock, random, observer, config, node } = deps;
    const { timing } = config;
    this.#graceMs = timing.drainGraceMs;
    this.#ending = new Ending(node, deps.onEnded);
    const heard = { onNotice: (notice: Notice) => this.#onNotice(notice), onReset: () => this.#onReset() };
    const legacy = deps.legacy?.lanes;
    const who = { address: node, leased: true, patienceMs, legacy };
    this.member = new Member({ broker, clock, random, observer, ...who, ...heard });
    const [replies, progress] = [replyPost(deps, broker.notices), progressPost(deps, broker.queues)];
    const [scopes, streams] = [this.#scopes, new PartStreams({ clock, replies })];
    const [settings, suspects] = [settingsOf(config), new Suspects(clock)];
    const culprits = deps.culprits ?? new Culprits();
    this.#execution = { member: this.member, scopes, culprits, settings, replies, progress, streams, suspects };
    this.#logBook = new LogBook({ clock, observer, logs: broker.logs });
    const watched = { clock, observer, tasks: broker.tasks, presence: broker.presence, node };
    this.#leases = new Leases({ ...watched, leaseMs: timing.taskLeaseMs, renewMs: timing.taskRenewalMs });
    const giveBack = (claimed: ClaimedTask): Promise<void> => release(this.member, claimed);
    this.#intake = new Intake({ ...watched, leases: this.#leases, release: giveBack });
    this.#duties = new FleetDuties(deps, this.#intake, { member: this.member, settings });
    this.#postman = new Postman(this.#execution);
    this.#subscriptions = new Subscriptions({
      ...deps,
      feed: this.member.feed,
      serverNow: () => this.member.serverNow(),
    });
    this.#population = this.#populate(deps);
    this.#heartbeat = this.#openHeartbeat();
  }

  /** The agents that it runs or stands by for. */
  get cells(): readonly Cell[] {
    return this.#population.cells;
  }

  /** For the incarnation after this one. */
  get legacy(): NodeLegacy {
    return { lanes: this.member.lanes.legacy, beats: this.#heartbeat.beats };
  }

  get settings(): Settings {
    return this.#execution.settings;
  }

  /**
   * Joins the fleet and brings the agents up in order. When something fails, or the node is fenced or stopped meanwhile, what was up
   * is stopped again before it rejects; `onEnded` is not called then.
   */
  async start(): Promise<BrokerInfo> {
    const starting = this.#start();
    this.#starting = starting.catch(() => undefined); // told to whoever started it
    try {
      return await starting;
    } finally {
      this.#starting = undefined;
    }
  }

  async #start(): Promise<BrokerInfo> {
    const parts = this.#parts();
    await startInOrder(parts);
    this.#started = parts;
    return this.member.info;
  }

  /**
   * Drains and leaves: running handlers have `graceMs` to end, what is left is released without charging an attempt. Stopping twice is
   * one stop.
   */
  stop(options: { graceMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  /** The node cannot go on, and whoever made it is told the reason. */
  fail(reason: string, error?: unknown): void {
    this.#ending.fail({ kind: 'failed', reason, error });
  }

  async #stop(options: { graceMs?: number }): Promise<void> {
    const { observer, node } = this.#deps;
    this.#ending.stop();
    this.#graceMs = options.graceMs ?? this.#graceMs;
    observe(observer, 'node.draining', { node, reason: 'stop' });
    if (this.#starting !== undefined) {
      this.#population.supervisor.cease();
      await this.#starting;
    }
    const parts = this.#started;
    this.#started = [];
    await stopInReverse(parts);
    observe(observer, 'node.down', { node });
  }

  #parts(): readonly Part[] {
    const { broker, config } = this.#deps;
    const nothing = (): Promise<void> => Promise.resolve();
    return [
      { name: 'membership', start: () => this.#joinMember(), stop: () => this.member.stop() },
      this.#heartbeat,
      queueLimits(broker.control, config.queues),
      { name: 'post', start: nothing, stop: () => this.#flush() },
      { name: 'broadcasts', start: () => this.#listen(), stop: async () => this.#subscriptions.stop() },
      this.#leases,
      { name: 'agents', start: () => this.#population.start(), stop: () => this.#drain() },
      { name: 'intake', start: nothing, stop: () => this.#intake.stop() },
      this.#population.activation,
      ...this.#duties.parts,
      { name: 'the start', start: () => this.#ending.check(), stop: nothing },
    ];
  }

  async #joinMember(): Promise<void> {
    const info = await this.member.start();
    observe(this.#deps.observer, 'node.up', {
      node: this.#deps.node,
      broker: info.server,
      durability: info.durability,
    });
  }

  #openHeartbeat(): Heartbeat {
    const { broker, clock, node, host, pid, config, observer } = this.#deps;
    const { presenceLeaseMs: leaseMs, heartbeatMs: intervalMs } = config.timing;
    return new Heartbeat({
      clock,
      observer,
      presence: broker.presence,
      node,
      intervalMs,
      leaseMs,
      info: () => ({ host, pid, startedAt: this.member.serverNow() }),
      status: () => JSON.stringify(statusOf(this.cells, this.#intake.queues())),
      beatsBefore: this.#deps.legacy?.beats ?? 0,
      onServerTime: (time) => this.member.noteServerTime(time),
      onDataLost: () => this.member.tellDataLost(),
      onLost: (reason) => this.#fence(reason),
    });
  }

  /** What has no answer long after the grace is over is left to the leases: a broker that stays away must not hold up the stop. */
  async #drain(): Promise<void> {
    const limit = this.#deps.clock.setTimer(this.#graceMs + settleLimitMs, () => this.member.lanes.close());
    await this.#population.supervisor.stop(this.#graceMs).finally(() => limit.cancel());
  }

  async #listen(): Promise<void> {
    await this.member.feed.start();
    this.#subscriptions.start();
  }

  async #flush(): Promise<void> {
    this.#execution.streams.stop();
    await this.#execution.progress.flush();
    await this.#execution.replies.flush();
    await this.#logBook.flush();
  }

  #populate({ broker, config, node, ...deps }: NodeDeps): Population {
    const { member, settings, scopes, culprits } = this.#execution;
    const onEscalate = (cell: Cell, error: unknown, group: Group): void =>
      this.#ending.fail({ kind: 'failed', reason: givenUp(cell, error, group), error });
    const parts = {
      ...deps,
      node,
      presence: broker.presence,
      heartbeatMs: config.timing.heartbeatMs,
      drainGraceMs: config.timing.drainGraceMs,
      execution: this.#execution,
      context: { member, settings, scopes, culprits, logBook: this.#logBook },
      servers: [this.#subscriptions, this.#postman, this.#intake],
      onEscalate,
    };
    return new Population(parts, cellSpecs(config.agents, node));
  }

  #onNotice(notice: Notice): void {
    this.#execution.streams.onNotice(notice);
    this.#duties.onNotice(notice);
    if (notice.kind === 'released') this.#intake.onReleased(notice.queue);
    else if (notice.kind === 'paused' || notice.kind === 'resumed' || notice.kind === 'limited')
      this.#intake.onSwitched(notice.queue);
    else if (notice.kind === 'cancelled') this.#leases.cancel(notice.taskId, notice.message);
    else if (notice.kind === 'gone')
      void this.#population.activation.askAgain().catch(() => undefined); // the next turn asks again
    else this.#postman.onNotice(notice);
  }

  #onReset(): void {
    this.#postman.onReset();
    this.#intake.onReset();
    this.#duties.onReset();
  }

  #fence(reason: string): void {
    const { observer, node } = this.#deps;
    observe(observer, 'node.fenced', { node, reason });
    this.#population.supervisor.abort(notPresent(node, reason));
    this.#ending.fail({ kind: 'fenced', reason });
  }
}
