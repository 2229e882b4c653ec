/**
 * Many tasks by one call: all are prepared before the first is sent, and whoever sent them hears exactly what was stored.
 *
 * At most `windowOps` wait in the collector at once, so that one caller does not crowd out the others of its process.
 */
import type { HandlerTable } from '../agent/handlers.ts';
import type { AgentClass } from '../agent/task-types.ts';
import type { EnqueueOptions } from '../agent/task-verbs.ts';
import type { Clock } from '../core/clock.ts';
import { BrokerError, type Details, DeliveryError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { readTaskCall, type TaskCall } from './task-call.ts';
import type { Handle } from './task-handle.ts';
import { type PreparedTask, prepareTask, submitTask, type TaskOrigin } from './task-op.ts';
import type { VerbsDeps } from './verbs.ts';

const windowOps = 8 * limits.frameOps;

/** One call for each input. Throws `DeliveryError` where they lead nowhere or are too many. */
export function readManyCalls(args: readonly unknown[], handlersOf: (Class: AgentClass) => HandlerTable): TaskCall[] {
  const address = args.slice(0, typeof args[0] === 'function' ? 2 : 1);
  const [inputs, options] = args.slice(address.length) as [unknown, unknown];
  if (!Array.isArray(inputs))
    throw new DeliveryError('malformed', `expected the inputs to be an array, got: ${typeof inputs}`);
  if (inputs.length > limits.batchTasks)
    throw new DeliveryError(
      'malformed',
      `expected at most ${limits.batchTasks} inputs in one call, got: ${inputs.length}`,
    );
  return inputs.map((input: unknown, index) => {
    const own = typeof options === 'function' ? (options as OptionsOfEach)(input, index) : options;
    return readTaskCall([...address, input, own], handlersOf);
  });
}

type OptionsOfEach = (input: unknown, index: number) => EnqueueOptions;

/** Checks and encodes every call. Throws at the first that cannot be sent, naming its index. */
export async function prepareMany(
  deps: VerbsDeps,
  calls: readonly TaskCall[],
  origin: TaskOrigin,
): Promise<PreparedTask[]> {
  return inTurns(deps.member.deps.clock, calls, (call, index) =>
    prepareTask(deps, call, origin, `input ${index} of task "${call.name}"`),
  );
}

/** One after the other, giving way to whatever else the process has to do: heartbeats do not wait for ten thousand inputs. */
export async function inTurns<T, R>(
  clock: Clock,
  items: readonly T[],
  each: (item: T, index: number) => R | Promise<R>,
): Promise<R[]> {
  const done: R[] = [];
  for (const [index, item] of items.entries()) {
    const result = each(item, index);
    done.push(result instanceof Promise ? await result : result);
    if (index % limits.frameOps === limits.frameOps - 1) await new Promise<void>((resolve) => clock.endOfTick(resolve));
  }
  return done;
}

/**
 * Sends them; resolves to the handles in their order. At the first refusal the rest is not sent any more, and the error tells in
 * its details what was stored. `onStored` is called in the tick in which each was.
 */
export async function submitMany(
  deps: VerbsDeps,
  tasks: readonly PreparedTask[],
  onStored: (handle: Handle, index: number) => void = () => {},
): Promise<Handle[]> {
  const accepted: { readonly index: number; readonly handle: Handle }[] = [];
  for (let from = 0; from < tasks.length; from += windowOps) {
    const page = tasks.slice(from, from + windowOps).map(async (task, offset) => {
      const handle = await submitTask(deps, task);
      accepted.push({ index: from + offset, handle });
      onStored(handle, from + offset);
    });
    const failed = (await Promise.allSettled(page)).find((stored) => stored.status === 'rejected');
    if (failed !== undefined) throw partial(failed.reason, accepted, tasks.length);
  }
  return accepted.sort((a, b) => a.index - b.index).map(({ handle }) => handle);
}

/** The same error, with what was stored nevertheless. */
function partial(error: unknown, accepted: readonly { readonly index: number }[], all: number): unknown {
  const inOrder = accepted.toSorted((a, b) => a.index - b.index);
  const details: Details = { accepted: inOrder, refused: all - accepted.length };
  const said = (message: string): string => `${message}\nOf ${all} tasks ${accepted.length} were stored before.`;
  if (error instanceof DeliveryError)
    return new DeliveryError(error.code, said(error.message), { cause: error, details });
  if (error instanceof BrokerError) return new BrokerError(error.code, said(error.message), { cause: error, details });
  return error;
}
