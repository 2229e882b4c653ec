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
    const enqueue = this.#verb('enqueue') as unknown as (...args: readonly unknown[]) => SimHandle;
    return enqueue(...args);
  }

  /** See {@link Verbs.run}. */
  get run(): Verbs['run'] {
    return this.#verb('run');
  }

  /** See {@link Verbs.send}. */
  get send(): Verbs['send'] {
    return this.#verb('send');
  }

  /** See {@link Verbs.ask}. */
  get ask(): Verbs['ask'] {
    return this.#verb('ask');
  }

  /** See {@link Verbs.broadcast}. */
  get broadcast(): Verbs['broadcast'] {
    return this.#verb('broadcast');
  }

  /** It is a function of its own: the fleet in the hands of a test binds its verbs. */
  #verb<Name extends keyof Verbs>(name: Name): Verbs[Name] {
    return this.fleet[name];
  }
}
