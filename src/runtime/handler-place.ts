/**
 * Where the handler of a task runs: in the agent, or in a thread, where its definition asks for one and the node has threads.
 *
 * Everything around the handler (lease, lock, limits, scope, check of the result) is the same for both. What differs is its end:
 *
 * R3  A handler in place that ignores its signal is left to itself as a zombie; a thread is terminated when its call is given up, and
 *     nothing of it is left. Only one that does not end within half a second, because it is in native code, is a zombie until it does.
 * R4  What a thread asks for is done in the name of its agent and in the course of its call, so it is refused when that was given up.
 */
import type { Task } from '../agent/envelopes.ts';
import type { TaskHandler } from '../agent/handlers.ts';
import { settlesWithin } from '../core/clock.ts';
import type { Part } from '../core/lifecycle.ts';
import type { Cell } from './cell.ts';
import type { ExecutionDeps } from './handling.ts';
import type { ThreadHost, ThreadRun, ThreadRunner, ThreadTask } from './thread-runner.ts';

/** R3 */
const terminationMs = 500;

export interface HandlerPlace {
  /** What the handler returns, or a promise of it. */
  call(task: Task): unknown;
  /** The call is given up; `rest` resolves when its handler has ended. */
  giveUp(rest: Promise<void>): void;
}

export function placeOf(deps: ExecutionDeps, cell: Cell, handler: TaskHandler): HandlerPlace {
  const { threads } = deps;
  const { thread: place, method, name } = handler;
  if (place === undefined || threads === undefined)
    return { call: (task) => cell.call(method, task), giveUp: (rest) => cell.giveUp(name, rest) };
  let run: ThreadRun | undefined;
  return {
    call: (task) => {
      const { signal } = task;
      run = threads.run({
        place,
        agent: cell.id,
        method,
        task: plainTask(task),
        signal,
        host: hostOf(deps, cell, task),
      });
      return run.result;
    },
    giveUp: (rest) => {
      run?.terminate(); // R3
      const isGone = settlesWithin(deps.member.deps.clock, terminationMs, rest);
      cell.trail(isGone.then((gone) => (gone ? undefined : cell.giveUp(name, rest)))); // the end of the agent waits for its threads
    },
  };
}

/** What a node with threads does before its agents come up. */
export function threadsPart(threads: ThreadRunner | undefined, cells: readonly Cell[]): Part {
  const tables = new Set(cells.map(({ spec }) => spec.table));
  const places = [...tables].flatMap(({ tasks }) => [...tasks.values()].flatMap(({ thread }) => thread ?? []));
  const start = async (): Promise<void> => threads?.prepare(places);
  return { name: 'threads', start, stop: () => Promise.resolve() };
}

function plainTask(task: Task): ThreadTask {
  const { id, name, input, attempt, redelivered, deadline, from, trace, parent, lock } = task;
  return {
    id,
    name,
    input,
    attempt,
    redelivered,
    from,
    trace,
    ...(deadline !== undefined && { deadline }),
    ...(parent !== undefined && { parent }),
    ...(lock !== undefined && { lock: { name: lock.name, token: lock.token } }),
  };
}

/** R4. To be made while the call runs. */
function hostOf({ scopes }: ExecutionDeps, cell: Cell, task: Task): ThreadHost {
  const { context } = cell;
  const scope = scopes.get();
  const inScope = <T>(use: () => T): T => (scope === undefined ? use() : scopes.run(scope, use));
  const use = async (verb: Parameters<ThreadHost['use']>[0], args: readonly unknown[]): Promise<unknown> => {
    if (verb === 'progress') return task.progress(...(args as Parameters<Task['progress']>));
    const given: unknown = await Reflect.apply(context[verb], context, args);
    return verb === 'enqueue' ? { id: (given as { readonly id: string }).id } : given;
  };
  return {
    use: (verb, args) => inScope(() => use(verb, args)),
    log: (level, message, data) => context.log[level](message, data),
    setStatus: (text) => context.setStatus(text),
  };
}
