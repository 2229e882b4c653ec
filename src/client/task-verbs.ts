/**
 * The verbs of tasks, in the name of one agent or client: the input is checked, wrapped and handed to the lane of its queue.
 *
 * What a task looks like on its way out is task-op.ts; how a handle waits for the outcome is task-handle.ts.
 */
import type { TaskVerbs } from '../agent/task-verbs.ts';
import type { HandlerTable } from '../agent/handlers.ts';
import type { AgentClass } from '../agent/task-types.ts';
import { prepareMany, readManyCalls, submitMany } from './many-tasks.ts';
import { readTaskCall } from './task-call.ts';
import type { Handle } from './task-handle.ts';
import { prepareTask, submitTask } from './task-op.ts';
import type { VerbsDeps } from './verbs.ts';

export class ClientTasks implements TaskVerbs {
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
  }

  readonly enqueue = ((...args: unknown[]) => this.#enqueue(args, false)) as TaskVerbs['enqueue'];

  readonly run = (async (...args: unknown[]) =>
    (await this.#enqueue(args, true)).listenNow().result()) as TaskVerbs['run'];

  readonly enqueueMany = (async (...args: unknown[]) => {
    const calls = readManyCalls(args, this.#handlersOf);
    return submitMany(this.#deps, await prepareMany(this.#deps, calls, { waits: false }));
  }) as TaskVerbs['enqueueMany'];

  readonly #handlersOf = (Class: AgentClass): HandlerTable => this.#deps.member.handlersOf(Class);

  #enqueue(args: readonly unknown[], waits: boolean): Promise<Handle> {
    try {
      const prepared = prepareTask(this.#deps, readTaskCall(args, this.#handlersOf), { waits });
      if (!(prepared instanceof Promise)) return submitTask(this.#deps, prepared);
      return prepared.then((task) => submitTask(this.#deps, task));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }
}
