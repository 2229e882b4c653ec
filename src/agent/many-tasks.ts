/**
 * Many tasks by one call: `enqueueMany`, and the children of a task (`task.fanOut`) with what their parent sees of them.
 *
 * Types only; client/many-tasks.ts and client/fan-out.ts carry them out.
 */
import type { InputOf, OutputOf, Schema, TaskContract } from './contract.ts';
import type { AddressedEnqueueOptions, EnqueueOptions, TaskAddress } from './task-verbs.ts';
import type { TaskHandle } from './task-handle.ts';
import type { AgentClass, TaskInput, TaskNames, TaskResult } from './task-types.ts';

/** The options of all inputs, or those of each. */
type OptionsOf<Input, Options> = Options | ((input: Input, index: number) => Options);

export interface EnqueueMany {
  /**
   * Enqueues one task for each input, at most 10,000, with what `enqueue` promises for each. All inputs are checked before the first
   * task is sent; they travel in frames of many. Resolves to the handles in the order of the inputs.
   *
   * @throws DeliveryError as for `enqueue`, and then nothing was sent; `queue-full` when there was not room for all. An error that
   * comes after the first was sent tells in `details.accepted` what was stored, as `{ index, handle }` each, and in
   * `details.refused` how many were not, or are not known to be.
   * @example
   * const handles = await fleet.enqueueMany(AuditAgent, 'audit', [{ path: 'a' }, { path: 'b' }], { priority: 'low' });
   */
  <A extends object, N extends TaskNames<A>>(
    agent: AgentClass<A>,
    task: N,
    inputs: readonly TaskInput<A, N>[],
    options?: OptionsOf<TaskInput<A, N>, EnqueueOptions>,
  ): Promise<readonly TaskHandle<TaskResult<A, N>>[]>;
  <In extends Schema, Out extends Schema>(
    contract: TaskContract<string, In, Out, string>,
    inputs: readonly InputOf<In>[],
    options?: OptionsOf<InputOf<In>, EnqueueOptions>,
  ): Promise<readonly TaskHandle<OutputOf<Out>>[]>;
  <In extends Schema, Out extends Schema>(
    contract: TaskContract<string, In, Out>,
    inputs: readonly InputOf<In>[],
    options: OptionsOf<InputOf<In>, AddressedEnqueueOptions>,
  ): Promise<readonly TaskHandle<OutputOf<Out>>[]>;
  (
    address: TaskAddress,
    inputs: readonly unknown[],
    options?: OptionsOf<unknown, EnqueueOptions>,
  ): Promise<readonly TaskHandle[]>;
}

/** Options of the children of a task. The keys of children are the fan-out's own. */
export interface FanOutOptions extends Omit<EnqueueOptions, 'key' | 'keyTtl' | 'dedupe'> {
  /**
   * `'cancel'` (default): the first child that fails for good cancels the others. `'collect'`: the others go on, and the failure is an
   * outcome like any other.
   */
  readonly onFailure?: 'cancel' | 'collect';
}

export interface FanOut {
  /**
   * Splits this task: enqueues one child for each input, at most 10,000. Children wait, run, are retried and recovered like any task,
   * and none outlives its parent: when this task has ended, however it did, what is left of them is cancelled, and so are their own
   * children.
   *
   * Repeat-safe: when this task is tried again, on whatever node, the fan-out that comes at the same place in its handler joins the
   * children of the attempt before, as far as task and input are the same: what waits or runs goes on, what completed gives its
   * result. With `onFailure: 'cancel'` those that failed or were cancelled are tried anew, with `'collect'` they are not. Results of
   * children stay readable for a day unless `resultTtl` says otherwise; one that is not readable any more runs again.
   *
   * Children need agents of their own: where every agent of a role runs a parent and the children wait for the same role, nothing
   * moves. A single agent that would wait for itself is refused.
   *
   * @throws DeliveryError as for `enqueueMany`; children that were accepted are joined by the next attempt.
   */
  <A extends object, N extends TaskNames<A>>(
    agent: AgentClass<A>,
    task: N,
    inputs: readonly TaskInput<A, N>[],
    options?: FanOutOptions,
  ): Promise<Children<TaskResult<A, N>>>;
  <In extends Schema, Out extends Schema>(
    contract: TaskContract<string, In, Out, string>,
    inputs: readonly InputOf<In>[],
    options?: FanOutOptions,
  ): Promise<Children<OutputOf<Out>>>;
  <In extends Schema, Out extends Schema>(
    contract: TaskContract<string, In, Out>,
    inputs: readonly InputOf<In>[],
    options: FanOutOptions & { readonly to: string },
  ): Promise<Children<OutputOf<Out>>>;
  (address: TaskAddress, inputs: readonly unknown[], options?: FanOutOptions): Promise<Children>;
}

/** The children of one fan-out, in the order of the inputs. */
export interface Children<T = unknown> {
  readonly handles: readonly TaskHandle<T>[];
  /**
   * The result of every child, once all have completed.
   *
   * @throws HandlerError of the first child that failed, when no child runs any more; the reason of `task.signal` when that aborts.
   */
  results(): Promise<T[]>;
  /**
   * How every child ended, once all have.
   *
   * @throws the reason of `task.signal` when that aborts.
   */
  settled(): Promise<PromiseSettledResult<T>[]>;
  /** Cancels those that have not ended. */
  cancel(reason?: string): Promise<void>;
}
