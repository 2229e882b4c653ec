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
import type { NodeRecord } from '../broker/presence.ts';
import type { DeadLetter, QueueStats } from '../broker/queues.ts';
import { cancelTask } from '../client/cancel.ts';
import { FleetVerbs } from '../client/verbs.ts';
import type { VerbsDeps } from '../client/verbs.ts';

export interface Fleet extends Verbs, AsyncDisposable {
  /** The client's name, as agents see it in `from`. */
  readonly name: string;
  readonly info: BrokerInfo;
  /** Nodes that are or were lately up. */
  nodes(): Promise<readonly NodeRecord[]>;
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
  /** Tasks of a queue that will not be tried again, newest first; with `before`, only those that died before that time. */
  deadLetters(queue: string, page: { count: number; before?: number }): Promise<readonly DeadLetter[]>;
  /** Puts dead letters back, to be tried from the first attempt. Resolves to the ids that were there. */
  requeue(queue: string, taskIds: readonly string[]): Promise<readonly string[]>;
  /** Locks as people see them; `lock`, `tryLock` and `withLock` take them. */
  readonly locks: {
    /** Who holds a lock and how many wait; undefined when it is free. */
    inspect(name: string): Promise<LockState | undefined>;
  };
  /** An agent's last lines, newest first. */
  logs(agentId: string, count?: number): Promise<readonly LogEntry[]>;
  /** Leaves the fleet: whatever waits is told `closed`. */
  close(): Promise<void>;
}

export class FleetClient extends FleetVerbs implements Fleet {
  readonly locks: Fleet['locks'];
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    super(deps);
    this.#deps = deps;
    this.locks = { inspect: (name) => deps.member.deps.broker.locks.inspect(name) };
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

  queue(name: string): Promise<QueueStats> {
    return this.#deps.member.deps.broker.queues.stats(name);
  }

  cancel(taskId: string, reason?: string): Promise<CancelAnswer> {
    const { member, settings } = this.#deps;
    return cancelTask(member, { taskId, reason, resultTtlMs: settings.resultTtlMs });
  }

  pause(queue: string): Promise<boolean> {
    return this.#deps.member.deps.broker.control.pause(queue);
  }

  resume(queue: string): Promise<boolean> {
    return this.#deps.member.deps.broker.control.resume(queue);
  }

  deadLetters(queue: string, page: { count: number; before?: number }): Promise<readonly DeadLetter[]> {
    return this.#deps.member.deps.broker.queues.deadLetters(queue, page);
  }

  requeue(queue: string, taskIds: readonly string[]): Promise<readonly string[]> {
    return this.#deps.member.deps.broker.queues.requeue(queue, taskIds);
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
