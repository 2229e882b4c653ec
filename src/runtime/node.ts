/**
 * The node: one process's part of a fleet, put together from ports, started in order and stopped in reverse.
 *
 * It knows no broker by name. Composition roots make the broker, the clock and the source of chance; the same class runs in
 * production and in simulation.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { BrokerInfo } from '../broker/broker.ts';
import type { Notice } from '../broker/notices.ts';
import type { ClaimedTask } from '../broker/tasks.ts';
import { Member } from '../client/member.ts';
import type { CallScope, Settings } from '../client/scope.ts';
import { type Part, startInOrder, stopInReverse } from '../core/lifecycle.ts';
import { observe } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { cellSpecs, hostingsOf } from './cell-specs.ts';
import { Ending, notPresent } from './ending.ts';
import { FleetDuties } from './fleet-duties.ts';
import { type ExecutionDeps, replyPost, settingsOf } from './handling.ts';
import { release } from './hand-back.ts';
import { Heartbeat } from './heartbeat.ts';
import { Intake } from './intake.ts';
import { Leases } from './leases.ts';
import { LogBook } from './log-book.ts';
import { NodeCommands } from './node-commands.ts';
import { healthOf, nodeControl, type NodeHealth } from './node-control.ts';
import type { NodeDeps, NodeLegacy } from './node-deps.ts';
import { type NodeStatus, statusOf } from './node-status.ts';
import { PartStreams } from './outgoing-parts.ts';
import { Population } from './population.ts';
import { Postman } from './postman.ts';
import { progressPost } from './progress.ts';
import { queueLimits } from './queue-limits.ts';
import { type Roster, rosterOf } from './roster.ts';
import { Subscriptions } from './subscriptions.ts';
import { Suspects } from './suspects.ts';

/** How long an operation waits for a broker that cannot be reached. */
const patienceMs = 30_000;
/** How long settles and acknowledgements may take after the grace of a drain. */
const settleLimitMs = 5_000;

export class Node {
  readonly member: Member;
  readonly population: Population;
  readonly #deps: NodeDeps;
  readonly #scopes = new AsyncLocalStorage<CallScope>();
  readonly #execution: ExecutionDeps;
  readonly #logBook: LogBook;
  readonly #leases: Leases;
  readonly #intake: Intake;
  readonly #postman: Postman;
  readonly #subscriptions: Subscriptions;
  readonly #heartbeat: Heartbeat;
  readonly #duties: FleetDuties;
  readonly #roster: Roster;
  readonly #commands: NodeCommands;
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
    const isMoving = (agentId: string): boolean => this.#stopping !== undefined || this.population.isComing(agentId);
    this.#execution = { member: this.member, scopes, settings, replies, progress, streams, suspects, isMoving };
    this.#logBook = new LogBook({ clock, observer, logs: broker.logs });
    const watched = { clock, observer, tasks: broker.tasks, presence: broker.presence, node };
    this.#leases = new Leases({ ...watched, leaseMs: timing.taskLeaseMs, renewMs: timing.taskRenewalMs });
    const giveBack = (claimed: ClaimedTask): Promise<void> => release(this.member, claimed);
    this.#intake = new Intake({ ...watched, leases: this.#leases, release: giveBack });
    this.#duties = new FleetDuties(deps, this.#intake, { member: this.member, settings });
    this.#postman = new Postman(this.#execution, (envelope) => void this.#commands.onCommand(envelope));
    this.#subscriptions = new Subscriptions({
      ...deps,
      feed: this.member.feed,
      serverNow: () => this.member.serverNow(),
    });
    this.population = this.#populate(deps);
    this.#roster = rosterOf(deps, {
      population: this.population,
      graceMs: () => this.#graceMs,
      isDraining: () => this.#ending.isStopping,
    });
    const own = nodeControl({ node, health: () => this.health, onAsked: deps.onAsked });
    this.#commands = new NodeCommands({ node, replies, handlers: { ...own, ...this.#roster.handlers } });
    this.#heartbeat = this.#openHeartbeat();
  }

  /** The agents that it runs or stands by for. */
  get cells(): readonly Cell[] {
    return this.population.cells;
  }

  /** For the incarnation after this one. */
  get legacy(): NodeLegacy {
    return { lanes: this.member.lanes.legacy, beats: this.#heartbeat.beats, roster: this.#roster.legacy };
  }

  get health(): NodeHealth {
    const state = this.#ending.isStopping ? 'draining' : this.#started.length > 0 ? 'up' : 'starting';
    return healthOf(this.#deps.node, state, this.cells);
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
    void this.#heartbeat.tell();
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

  async #stop(options: { graceMs?: number }): Promise<void> {
    const { observer, node } = this.#deps;
    this.#ending.stop();
    this.#graceMs = options.graceMs ?? this.#graceMs;
    observe(observer, 'node.draining', { node, reason: 'stop' });
    void this.#heartbeat.tell();
    if (this.#starting !== undefined) {
      this.population.supervisor.cease();
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
      { name: 'agents', start: () => this.population.start(), stop: () => this.#drain() },
      { name: 'intake', start: nothing, stop: () => this.#intake.stop() },
      this.population.activation,
      this.population.watches,
      this.#roster,
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
    const { broker, clock, node, host, pid, replaces, config, observer } = this.#deps;
    const { presenceLeaseMs: leaseMs, heartbeatMs: intervalMs } = config.timing;
    return new Heartbeat({
      clock,
      observer,
      presence: broker.presence,
      node,
      intervalMs,
      leaseMs,
      info: () => ({ host, pid, startedAt: this.member.serverNow(), ...(replaces !== undefined && { replaces }) }),
      status: () => JSON.stringify(this.#status()),
      beatsBefore: this.#deps.legacy?.beats ?? 0,
      onServerTime: (time) => this.member.noteServerTime(time),
      onDataLost: () => this.member.tellDataLost(),
      onLost: (reason) => this.#fence(reason),
    });
  }

  #status(): NodeStatus {
    const hostings = hostingsOf(this.#deps.config);
    return statusOf({ state: this.health.state, hostings, cells: this.cells, queues: this.#intake.queues() });
  }

  /** What has no answer long after the grace is over is left to the leases: a broker that stays away must not hold up the stop. */
  async #drain(): Promise<void> {
    const limit = this.#deps.clock.setTimer(this.#graceMs + settleLimitMs, () => this.member.lanes.close());
    await this.population.supervisor.stop(this.#graceMs).finally(() => limit.cancel());
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
    await this.population.lifecycle.flush();
  }

  #populate({ broker, config, node, ...deps }: NodeDeps): Population {
    const { member, settings, scopes } = this.#execution;
    const onEscalate = (cell: Cell, error: unknown): void => {
      if (this.#roster.onGivenUp(cell, error)) return;
      this.#ending.fail({ kind: 'failed', reason: `agent ${cell.id} cannot be started`, error });
    };
    const upTold = { serve: (cell: Cell) => this.#roster.onUp(cell), leave: () => {}, onRoom: () => {} };
    const parts = {
      ...deps,
      node,
      presence: broker.presence,
      logs: broker.logs,
      heartbeatMs: config.timing.heartbeatMs,
      execution: this.#execution,
      context: {
        member,
        settings,
        scopes,
        logBook: this.#logBook,
        endChildren: (ended: ReadonlyMap<string, string>) => this.#roster.endChildren(ended),
      },
      servers: [this.#subscriptions, this.#postman, this.#intake, upTold],
      onEscalate,
    };
    return new Population(parts, cellSpecs(config.agents, node));
  }

  #onNotice(notice: Notice): void {
    this.#execution.streams.onNotice(notice);
    this.#duties.onNotice(notice);
    this.#roster.onNotice(notice);
    if (notice.kind === 'released') this.#intake.onReleased(notice.queue);
    else if (notice.kind === 'paused' || notice.kind === 'resumed' || notice.kind === 'limited')
      this.#intake.onSwitched(notice.queue);
    else if (notice.kind === 'cancelled') this.#leases.cancel(notice.taskId, notice.message);
    else if (notice.kind === 'gone' || notice.kind === 'down' || notice.kind === 'freed')
      this.population.onNotice(notice);
    else this.#postman.onNotice(notice);
  }

  #onReset(): void {
    this.#postman.onReset();
    this.#intake.onReset();
    this.#duties.onReset();
    this.population.watches.onReset();
    this.#roster.onReset();
  }

  #fence(reason: string): void {
    const { observer, node } = this.#deps;
    observe(observer, 'node.fenced', { node, reason });
    this.population.supervisor.abort(notPresent(node, reason));
    this.#ending.fail({ kind: 'fenced', reason });
  }
}
