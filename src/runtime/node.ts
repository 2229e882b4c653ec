/**
 * The node: one process's part of a fleet, put together from ports, started in order and stopped in reverse.
 *
 * It knows no broker by name. Composition roots make the broker, the clock and the source of chance; the same class runs in
 * production and in simulation.
 */
import { ContextSlot } from '../core/context-slot.ts';
import type { BrokerInfo } from '../broker/broker.ts';
import type { Notice } from '../broker/notices.ts';
import type { ProgressReport } from '../broker/queues.ts';
import type { ClaimedTask } from '../broker/tasks.ts';
import { Member } from '../client/member.ts';
import type { CallScope, Settings } from '../client/scope.ts';
import { type Part, startInOrder, stopInReverse } from '../core/lifecycle.ts';
import { observe } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { Culprits } from './culprits.ts';
import { Ending, notPresent } from './ending.ts';
import { FleetDuties } from './fleet-duties.ts';
import { threadsPart } from './handler-place.ts';
import { type ExecutionDeps, replyPost, settingsOf } from './handling.ts';
import { release } from './hand-back.ts';
import type { Heartbeat } from './heartbeat.ts';
import { Intake } from './intake.ts';
import { Leases } from './leases.ts';
import { LogBook } from './log-book.ts';
import { NodeCommands } from './node-commands.ts';
import { healthOf, nodeControl, type NodeHealth } from './node-control.ts';
import type { NodeDeps, NodeLegacy } from './node-deps.ts';
import { populationOf } from './node-population.ts';
import { openPresence } from './node-presence.ts';
import { PartStreams } from './outgoing-parts.ts';
import type { Population } from './population.ts';
import { Postman } from './postman.ts';
import { announceProgress, progressPost } from './progress.ts';
import { queueLimits } from './queue-limits.ts';
import type { Readiness } from './readiness.ts';
import { type Roster, rosterOf } from './roster.ts';
import type { SelfReport } from './self-report.ts';
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
  readonly #scopes = new ContextSlot<CallScope>();
  readonly #execution: ExecutionDeps;
  readonly #logBook: LogBook;
  readonly #leases: Leases;
  readonly #intake: Intake;
  readonly #postman: Postman;
  readonly #subscriptions: Subscriptions;
  readonly #heartbeat: Heartbeat;
  readonly #report: SelfReport;
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
    const onNotice = (notice: Notice): void => this.#onNotice(notice);
    const heard = { onNotice, onReset: () => this.#onReset(), onDoubt: () => this.#onDoubt() };
    const onPartitions = (): void => this.#intake.onPartitions();
    const who = { address: node, leased: true, patienceMs, legacy: deps.legacy?.lanes };
    this.member = new Member({ broker, clock, random, observer, ...who, ...heard, onPartitions });
    const announce = (report: ProgressReport): Promise<void> => announceProgress(this.member, report);
    const progress = progressPost(deps, broker.queues, config.classic ? announce : undefined);
    const replies = replyPost(deps, broker.notices);
    const [scopes, streams] = [this.#scopes, new PartStreams({ clock, replies })];
    const [settings, suspects] = [settingsOf(config), new Suspects(clock)];
    const { threads, culprits = new Culprits() } = deps;
    const isMoving = (agentId: string): boolean => this.#stopping !== undefined || this.population.isComing(agentId);
    const calls = { scopes, culprits, settings, threads, isMoving };
    this.#execution = { member: this.member, ...calls, replies, progress, streams, suspects };
    this.#logBook = new LogBook({ clock, observer, logs: broker.logs });
    const watched = { clock, observer, tasks: broker.tasks, presence: broker.presence, node };
    this.#leases = new Leases({ ...watched, leaseMs: timing.taskLeaseMs, renewMs: timing.taskRenewalMs });
    const giveBack = (claimed: ClaimedTask): Promise<void> => release(this.member, claimed);
    this.#intake = new Intake({
      ...watched,
      leases: this.#leases,
      release: giveBack,
      partitions: this.member.partitions,
    });
    this.#duties = new FleetDuties(deps, this.#intake, { member: this.member, settings });
    this.#postman = new Postman(this.#execution, (envelope) => void this.#commands.onCommand(envelope));
    this.#subscriptions = new Subscriptions({
      ...deps,
      feed: this.member.feed,
      serverNow: () => this.member.serverNow(),
    });
    const asked = { member: this.member, intake: this.#intake, cells: () => this.cells };
    const hearers = () => [this.#duties, this.#roster];
    const seen = openPresence(deps, { ...asked, hearers, onLost: (reason) => this.#fence(reason) });
    this.#heartbeat = seen.heartbeat;
    this.#report = seen.report;
    this.population = populationOf(deps, {
      execution: this.#execution,
      logBook: this.#logBook,
      inFlight: seen.inFlight,
      servers: [this.#subscriptions, this.#postman, this.#intake],
      roster: () => this.#roster,
      onForgotten: (reason) => this.#fence(reason),
      onFailed: (reason, error) => this.#ending.fail({ kind: 'failed', reason, error }),
    });
    this.#roster = rosterOf(deps, {
      population: this.population,
      graceMs: () => this.#graceMs,
      isDraining: () => this.#ending.isStopping,
    });
    const own = nodeControl({ node, health: () => this.health, onAsked: deps.onAsked });
    this.#commands = new NodeCommands({ node, replies, handlers: { ...own, ...this.#roster.handlers } });
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

  /** Whether it can do what it is there for, and what is missing. */
  readiness(): Readiness {
    return this.#report.readiness();
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
    const { observer, node } = this.#deps;
    await startInOrder(parts, (part) => observe(observer, 'part.started', { node, part }));
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
    this.#report.phase = 'stopping';
    this.#graceMs = options.graceMs ?? this.#graceMs;
    observe(observer, 'node.draining', { node, reason: 'stop' });
    void this.#heartbeat.tell();
    if (this.#starting !== undefined) {
      this.population.supervisor.cease();
      await this.#starting;
    }
    const parts = this.#started;
    this.#started = [];
    await stopInReverse(parts, (part) => observe(observer, 'part.stopped', { node, part }));
    observe(observer, 'node.down', { node });
  }

  #parts(): readonly Part[] {
    const { broker, config } = this.#deps;
    const nothing = (): Promise<void> => Promise.resolve();
    return [
      threadsPart(this.#deps.threads, this.cells),
      { name: 'membership', start: () => this.#joinMember(), stop: () => this.member.stop() },
      this.#heartbeat,
      queueLimits(broker.control, this.member.partitions, config.queues),
      { name: 'post', start: nothing, stop: () => this.#flush() },
      { name: 'broadcasts', start: () => this.#listen(), stop: async () => this.#subscriptions.stop() },
      this.#leases,
      { name: 'agents', start: () => this.population.start(), stop: () => this.#drain() },
      { name: 'intake', start: nothing, stop: async () => void this.#intake.stop() },
      this.population.activation,
      this.population.watches,
      this.#roster,
      ...this.#duties.parts,
      { name: 'the contracts', start: () => this.#report.compare(), stop: nothing },
      { name: 'the start', start: () => this.#finishStart(), stop: nothing },
    ];
  }

  async #finishStart(): Promise<void> {
    this.#report.phase = 'up';
    await this.#heartbeat.tell();
    return this.#ending.check();
  }

  async #joinMember(): Promise<void> {
    const { server, durability } = await this.member.start();
    observe(this.#deps.observer, 'node.up', { node: this.#deps.node, broker: server, durability });
  }

  /**
   * What has no answer long after the grace is over, also of what intake gives back, is left to the leases: a broker that stays away must
   * not hold up the stop.
   */
  async #drain(): Promise<void> {
    const limit = this.#deps.clock.setTimer(this.#graceMs + settleLimitMs, () => this.member.lanes.close());
    const ends = [this.#intake.stop(), this.population.supervisor.stop(this.#graceMs)];
    await Promise.all(ends).finally(() => limit.cancel());
    this.member.aboutToLeave(); // no agent is left to miss anything
  }

  async #listen(): Promise<void> {
    await this.member.feed.start();
    this.#subscriptions.start();
  }

  async #flush(): Promise<void> {
    await this.member.lanes.idle(1_000); // what agents said without waiting for an answer
    this.#execution.streams.stop();
    await this.#execution.progress.flush();
    await this.#execution.replies.flush();
    await this.#logBook.flush();
    await this.population.lifecycle.flush();
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
    this.population.onReset();
    this.#roster.onReset();
  }

  /** What no duty looks after: mail, and queues that were resumed. */
  #onDoubt(): void {
    this.#postman.onReset();
    this.#intake.onReset();
  }

  #fence(reason: string): void {
    const { observer, node } = this.#deps;
    observe(observer, 'node.fenced', { node, reason });
    this.#report.phase = 'fenced';
    this.population.supervisor.abort(notPresent(node, reason));
    this.#ending.fail({ kind: 'fenced', reason });
  }
}
