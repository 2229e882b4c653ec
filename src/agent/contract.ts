/**
 * Contracts: the name and the schemas of a task, a message or a broadcast, in a file of their own.
 *
 * A caller that imports a contract gets full types without importing the agent that serves it, so two teams, or two
 * languages, share nothing else. Schemas are Standard Schema v1: zod, valibot, arktype and others.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { BackoffOption } from '../core/backoff.ts';
import type { Duration } from '../core/duration.ts';
import { DefinitionError } from '../core/errors.ts';

/** Any Standard Schema v1. */
export type Schema = StandardSchemaV1;

/** What a sender writes and the wire carries: the schema's input form, where fields with a default are optional. */
export type InputOf<S> = S extends Schema ? StandardSchemaV1.InferInput<S> : unknown;

/** What a receiver gets: the schema's output form, with defaults and transforms applied. */
export type OutputOf<S> = S extends Schema ? StandardSchemaV1.InferOutput<S> : unknown;

/** Tasks are claimed high before normal before low. */
export type Priority = 'high' | 'normal' | 'low';

/** How a task is tried, whoever runs it. */
export interface TaskPolicyOptions {
  /** Tries after the first one that failed. Default 3. */
  readonly retries?: number;
  /** The wait before the next try. Default: exponential from 500 ms to 1 minute with full jitter. */
  readonly backoff?: BackoffOption;
  /** Longest run of one try; then `task.signal` aborts and the try has failed. Default: none. */
  readonly timeout?: Duration;
  /** How long the handler may go on after its signal has aborted; then it is given up: its verbs are refused. Default 1 second. */
  readonly grace?: Duration;
  /** Default `'normal'`. */
  readonly priority?: Priority;
  /** How long the result stays readable. Default: the fleet's `timing.resultTtl`. */
  readonly resultTtl?: Duration;
}

/**
 * Tasks of one queue with the same key run one at a time and in the order of their enqueueing; others go on. The key, of 1 to 256
 * characters, or what makes it from the input as the sender wrote it.
 */
export type ConcurrencyKey<In extends Schema | undefined> = string | ((input: InputOf<In>) => string);

/** Options of a contract, with the schema forgotten. */
export interface ContractOptions extends TaskPolicyOptions {
  readonly concurrencyKey?: string | ((input: never) => string);
}

/** What `defineTask` returns. `Role` is `undefined` when callers have to say `{ to }`. */
export interface TaskContract<
  Name extends string = string,
  In extends Schema = Schema,
  Out extends Schema = Schema,
  Role extends string | undefined = string | undefined,
  Part extends Schema | undefined = Schema | undefined,
> {
  readonly kind: 'task';
  readonly name: Name;
  readonly role: Role;
  readonly input: In;
  readonly output: Out;
  /** Of what the handler yields while it works; undefined for one that yields nothing. */
  readonly part: Part;
  readonly options: ContractOptions;
}

/** What `defineMessage` returns. `Reply` is `undefined` when the answer has no schema. */
export interface MessageContract<
  Name extends string = string,
  Data extends Schema = Schema,
  Reply extends Schema | undefined = Schema | undefined,
  Part extends Schema | undefined = Schema | undefined,
> {
  readonly kind: 'message';
  readonly name: Name;
  readonly data: Data;
  readonly reply: Reply;
  /** Of what the handler yields: the answer is read part by part. */
  readonly part: Part;
}

/** What `defineBroadcast` returns. */
export interface BroadcastContract<Topic extends string = string, Data extends Schema = Schema> {
  readonly kind: 'broadcast';
  readonly topic: Topic;
  readonly data: Data;
}

/**
 * Names a task with the schemas of its input and its result, for callers and for the agent that serves it.
 *
 * With `role`, callers may leave out the address: tasks go to the queue of that role, and `handlersOf` refuses an agent
 * of another role that serves the contract. Without, every `enqueue` and `run` of the contract must say `{ to }`, which
 * the compiler checks. With `part`, the handler is an async generator that yields such parts while it works and returns the
 * result; callers read them with `handle.stream()`.
 *
 * @throws DefinitionError when `name` is empty.
 * @example
 * export const summarise = defineTask('summarise.v2', {
 *   role: 'docs',
 *   input: z.object({ text: z.string(), words: z.number().default(50) }),
 *   output: z.object({ summary: z.string() }),
 * });
 */
export function defineTask<
  const Name extends string,
  In extends Schema,
  Out extends Schema,
  const Role extends string | undefined = undefined,
  Part extends Schema | undefined = undefined,
>(
  name: Name,
  spec: {
    readonly role?: Role;
    readonly input: In;
    readonly output: Out;
    readonly part?: Part;
    readonly concurrencyKey?: ConcurrencyKey<In>;
  } & TaskPolicyOptions,
): TaskContract<Name, In, Out, Role, Part> {
  const { role, input, output, part, ...options } = spec;
  requireName(name, 'the name of a task contract');
  return { kind: 'task', name, role: role as Role, input, output, part: part as Part, options };
}

/**
 * Names a message with the schema of its data and, when it may be asked, of its answer: `reply` for one value, or `part` for what an
 * async generator yields, which callers read with `stream`.
 *
 * @throws DefinitionError when `name` is empty, or both `reply` and `part` are given.
 */
export function defineMessage<
  const Name extends string,
  Data extends Schema,
  Reply extends Schema | undefined = undefined,
  Part extends Schema | undefined = undefined,
>(
  name: Name,
  spec: { readonly data: Data; readonly reply?: Reply; readonly part?: Part },
): MessageContract<Name, Data, Reply, Part> {
  const { data, reply, part } = spec;
  requireName(name, 'the name of a message contract');
  if (reply !== undefined && part !== undefined)
    throw new DefinitionError(`expected message "${name}" to have a reply or parts, got: schemas of both`);
  return { kind: 'message', name, data, reply: reply as Reply, part: part as Part };
}

/**
 * Names a broadcast's topic with the schema of its data.
 *
 * @throws DefinitionError when `topic` is empty or holds a `*`: a contract is something one can send.
 */
export function defineBroadcast<const Topic extends string, Data extends Schema>(
  topic: Topic,
  spec: { readonly data: Data },
): BroadcastContract<Topic, Data> {
  requireName(topic, 'the topic of a broadcast contract');
  if (topic.includes('*'))
    throw new DefinitionError(
      `expected the topic of a broadcast contract to be a topic without wildcards, got: "${topic}"\nUse the pattern where it is listened to: onBroadcast('${topic}', schema).`,
    );
  return { kind: 'broadcast', topic, data: spec.data };
}

/** True for whatever implements Standard Schema v1; some libraries' schemas are functions. */
export function isSchema(value: unknown): value is Schema {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && '~standard' in value;
}

function requireName(name: unknown, what: string): void {
  if (typeof name === 'string' && name.trim() !== '') return;
  throw new DefinitionError(`expected ${what} to be a text that is not empty, got: ${JSON.stringify(name)}`);
}
