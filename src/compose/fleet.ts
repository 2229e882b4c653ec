/**
 * A fleet as an outside process sees it: the verbs, and a look at who is there.
 *
 * It closes over one membership; `connect` makes it for outsiders, `startFleet` for the process itself.
 */
import type { Verbs } from '../agent/context.ts';
import type { CancelAnswer } from '../agent/task-handle.ts';
import type { BrokerInfo } from '../broker/broker.ts';
import type { LockState } from '../broker/locks.ts';
import type { LogEntry } from '../broker/logs.ts';
import type { DeadMessages } from '../broker/mail.ts';
import type { NodeRecord } from '../broker/presence.ts';
import type { QuarantinePage } from '../broker/quarantine.ts';
import type { QueueLimits } from '../broker/control.ts';
import type { DeadLetter, QueueStats } from '../broker/queues.ts';
import { cancelTask } from '../client/cancel.ts';
import { dropMessages, requeueMessages } from '../client/dead-mail.ts';
import { type Lifecycle, LifecycleView } from '../client/lifecycle-view.ts';
import { FleetVerbs } from '../client/verbs.ts';
import { deadLettersOf, queueStats, requeueTasks, switchQueue } from '../client/queue-view.ts';
import { limitQueue, type QueueLimitOptions } from '../client/limit-queue.ts';
import { type DrainOptions, drainNode, restartNode } from '../client/node-verbs.ts';
import { scalePool } from '../client/scale.ts';
import { stopAgent } from '../client/spawn.ts';
import type { VerbsDeps } from '../client/verbs.ts';

export interface Fleet extends Verbs, AsyncDisposable {
  /** The client's name, as agents see it in `from`. */
  readonly name: string;
  readonly info: BrokerInfo;
  /** Nodes that are or were lately up. */
  nodes(): Promise<readonly NodeRecord[]>;
  /**
   * Has a node finish what it runs and leave the fleet; resolves when it has left. Its process ends with status 0.
   *
   * @throws AgentUnavailable when there is no such node; DeliveryError `refused` while it starts.
   */
  drain(node: string, options?: DrainOptions): Promise<void>;
  /** Has a node drain and come back as a new one; resolves to the id of that, when it is up. Throws like `drain`. */
  restart(node: string, options?: DrainOptions): Promise<string>;
  /**
   * Ends an agent that was spawned: what it runs may end, its `onStop` runs. Resolves when it is down; false when no agent of that id
   * was spawned, or it has ended.
   */
  stop(agentId: string): Promise<boolean>;
  /**
   * Sets how many agents a pool has in the whole fleet, spread evenly over the nodes that host it; `null` takes that away, and each node
   * runs as many as it is configured to. It holds until it is changed, whatever nodes come and go. Resolves when it is written down;
   * agents that are too many end when what they run has ended, and what waits for them goes to the others.
   *
   * @throws DeliveryError `no-node` when no node that is up hosts such a pool; `malformed` for a size that is out of range.
   */
  scale(role: string, size: number | null): Promise<void>;
  /** Counts of one queue; the name is a role or an agent id. */
  queue(name: string): Promise<QueueStats>;
  /** Cancels a task by its id, like `cancel` of its handle. */
  cancel(taskId: string, reason?: string): Promise<CancelAnswer>;
  /**
   * Pauses a queue (a role or an agent id): its tasks wait, what runs goes on. True when it was not paused. It stays paused until
   * somebody resumes it.
   */
  pause(queue: string): Promise<boolean>;
  /** Ends the pause of a queue. True when it was paused. */
  resume(queue: string): Promise<boolean>;
  /**
   * Changes the limits of a queue in the whole fleet, until somebody changes them again: `concurrency`, how many of its tasks run at
   * a time; `rate`, how many start in any span of time. What is absent stays, `null` takes a limit away. Resolves to those that hold.
   *
   * @throws ConfigError for a limit that is out of range.
   */
  limit(queue: string, change: QueueLimitOptions): Promise<QueueLimits>;
  /** Tasks of a queue that will not be tried again, newest first; with `before`, only those that died before that time. */
  deadLetters(queue: string, page: { count: number; before?: number }): Promise<readonly DeadLetter[]>;
  /** Puts dead letters back, to be tried from the first attempt. Resolves to the ids that were there. */
  requeue(queue: string, taskIds: readonly string[]): Promise<readonly string[]>;
  /**
   * Messages to an agent that no handler took (none of that name, data that does not fit, a broken envelope), newest first; with
   * `before`, only those older than that letter. `dropped` tells how many newer ones pushed out.
   */
  deadMessages(agentId: string, page: { count: number; before?: string }): Promise<DeadMessages>;
  /**
   * Puts dead messages back into the inbox, with their ids. Resolves to the letters that were there.
   *
   * @throws DeliveryError `inbox-full` when not all of them found room; those that did not stay dead letters.
   */
  requeueMessages(agentId: string, letters: readonly string[]): Promise<readonly string[]>;
  /** Forgets dead messages. Resolves to the letters that were there. */
  dropMessages(agentId: string, letters: readonly string[]): Promise<readonly string[]>;
  /** Everything about locks under one name. */
  readonly locks: FleetLocks;
  /** What becomes of nodes and agents. */
  readonly lifecycle: Lifecycle;
  /** What classic agents wrote and nobody can read. */
  readonly quarantine: FleetQuarantine;
  /** An agent's last lines, newest first. */
  logs(agentId: string, count?: number): Promise<readonly LogEntry[]>;
  /** Leaves the fleet: whatever waits is told `closed`. */
  close(): Promise<void>;
}

/** Locks: taking them, as `lock`, `tryLock` and `withLock` of the fleet do, and a look at them. */
export interface FleetLocks {
  /** The same as `lock`. */
  readonly acquire: Verbs['lock'];
  /** The same as `tryLock`. */
  readonly tryAcquire: Verbs['tryLock'];
  readonly withLock: Verbs['withLock'];
  /** Who holds a lock and how many wait; undefined when it is free. */
  inspect(name: string): Promise<LockState | undefined>;
}

/** What cannot be read, until a person decides. */
export interface FleetQuarantine {
  /** Newest first; with `before`, only those older than that entry. Of each text at most the first `textBytes` bytes (default 1,000). */
  list(page: { count: number; before?: string; textBytes?: number }): Promise<QuarantinePage>;
  /**
   * Gives entries back to where they came from. Resolves to the ids that were: an entry that was only copied, or of which only the
   * beginning was kept, stays.
   */
  release(ids: readonly string[]): Promise<readonly string[]>;
  /** Forgets entries. Resolves to the ids that were there. */
  drop(ids: readonly string[]): Promise<readonly string[]>;
}

export class FleetClient extends FleetVerbs implements Fleet {
  readonly locks: FleetLocks;
  readonly lifecycle: Lifecycle;
  readonly quarantine: FleetQuarantine;
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    super(deps);
    this.#deps = deps;
    this.lifecycle = new LifecycleView(deps.member);
    const { quarantine } = deps.member.deps.broker;
    this.quarantine = {
      list: ({ textBytes = 1_000, ...page }) => quarantine.list({ ...page, textBytes }),
      release: (ids) => quarantine.release(ids),
      drop: (ids) => quarantine.drop(ids),
    };
    this.locks = {
      acquire: this.lock,
      tryAcquire: this.tryLock,
      withLock: this.withLock,
      inspect: (name) => deps.member.deps.broker.locks.inspect(name),
    };
  }

  get name(): string {
    return this.#deps.identity.name;
  }

  get info(): BrokerInfo {
    return this.#deps.member.info;
  }

  nodes(): Promise<readonly NodeRecord[]> {
    return this.#deps.member.deps.broker.presence.nodes();
  }

  drain(node: string, options?: DrainOptions): Promise<void> {
    return drainNode(this.#deps, node, options);
  }

  restart(node: string, options?: DrainOptions): Promise<string> {
    return restartNode(this.#deps, node, options);
  }

  stop(agentId: string): Promise<boolean> {
    return stopAgent(this.#deps, agentId);
  }

  scale(role: string, size: number | null): Promise<void> {
    return scalePool(this.#deps, role, size);
  }

  queue(name: string): Promise<QueueStats> {
    return queueStats(this.#deps.member, name);
  }

  cancel(taskId: string, reason?: string): Promise<CancelAnswer> {
    const { member, settings } = this.#deps;
    return cancelTask(member, { taskId, reason, resultTtlMs: settings.resultTtlMs });
  }

  pause(queue: string): Promise<boolean> {
    return switchQueue(this.#deps.member, queue, 'pause');
  }

  resume(queue: string): Promise<boolean> {
    return switchQueue(this.#deps.member, queue, 'resume');
  }

  async limit(queue: string, change: QueueLimitOptions): Promise<QueueLimits> {
    return await limitQueue(this.#deps.member, queue, change);
  }

  deadLetters(queue: string, page: { count: number; before?: number }): Promise<readonly DeadLetter[]> {
    return deadLettersOf(this.#deps.member, queue, page);
  }

  requeue(queue: string, taskIds: readonly string[]): Promise<readonly string[]> {
    return requeueTasks(this.#deps.member, queue, taskIds);
  }

  deadMessages(agentId: string, page: { count: number; before?: string }): Promise<DeadMessages> {
    return this.#deps.member.deps.broker.mail.deadLetters(agentId, page);
  }

  requeueMessages(agentId: string, letters: readonly string[]): Promise<readonly string[]> {
    return requeueMessages(this.#deps, agentId, letters);
  }

  dropMessages(agentId: string, letters: readonly string[]): Promise<readonly string[]> {
    return dropMessages(this.#deps, agentId, letters);
  }

  logs(agentId: string, count = 100): Promise<readonly LogEntry[]> {
    return this.#deps.member.deps.broker.logs.read(agentId, count);
  }

  close(): Promise<void> {
    return this.#deps.member.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
