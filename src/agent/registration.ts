/**
 * Registrations: what a method of an agent handles, as plain records. Decorators and `static handlers` both make these,
 * so everything behind them knows one form.
 *
 * `task`, `message`, `broadcast`, `start`, `stop`, `down` and `timer` are for toolchains that cannot lower decorators; the method
 * is the key: `static readonly handlers = { audit: task(In, Out) } satisfies Handlers<AuditAgent>`.
 */
import type { Duration } from '../core/duration.ts';
import type { MemorySize } from '../core/memory-size.ts';
import {
  type BroadcastContract,
  type ConcurrencyKey,
  type ContractOptions,
  type InputOf,
  isSchema,
  type MessageContract,
  type Schema,
  type TaskContract,
  type TaskPolicyOptions,
} from './contract.ts';
import type { BroadcastOf, MessageOf, TaskOf } from './envelopes.ts';
import { withModule } from './threads.ts';
import type { Down } from './watch-verbs.ts';

type MaybeSchema = Schema | undefined;

/** `memory`: the heap of the thread; a handler that needs more has failed, and its process goes on. Default: that of the process. */
export type ThreadOption = boolean | { readonly memory?: MemorySize };

/** Options of a task handler. Retries, priority and result time can be set by the sender of a task, too. */
export interface TaskOptions<In extends MaybeSchema = undefined> extends TaskPolicyOptions {
  /** A lock held while the handler runs: its name, or the name made from the task. */
  readonly lock?: string | ((task: TaskOf<In, MaybeSchema>) => string);
  /** One task of a key at a time and in order; made by whoever enqueues, so only callers by class or contract know it. */
  readonly concurrencyKey?: ConcurrencyKey<In>;
  /**
   * The handler runs in a worker thread, on an instance of its class made there for this call, so that hard computation holds up
   * neither the node nor its heartbeat. When its signal has aborted and its `grace` is over, its thread is ended. Input, result and
   * what the verbs take and give are plain data there; see the README. The class has to be exported by its module. Default false.
   */
  readonly thread?: ThreadOption;
}

/** Where the task is named after its method: the schema of what the method, an async generator, yields. */
export interface PartOption<Part extends MaybeSchema> {
  readonly part?: Part;
}

/** The same with the schema forgotten. */
export interface AnyTaskOptions extends ContractOptions {
  readonly lock?: string | ((task: never) => string);
  readonly thread?: ThreadOption;
}

/** Options of a broadcast handler. */
export interface BroadcastOptions {
  /**
   * The subscription outlives the agent: after a restart, or on another node, it goes on behind the last event that was handled. What a
   * crash makes it hear again carries `redelivered: true`. For agents with an id that stays, so not for those of a pool.
   */
  readonly durable?: boolean;
}

/** With a schema of parts the method is an async generator. */
export type TaskMethod<
  In extends MaybeSchema,
  Out extends MaybeSchema,
  Name extends string = string,
  Part extends MaybeSchema = undefined,
> = (
  task: TaskOf<In, Out, Name>,
) => Part extends Schema ? AsyncGenerator<InputOf<Part>, InputOf<Out>> : InputOf<Out> | Promise<InputOf<Out>>;
/** With a schema of parts the method is an async generator. */
export type MessageMethod<
  Data extends MaybeSchema,
  Reply extends MaybeSchema,
  Name extends string = string,
  Part extends MaybeSchema = undefined,
> = (
  message: MessageOf<Data, Name>,
) => Part extends Schema ? AsyncIterable<InputOf<Part>> : InputOf<Reply> | Promise<InputOf<Reply>>;
export type BroadcastMethod<Data extends MaybeSchema, Topic extends string = string> = (
  event: BroadcastOf<Data, Topic>,
) => void | Promise<void>;
export type PlainMethod = () => void | Promise<void>;
export type DownMethod = (down: Down) => void | Promise<void>;

/** What is registered. `name` is absent where the method's own name is meant. */
export type RegistrationRecord =
  | {
      readonly kind: 'task';
      readonly name?: string;
      readonly role?: string;
      readonly input: MaybeSchema;
      readonly output: MaybeSchema;
      readonly part?: MaybeSchema;
      readonly options: AnyTaskOptions;
      /** URL of the module that registered it, of a handler that runs in a thread. */
      readonly module?: string;
    }
  | {
      readonly kind: 'message';
      readonly name?: string;
      readonly data: MaybeSchema;
      readonly reply: MaybeSchema;
      readonly part?: MaybeSchema;
    }
  | {
      readonly kind: 'broadcast';
      readonly pattern: string;
      readonly data: MaybeSchema;
      readonly options: BroadcastOptions;
    }
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'down' }
  | { readonly kind: 'timer'; readonly every: Duration };

declare const fits: unique symbol;

/** The methods that fit a registration of a kind with these schemas and this name. */
interface Methods<In extends MaybeSchema, Out extends MaybeSchema, Name extends string, Part extends MaybeSchema> {
  readonly task: TaskMethod<In, Out, Name, Part>;
  readonly message: MessageMethod<In, Out, Name, Part>;
  readonly broadcast: BroadcastMethod<In, Name>;
  readonly plain: PlainMethod;
  readonly down: DownMethod;
}

/**
 * A record that knows which methods it fits. Its arguments are the kind and the schemas and not the method's type, so that
 * a declaration file of a user's package needs no other name than this one.
 */
export type Registration<
  Kind extends keyof Methods<In, Out, Name, Part> = 'plain',
  In extends MaybeSchema = undefined,
  Out extends MaybeSchema = undefined,
  Name extends string = string,
  Part extends MaybeSchema = undefined,
> = RegistrationRecord & { readonly [fits]?: (method: Methods<In, Out, Name, Part>[Kind]) => void };

/** Checks `static handlers` against the methods of `A`: `{ ... } satisfies Handlers<AuditAgent>`. */
export type Handlers<A> = {
  readonly [K in keyof A]?: RegistrationRecord & { readonly [fits]?: (method: A[K]) => void };
};

/**
 * The method handles tasks: of its own name with these schemas, or of a contract.
 *
 * @example
 * static readonly handlers = { audit: task(AuditInput, AuditReport, { retries: 1 }) } satisfies Handlers<AuditAgent>;
 */
export function task<Name extends string, In extends Schema, Out extends Schema, Part extends MaybeSchema>(
  contract: TaskContract<Name, In, Out, string | undefined, Part>,
  options?: TaskOptions<In>,
): Registration<'task', In, Out, Name, Part>;
export function task<
  In extends MaybeSchema = undefined,
  Out extends MaybeSchema = undefined,
  Part extends MaybeSchema = undefined,
>(input?: In, output?: Out, options?: TaskOptions<In> & PartOption<Part>): Registration<'task', In, Out, string, Part>;
export function task(
  first?: MaybeSchema | TaskContract,
  second?: MaybeSchema | AnyTaskOptions,
  third?: AnyTaskOptions & PartOption<MaybeSchema>,
): RegistrationRecord {
  const record = isContract(first, 'task')
    ? contractRecord(first, second as AnyTaskOptions | undefined)
    : taskRecord(first, second as MaybeSchema, third);
  return withModule(record, task);
}

/** The record of a task that is named after its method. */
export function taskRecord(
  input: MaybeSchema,
  output: MaybeSchema,
  options: AnyTaskOptions & PartOption<MaybeSchema> = {},
): RegistrationRecord {
  const { part, ...rest } = options;
  return { kind: 'task', input, output, part, options: rest };
}

/** The record of a contract; options given where it is served win over those of the contract. */
export function contractRecord(contract: TaskContract, options?: AnyTaskOptions): RegistrationRecord {
  const { name, role, input, output, part } = contract;
  const record = { kind: 'task', name, input, output, part, options: { ...contract.options, ...options } } as const;
  return role === undefined ? record : { ...record, role };
}

/** The method handles messages and asks: of its own name, or of a contract. What it returns answers an ask. */
export function message<Name extends string, Data extends Schema, Reply extends MaybeSchema, Part extends MaybeSchema>(
  contract: MessageContract<Name, Data, Reply, Part>,
): Registration<'message', Data, Reply, Name, Part>;
export function message<Part extends Schema, Data extends MaybeSchema = undefined>(
  data: Data,
  answer: { readonly part: Part },
): Registration<'message', Data, undefined, string, Part>;
export function message<Data extends MaybeSchema = undefined, Reply extends MaybeSchema = undefined>(
  data?: Data,
  reply?: Reply,
): Registration<'message', Data, Reply>;
export function message(first?: MaybeSchema | MessageContract, answer?: MaybeAnswer): RegistrationRecord {
  if (!isContract(first, 'message')) return { kind: 'message', data: first, ...answerSchemas(answer) };
  const { name, data, reply, part } = first;
  return { kind: 'message', name, data, reply, part };
}

/** In the place of the schema of the reply. */
export type MaybeAnswer = MaybeSchema | { readonly part: Schema };

export function answerSchemas(answer: MaybeAnswer): { readonly reply: MaybeSchema; readonly part: MaybeSchema } {
  const isPart = typeof answer === 'object' && answer !== null && !isSchema(answer) && 'part' in answer;
  return isPart ? { reply: undefined, part: answer.part } : { reply: answer, part: undefined };
}

/** The method hears broadcasts: of every topic the pattern matches (`docs.*`, `docs.**`), or of a contract. */
export function broadcast<Topic extends string, Data extends Schema>(
  contract: BroadcastContract<Topic, Data>,
  options?: BroadcastOptions,
): Registration<'broadcast', Data, undefined, Topic>;
export function broadcast(pattern: string, options: BroadcastOptions): Registration<'broadcast'>;
export function broadcast<Data extends MaybeSchema = undefined>(
  pattern: string,
  data?: Data,
  options?: BroadcastOptions,
): Registration<'broadcast', Data>;
export function broadcast(
  first: string | BroadcastContract,
  second?: MaybeSchema | BroadcastOptions,
  third?: BroadcastOptions,
): RegistrationRecord {
  const [data, options] = isPlainObject(second) ? [undefined, second] : [second, third];
  if (typeof first === 'string') return { kind: 'broadcast', pattern: first, data, options: options ?? {} };
  return { kind: 'broadcast', pattern: first.topic, data: first.data, options: options ?? {} };
}

/** Options rather than a schema. */
function isPlainObject(value: MaybeSchema | BroadcastOptions): value is BroadcastOptions {
  return typeof value === 'object' && value !== null && !isSchema(value);
}

/** The method runs before the agent gets its first task, message or broadcast. */
export function start(): Registration {
  return { kind: 'start' };
}

/** The method runs after the agent's last task, message or broadcast, when it ends in order. */
export function stop(): Registration {
  return { kind: 'stop' };
}

/** The method hears that an agent is down which this one watches. */
export function down(): Registration<'down'> {
  return { kind: 'down' };
}

/** The method runs again and again, that long after its last run ended. */
export function timer(interval: Duration): Registration {
  return { kind: 'timer', every: interval };
}

/** Contracts are known by their form, not by who made them: two copies of this package may be loaded. */
function isContract<K extends 'task' | 'message'>(
  value: unknown,
  kind: K,
): value is K extends 'task' ? TaskContract : MessageContract {
  return !isSchema(value) && typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
