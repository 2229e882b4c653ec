/**
 * What a caller of `enqueue` or `run` meant: class, contract or address, brought to one form.
 *
 * The only place that knows the three ways to address a task; everything behind it sees one.
 */
import type { EnqueueOptions, TaskAddress } from '../agent/task-verbs.ts';
import type { Priority, Schema, TaskContract } from '../agent/contract.ts';
import type { HandlerTable } from '../agent/handlers.ts';
import type { AgentClass } from '../agent/task-types.ts';
import { durationMs } from '../core/duration.ts';
import { DeliveryError } from '../core/errors.ts';

export interface TaskCall {
  /** Role or agent id. */
  readonly queue: string;
  readonly name: string;
  readonly input: unknown;
  readonly inputSchema?: Schema | undefined;
  readonly outputSchema?: Schema | undefined;
  readonly partSchema?: Schema | undefined;
  /** What handler or contract say about retries, priority, result time and concurrency key. */
  readonly defaults: {
    readonly retries?: number;
    readonly priority?: Priority;
    readonly resultTtlMs?: number;
    readonly concurrencyKey?: string | ((input: never) => string);
  };
  readonly options: EnqueueOptions;
}

/** Reads the arguments of `enqueue` and `run`. Throws `DeliveryError('no-handler')` where they lead nowhere. */
export function readTaskCall(args: readonly unknown[], handlersOf: (Class: AgentClass) => HandlerTable): TaskCall {
  const [target] = args;
  if (typeof target === 'function') {
    return fromClass(
      target.name,
      handlersOf(target as AgentClass),
      String(args[1]),
      args[2],
      args[3] as EnqueueOptions | undefined,
    );
  }
  const options = (args[2] ?? {}) as EnqueueOptions;
  if (isContract(target)) {
    const { name, input, output, part } = target;
    const { resultTtl, ...policy } = target.options;
    const defaults = resultTtl === undefined ? policy : { ...policy, resultTtlMs: durationMs(resultTtl, 'resultTtl') };
    const queue = addressable(options.to ?? target.role, name);
    return {
      queue,
      name,
      input: args[1],
      inputSchema: input,
      outputSchema: output,
      partSchema: part,
      defaults,
      options,
    };
  }
  const { role, task } = target as TaskAddress;
  return { queue: addressable(options.to ?? role, task), name: task, input: args[1], defaults: {}, options };
}

function fromClass(
  className: string,
  table: HandlerTable,
  name: string,
  input: unknown,
  options: EnqueueOptions = {},
): TaskCall {
  const { role, tasks } = table;
  const handler = tasks.get(name);
  if (handler === undefined) {
    const known = [...tasks.keys()].join(', ') || 'none';
    throw new DeliveryError('no-handler', `expected ${className} to handle a task "${name}", got: it handles ${known}`);
  }
  const queue = addressable(options.to ?? role, name);
  return {
    queue,
    name,
    input,
    inputSchema: handler.input,
    outputSchema: handler.output,
    partSchema: handler.part,
    defaults: handler.options,
    options,
  };
}

/** Workers of a pool come and go with their node, so a durable task cannot wait for one of them. */
function addressable(to: string | undefined, task: string): string {
  if (to !== undefined && to !== '' && !to.includes('@')) return to;
  throw new DeliveryError(
    'no-handler',
    `expected task "${task}" to be addressed to a role or to an agent with an id of its own, got: ${String(to)}`,
  );
}

function isContract(target: unknown): target is TaskContract {
  return typeof target === 'object' && target !== null && (target as { kind?: unknown }).kind === 'task';
}
