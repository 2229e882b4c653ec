/**
 * The verbs of tasks: handing work to a role or an agent, and waiting for what comes of it.
 *
 * Types only: client/task-verbs.ts carries them out, for agents and for outside clients alike.
 */
import type { Duration } from '../core/duration.ts';
import type { InputOf, OutputOf, Priority, Schema, TaskContract } from './contract.ts';
import type { EnqueueMany } from './many-tasks.ts';
import type { TaskHandle } from './task-handle.ts';
import type { AgentClass, TaskInput, TaskNames, TaskParts, TaskResult } from './task-types.ts';

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
  /** Not to be started before this has passed; at most ten years. */
  readonly delay?: Duration;
  /**
   * Not to be started before this time: a `Date`, or milliseconds since 1970, by the fleet's clock (the server's). A time that has
   * passed means at once. At most ten years ahead, and not together with `delay`.
   */
  readonly runAt?: Date | number;
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
  /**
   * A `key` made from the name of the task and its input: within this time of the first enqueue, an equal input (whatever the order
   * of its fields) in the same queue makes no second task. Not together with `key`, whose window is `keyTtl`.
   */
  readonly dedupe?: Duration;
  /**
   * Tasks of one queue with the same concurrency key run one at a time and in the order of their enqueueing, while others go on.
   * A task keeps its place through retries and their backoff, delays, releases and take-overs. 1 to 256 characters. Default: what
   * the handler or contract says.
   */
  readonly concurrencyKey?: string;
}

/** For contracts without a role: somebody has to say where the task goes. */
export type AddressedEnqueueOptions = EnqueueOptions & { readonly to: string };

export interface TaskVerbs {
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
  ): Promise<TaskHandle<TaskResult<A, N>, TaskParts<A, N>>>;
  enqueue<In extends Schema, Out extends Schema, Part extends Schema | undefined>(
    contract: TaskContract<string, In, Out, string, Part>,
    input: InputOf<In>,
    options?: EnqueueOptions,
  ): Promise<TaskHandle<OutputOf<Out>, OutputOf<Part>>>;
  enqueue<In extends Schema, Out extends Schema, Part extends Schema | undefined>(
    contract: TaskContract<string, In, Out, string | undefined, Part>,
    input: InputOf<In>,
    options: AddressedEnqueueOptions,
  ): Promise<TaskHandle<OutputOf<Out>, OutputOf<Part>>>;
  enqueue(address: TaskAddress, input: unknown, options?: EnqueueOptions): Promise<TaskHandle>;

  /** Hands many tasks to the fleet in few frames. See {@link EnqueueMany}. */
  readonly enqueueMany: EnqueueMany;

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
}
