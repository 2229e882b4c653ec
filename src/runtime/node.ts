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
import { Member } from '../client/member.ts';
import { Post } from '../client/post.ts';
import type { CallScope, Settings } from '../client/scope.ts';
import type { RuntimeConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { AgentUnavailable, describeError, OwnershipError } from '../core/errors.ts';
import { type Part, startInOrder, stopInReverse } from '../core/lifecycle.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { Activation } from './activation.ts';
import { CellContext } from './agent-context.ts';
import { Cell } from './cell.ts';
import { cellSpecs } from './cell-specs.ts';
import { execute } from './execution.ts';
import type { ExecutionDeps } from './handling.ts';
import { Heartbeat } from './heartbeat.ts';
import { Intake } from './intake.ts';
import { Leases } from './leases.ts';
import { LogBook } from './log-book.ts';
import { statusOf } from './node-status.ts';
import { Postman } from './postman.ts';
import { progressPost } from './progress.ts';
import { Promoter } from './promoter.ts';
import { Recovery } from './recovery.ts';
import { Subscriptions } from './subscriptions.ts';
import { Supervisor } from './supervisor.ts';
import type { Work } from './work.ts';

/** Why a node cannot go on by itself. `fenced`: its presence has ended; a new incarnation may take over at once. */
export interface NodeEnd {
  readonly kind: 'fenced' | 'failed';
  readonly reason: string;
  readonly error?: unknown;
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
  /** The node has to be stopped by whoever made it. Called once. */
  readonly onEnded: (end: NodeEnd) => void;
}

/** How long an operation waits for a broker that cannot be reached. */
const patienceMs = 30_000;

export class Node {
  readonly member: Member;
  readonly cells: readonly Cell[];
  readonly #deps: NodeDeps;
  readonly #scopes = new AsyncLocalStorage<CallScope>();
  readonly #execution: ExecutionDeps;
  readonly #logBook: LogBook;
  readonly #leases: Leases;
  readonly #intake: Intake;
  readonly #postman: Postman;
  readonly #subscriptions: Subscriptions;
  readonly #activation: Activation;
  readonly #supervisor: Supervisor;
  #heartbeat: Heartbeat | undefined;
  #started: readonly Part[] = [];
  #graceMs: number;
  #ended = false;

  /** Throws `ConfigError` when an agent class is wrong. */
  constructor(deps: NodeDeps) {
    this.#deps = deps;
    const { broker, clock, random, observer, config, node } = deps;
    const { timing } = config;
    this.#graceMs = timing.drainGraceMs;
    const heard = { onNotice: (notice: Notice) => this.#onNotice(notice), onReset: () => this.#onReset() };
    this.member = new Member({ broker, clock, random, observer, address: node, leased: true, patienceMs, ...heard });
    const replies = new Post({
      clock,
      observer,
      what: 'sending replies',
      deliver: (items: Replies) => broker.notices.post(items),
    });
    const progress = progressPost({ clock, observer }, broker.queues);
    this.#execution = { member: this.member, scopes: this.#scopes, settings: settingsOf(config), replies, progress };
    this.#logBook = new LogBook({ clock, observer, logs: broker.logs });
    const watched = { clock, observer, tasks: broker.tasks, presence: broker.presence, node };
    this.#leases = new Leases({ ...watched, leaseMs: timing.taskLeaseMs, renewMs: timing.taskRenewalMs });
    this.#intake = new Intake({ ...watched, leases: this.#leases, release: (claimed) => this.#release(claimed) });
    this.#postman = new Postman(this.#execution);
    this.#subscriptions = new Subscriptions({ ...deps, feed: this.member.feed });
    const onGranted = (cell: Cell): void => void this.#supervisor.bringUp(cell);
    this.#activation = new Activation({ ...watched, intervalMs: timing.heartbeatMs, onGranted });
    this.#supervisor = new Supervisor({
      ...deps,
      activation: this.#activation,
      services: [this.#subscriptions, this.#postman, this.#intake],
      handBack: (cell, work) => this.#handBack(cell, work),
      onEscalate: (cell, error) => this.#end({ kind: 'failed', reason: `agent ${cell.id} cannot be started`, error }),
    });
    this.cells = cellSpecs(config.agents, node).map((spec) => new Cell(spec, this.#hooks()));
  }

  get settings(): Settings {
    return this.#execution.settings;
  }

  /** Joins the fleet and brings the agents up in order. When something fails, what was up is stopped again. */
  async start(): Promise<BrokerInfo> {
    const parts = this.#parts();
    await startInOrder(parts);
    this.#started = parts;
    return this.member.info;
  }

  /** Drains and leaves: running handlers have `graceMs` to end, what is left is released without charging an attempt. */
  async stop(options: { graceMs?: number } = {}): Promise<void> {
    const { observer, node } = this.#deps;
    this.#ended = true;
    this.#graceMs = options.graceMs ?? this.#graceMs;
    observe(observer, 'node.draining', { node, reason: 'stop' });
    const parts = this.#started;
    this.#started = [];
    await stopInReverse(parts);
    observe(observer, 'node.down', { node });
  }

  #parts(): readonly Part[] {
    const { broker, config, clock, observer, node } = this.#deps;
    const watched = {
      clock,
      observer,
      tasks: broker.tasks,
      presence: broker.presence,
      node,
      queues: () => this.#intake.queues(),
    };
    const nothing = (): Promise<void> => Promise.resolve();
    const { leaseMs, freeFor, place } = {
      leaseMs: config.timing.taskLeaseMs,
      freeFor: (queue: string) => this.#intake.freeFor(queue),
      place: (claimed: ClaimedTask) => this.#intake.place(claimed),
    };
    return [
      { name: 'membership', start: () => this.#joinMember(), stop: () => this.member.stop() },
      { name: 'presence', start: () => this.#join(), stop: () => this.#leave() },
      { name: 'post', start: nothing, stop: () => this.#flush() },
      { name: 'broadcasts', start: () => this.#listen(), stop: async () => this.#subscriptions.stop() },
      this.#leases,
      {
        name: 'agents',
        start: () => this.#supervisor.start(this.cells),
        stop: () => this.#supervisor.stop(this.#graceMs),
      },
      { name: 'intake', start: nothing, stop: () => this.#intake.stop() },
      this.#activation,
      new Promoter(watched),
      new Recovery({ ...watched, leaseMs, freeFor, place }),
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

  async #join(): Promise<void> {
    const { broker, clock, node, host, pid, config, observer } = this.#deps;
    const { presenceLeaseMs, heartbeatMs } = config.timing;
    const status = (): string => JSON.stringify(statusOf(this.cells, this.#intake.queues()));
    const joinedAt = clock.monotonic();
    const info = { node, host, pid, startedAt: this.member.serverNow(), status: status() };
    const { beats, serverTime } = await broker.presence.join(info, presenceLeaseMs);
    this.member.noteServerTime(serverTime);
    const heard = {
      onServerTime: (time: number) => this.member.noteServerTime(time),
      onLost: (reason: string) => this.#fence(reason),
    };
    const deps = {
      clock,
      observer,
      presence: broker.presence,
      node,
      intervalMs: heartbeatMs,
      leaseMs: presenceLeaseMs,
      status,
      ...heard,
    };
    this.#heartbeat = new Heartbeat(deps, joinedAt, beats);
    await this.#heartbeat.start();
  }

  async #leave(): Promise<void> {
    await this.#heartbeat?.stop();
    const { broker, node, observer } = this.#deps;
    await broker.presence.leave(node).catch((error: unknown) => {
      observe(observer, 'broker.trouble', {
        what: 'leaving the fleet; the presence lease ends by itself',
        error: describeError(error),
      });
    });
  }

  async #listen(): Promise<void> {
    await this.member.feed.start();
    this.#subscriptions.start();
  }

  async #flush(): Promise<void> {
    await this.#execution.progress.flush();
    await this.#execution.replies.flush();
    await this.#logBook.flush();
  }

  #hooks(): ConstructorParameters<typeof Cell>[1] {
    const context = {
      member: this.member,
      settings: this.#execution.settings,
      scopes: this.#scopes,
      logBook: this.#logBook,
    };
    return {
      contextFor: (cell) => new CellContext(context, cell),
      execute: (cell, work) => execute(this.#execution, cell, work),
      onRoom: (cell) => {
        for (const part of [this.#subscriptions, this.#postman, this.#intake]) part.onRoom(cell);
      },
    };
  }

  #onNotice(notice: Notice): void {
    if (notice.kind === 'released') this.#intake.onReleased(notice.queue);
    else if (notice.kind === 'gone')
      void this.#activation.askAgain().catch(() => undefined); // the next turn asks again
    else this.#postman.onNotice(notice);
  }

  #onReset(): void {
    this.#postman.onReset();
    this.#intake.onReset();
  }

  async #release(claimed: ClaimedTask): Promise<void> {
    await this.member.lanes.settle.submit(claimed.queue, { receipt: claimed.receipt, outcome: { kind: 'release' } });
  }

  async #handBack(cell: Cell, work: Work): Promise<void> {
    if (work.kind === 'task') {
      work.lease.letGo();
      await this.#release(work.claimed).catch(() => undefined); // its lease ends by itself
    } else if (work.kind === 'ask') {
      const { via, opId } = work.envelope;
      const error = describeError(new AgentUnavailable(cell.id, 'it is stopping'));
      this.#execution.replies.send({
        address: via,
        notice: { kind: 'reply', askId: opId, ok: false, body: JSON.stringify(error) },
      });
    }
  }

  #fence(reason: string): void {
    const { observer, node } = this.#deps;
    observe(observer, 'node.fenced', { node, reason });
    this.#supervisor.abort(
      new OwnershipError('presence-lost', `expected node "${node}" to be present, got: ${reason}`),
    );
    this.#end({ kind: 'fenced', reason });
  }

  #end(end: NodeEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deps.onEnded(end);
  }
}

type Replies = readonly { readonly address: string; readonly notice: Notice }[];

function settingsOf({ timing, limits }: RuntimeConfig): ExecutionDeps['settings'] {
  const { askDeadlineMs, lockLeaseMs, resultTtlMs } = timing;
  return { askDeadlineMs, lockLeaseMs, resultTtlMs, inboxLimit: limits.inbox, maxWaiting: limits.maxWaiting };
}
