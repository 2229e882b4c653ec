/**
 * The verbs that a test of a fleet begins with, at the simulation itself: those of `sim.fleet`, under shorter names.
 *
 * Apart from the simulation, which is about everything that a fleet cannot do.
 */
import type { Verbs } from '../agent/context.ts';
import type { InputOf, OutputOf, Schema, TaskContract } from '../agent/contract.ts';
import type { TaskHandle } from '../agent/task-handle.ts';
import type { AgentClass, TaskInput, TaskNames, TaskParts, TaskResult } from '../agent/task-types.ts';
import type { AddressedEnqueueOptions, EnqueueOptions, TaskAddress } from '../agent/task-verbs.ts';
import type { Fleet } from '../compose/fleet.ts';

/** A handle that is awaited, or asked for the result in one breath: `await sim.enqueue(...).result()`. */
export type SimHandle<Result = unknown, Part = unknown> = Promise<TaskHandle<Result, Part>> &
  Pick<TaskHandle<Result, Part>, 'result'>;

export abstract class SimVerbs {
  abstract get fleet(): Fleet;

  /** See {@link Verbs.enqueue}. */
  enqueue<A extends object, N extends TaskNames<A>>(
    agent: AgentClass<A>,
    task: N,
    input: TaskInput<A, N>,
    options?: EnqueueOptions,
  ): SimHandle<TaskResult<A, N>, TaskParts<A, N>>;
  enqueue<In extends Schema, Out extends Schema, Part extends Schema | undefined>(
    contract: TaskContract<string, In, Out, string, Part>,
    input: InputOf<In>,
    options?: EnqueueOptions,
  ): SimHandle<OutputOf<Out>, OutputOf<Part>>;
  enqueue<In extends Schema, Out extends Schema, Part extends Schema | undefined>(
    contract: TaskContract<string, In, Out, string | undefined, Part>,
    input: InputOf<In>,
    options: AddressedEnqueueOptions,
  ): SimHandle<OutputOf<Out>, OutputOf<Part>>;
  enqueue(address: TaskAddress, input: unknown, options?: EnqueueOptions): SimHandle;
  enqueue(...args: readonly unknown[]): SimHandle {
    const enqueue = this.fleet.enqueue as unknown as (...args: readonly unknown[]) => SimHandle;
    return enqueue(...args);
  }

  /** See {@link Verbs.run}. */
  get run(): Verbs['run'] {
    return this.fleet.run;
  }

  /** See {@link Verbs.send}. */
  get send(): Verbs['send'] {
    return this.fleet.send;
  }

  /** See {@link Verbs.ask}. */
  get ask(): Verbs['ask'] {
    return this.fleet.ask;
  }

  /** See {@link Verbs.broadcast}. */
  get broadcast(): Verbs['broadcast'] {
    return this.fleet.broadcast;
  }
}
