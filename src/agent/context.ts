/**
 * What an agent may do: the verbs that everybody in the fleet has, and what only a live agent knows.
 *
 * `Verbs` is one interface for agents and for outside clients: a cell gives its agent the same verbs, in the agent's name.
 * The runtime implements `AgentContext` once; the class `Agent` only delegates to it.
 */
import type { Clock } from '../core/clock.ts';
import type { Duration } from '../core/duration.ts';
import type { Random } from '../core/random.ts';
import type {
  BroadcastContract,
  InputOf,
  MessageContract,
  OutputOf,
  Priority,
  Schema,
  TaskContract,
} from './contract.ts';
import type { BroadcastOf } from './envelopes.ts';
import type { Lock, LockOptions, TryLockOptions } from './lock.ts';
import type { TaskHandle } from './task-handle.ts';
import type { AgentClass, TaskInput, TaskNames, TaskResult } from './task-types.ts';

/** A task's address when neither its class nor a contract is known at compile time. `role` may be an agent id. */
export interface TaskAddress {
  readonly role: string;
  readonly task: string;
}

export interface EnqueueOptions {
  /** A role or an agent id; the task goes to its queue. Default: the role of the class or contract. */
  readonly to?: string;
  /** Default: what the handler or contract says, else `'normal'`. */
  readonly priority?: Priority;
  /** Not to be started before this has passed. */
  readonly delay?: Duration;
  /** From now; afterwards the task is not started any more, and a running one is aborted. */
  readonly deadline?: Duration;
  /** Tries after the first one that failed. Default: what the handler or contract says, else 3. */
  readonly retries?: number;
  /** How long the result stays readable. Default: what the handler or contract says, else the fleet's. */
  readonly resultTtl?: Duration;
  /**
   * Names what the task is for: enqueueing again under the same key in the same queue makes no second task, and gives the handle
   * of the first one, whatever has become of it, until `keyTtl` has passed. 1 to 256 characters.
   */
  readonly key?: string;
  /** How long `key` stands for its task, from the first enqueue on. Default: as long as the result stays readable. */
  readonly keyTtl?: Duration;
}

/** For contracts without a role: somebody has to say where the task goes. */
export type AddressedEnqueueOptions = EnqueueOptions & { readonly to: string };

export interface AskOptions {
  /** From now. Default: the fleet's `timing.askDeadline` (30 s). */
  readonly deadline?: Duration;
  /** Gives up waiting when it aborts. */
  readonly signal?: AbortSignal;
}

/** A broadcast as the fleet's event stream keeps it. */
export type FleetEvent = BroadcastOf<undefined>;

export interface EventFilter {
  /** An event id, or milliseconds since 1970 as text. Default for `read`: the start; for `follow`: now. */
  readonly after?: string;
  /** A topic or a pattern such as `docs.*`. */
  readonly topic?: string;
  /** Sender. */
  readonly from?: string;
}

/** The fleet's event stream: appended in one order, kept until retention trims it. */
export interface Events {
  /**
   * Events behind `after`, oldest first, at most `limit` (default 100). The first one has `gap: true` when retention
   * trimmed events that were asked for.
   */
  read(filter?: EventFilter & { readonly limit?: number }): Promise<readonly FleetEvent[]>;
  /** Every event behind `after` in stream order, across reconnects, until the loop is left or `signal` aborts. */
  follow(filter?: EventFilter & { readonly signal?: AbortSignal }): AsyncIterable<FleetEvent>;
  /** Id of the newest event; `'0'` when there never was one. */
  last(): Promise<string>;
}

/** The verbs of everybody in the fleet. */
export interface Verbs {
  /**
   * Hands a task to a role or one agent: durable, tried at least once, settled exactly once. Resolves when the task is
   * stored.
   *
   * @throws DeliveryError `invalid-payload`, `payload-too-large`, `queue-full`; `no-handler` when the class has no such task.
   * @example
   * const handle = await fleet.enqueue(AuditAgent, 'audit', { path: '.' }, { priority: 'high', deadline: '10m' });
   * const report = await handle.result();
   */
  enqueue<A extends object, N extends TaskNames<A>>(
    agent: AgentClass<A>,
    task: N,
    input: TaskInput<A, N>,
    options?: EnqueueOptions,
  ): Promise<TaskHandle<TaskResult<A, N>>>;
  enqueue<In extends Schema, Out extends Schema>(
    contract: TaskContract<string, In, Out, string>,
    input: InputOf<In>,
    options?: EnqueueOptions,
  ): Promise<TaskHandle<OutputOf<Out>>>;
  enqueue<In extends Schema, Out extends Schema>(
    contract: TaskContract<string, In, Out>,
    input: InputOf<In>,
    options: AddressedEnqueueOptions,
  ): Promise<TaskHandle<OutputOf<Out>>>;
  enqueue(address: TaskAddress, input: unknown, options?: EnqueueOptions): Promise<TaskHandle>;

  /**
   * Enqueues a task and waits for its result: the same guarantees, and no polling.
   *
   * @throws HandlerError when the task failed for good; DeliveryError as for `enqueue`.
   * @example
   * const { score } = await fleet.run(AuditAgent, 'audit', { path: '.' });
   */
  run<A extends object, N extends TaskNames<A>>(
    agent: AgentClass<A>,
    task: N,
    input: TaskInput<A, N>,
    options?: EnqueueOptions,
  ): Promise<TaskResult<A, N>>;
  run<In extends Schema, Out extends Schema>(
    contract: TaskContract<string, In, Out, string>,
    input: InputOf<In>,
    options?: EnqueueOptions,
  ): Promise<OutputOf<Out>>;
  run<In extends Schema, Out extends Schema>(
    contract: TaskContract<string, In, Out>,
    input: InputOf<In>,
    options: AddressedEnqueueOptions,
  ): Promise<OutputOf<Out>>;
  run(address: TaskAddress, input: unknown, options?: EnqueueOptions): Promise<unknown>;

  /**
   * Stores a message in an agent's inbox: durable, at least once, in order per sender. Resolves when it is stored, also
   * when nobody owns the id yet.
   *
   * @throws DeliveryError `inbox-full`, `invalid-payload`, `payload-too-large`.
   */
  send<Data extends Schema>(
    agentId: string,
    message: MessageContract<string, Data>,
    data: InputOf<Data>,
  ): Promise<void>;
  send(agentId: string, message: string, data?: unknown): Promise<void>;

  /**
   * Asks a live agent and waits for the value its handler returns: at most once, never stored.
   *
   * @throws AgentUnavailable at once when the id has no owner, or when the owner goes away; DeliveryError
   * `reply-timeout` at the deadline, `ask-cycle` when the target waits for this ask; HandlerError when the handler threw.
   * @example
   * const owner = await this.ask('docs', whoEdits, { file: 'agents.md' }, { deadline: '5s' });
   */
  ask<Data extends Schema, Reply extends Schema | undefined>(
    agentId: string,
    message: MessageContract<string, Data, Reply>,
    data: InputOf<Data>,
    options?: AskOptions,
  ): Promise<OutputOf<Reply>>;
  ask(agentId: string, message: string, data?: unknown, options?: AskOptions): Promise<unknown>;

  /**
   * Tells every subscribed agent that is up, each exactly once and in stream order. Resolves to the event's id.
   *
   * @throws DeliveryError `invalid-payload`, `payload-too-large`.
   */
  broadcast<Data extends Schema>(contract: BroadcastContract<string, Data>, data: InputOf<Data>): Promise<string>;
  broadcast(topic: string, data?: unknown): Promise<string>;

  /**
   * Takes a lock, first come first served, and keeps its lease until it is released.
   *
   * @throws RuntimeError `lock-held` when `wait` passed; the signal's reason when it aborted; DeliveryError `queue-full`
   * when too many wait already; RuntimeError `lock-permits` when those who use the name now say another number of permits.
   * @example
   * await using lock = await this.lock('repo:main', { wait: '10s' });
   * await push({ fencing: lock.token, signal: lock.signal });
   */
  lock(name: string, options?: LockOptions): Promise<Lock>;
  /** Takes a lock when it is free and nobody waits for it; undefined when not. Rejects otherwise like `lock`. */
  tryLock(name: string, options?: TryLockOptions): Promise<Lock | undefined>;
  /** Runs `body` under a lock and releases it whatever happens. Rejects like `lock`, or with what `body` threw. */
  withLock<T>(name: string, body: (lock: Lock) => T | Promise<T>): Promise<T>;
  withLock<T>(name: string, options: LockOptions, body: (lock: Lock) => T | Promise<T>): Promise<T>;

  /** The fleet's event stream. */
  readonly events: Events;
}

/** An agent's log: to the terminal, to the observer and to the agent's last lines in the broker. */
export interface AgentLog {
  info(message: string, data?: unknown): void;
  warn(message: string, data?: unknown): void;
  error(message: string, data?: unknown): void;
}

/** What the runtime attaches to an agent: the verbs in its name, and what it knows about itself. */
export interface AgentContext extends Verbs {
  /** The fleet-wide name of this live agent. */
  readonly id: string;
  readonly role: string;
  /** Aborts when this agent has to end: its activation is lost, or the drain's grace is over. */
  readonly signal: AbortSignal;
  /** Use it instead of `Date` and timers, so that simulation drives the agent. */
  readonly clock: Clock;
  /** Use it instead of `Math.random` and `randomUUID`, so that a seed repeats the run. */
  readonly random: Random;
  readonly log: AgentLog;
  /** True while a task runs in this agent. */
  readonly busy: boolean;
  /** Says what the agent is about, for the command line and the dashboard; nothing clears it. */
  setStatus(text?: string): void;
}
