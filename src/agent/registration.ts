/**
 * Registrations: what a method of an agent handles, as plain records. Decorators and `static handlers` both make these,
 * so everything behind them knows one form.
 *
 * `task`, `message`, `broadcast`, `start`, `stop` and `timer` are for toolchains that cannot lower decorators; the method
 * is the key: `static readonly handlers = { audit: task(In, Out) } satisfies Handlers<AuditAgent>`.
 */
import type { Duration } from '../core/duration.ts';
import {
  type BroadcastContract,
  type InputOf,
  isSchema,
  type MessageContract,
  type Schema,
  type TaskContract,
  type TaskPolicyOptions,
} from './contract.ts';
import type { BroadcastOf, MessageOf, TaskOf } from './envelopes.ts';

type MaybeSchema = Schema | undefined;

/** Options of a task handler. Retries, priority and result time can be set by the sender of a task, too. */
export interface TaskOptions<In extends MaybeSchema = undefined> extends TaskPolicyOptions {
  /** A lock held while the handler runs: its name, or the name made from the task. */
  readonly lock?: string | ((task: TaskOf<In, MaybeSchema>) => string);
}

/** The same with the schema forgotten. */
export interface AnyTaskOptions extends TaskPolicyOptions {
  readonly lock?: string | ((task: never) => string);
}

export type TaskMethod<In extends MaybeSchema, Out extends MaybeSchema, Name extends string = string> = (
  task: TaskOf<In, Out, Name>,
) => InputOf<Out> | Promise<InputOf<Out>>;
export type MessageMethod<Data extends MaybeSchema, Reply extends MaybeSchema, Name extends string = string> = (
  message: MessageOf<Data, Name>,
) => InputOf<Reply> | Promise<InputOf<Reply>>;
export type BroadcastMethod<Data extends MaybeSchema, Topic extends string = string> = (
  event: BroadcastOf<Data, Topic>,
) => void | Promise<void>;
export type PlainMethod = () => void | Promise<void>;

/** What is registered. `name` is absent where the method's own name is meant. */
export type RegistrationRecord =
  | {
      readonly kind: 'task';
      readonly name?: string;
      readonly role?: string;
      readonly input: MaybeSchema;
      readonly output: MaybeSchema;
      readonly options: AnyTaskOptions;
    }
  | { readonly kind: 'message'; readonly name?: string; readonly data: MaybeSchema; readonly reply: MaybeSchema }
  | { readonly kind: 'broadcast'; readonly pattern: string; readonly data: MaybeSchema }
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'timer'; readonly every: Duration };

declare const fits: unique symbol;

/** The methods that fit a registration of a kind with these schemas and this name. */
interface Methods<In extends MaybeSchema, Out extends MaybeSchema, Name extends string> {
  readonly task: TaskMethod<In, Out, Name>;
  readonly message: MessageMethod<In, Out, Name>;
  readonly broadcast: BroadcastMethod<In, Name>;
  readonly plain: PlainMethod;
}

/**
 * A record that knows which methods it fits. Its arguments are the kind and the schemas and not the method's type, so that
 * a declaration file of a user's package needs no other name than this one.
 */
export type Registration<
  Kind extends keyof Methods<In, Out, Name> = 'plain',
  In extends MaybeSchema = undefined,
  Out extends MaybeSchema = undefined,
  Name extends string = string,
> = RegistrationRecord & { readonly [fits]?: (method: Methods<In, Out, Name>[Kind]) => void };

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
export function task<Name extends string, In extends Schema, Out extends Schema>(
  contract: TaskContract<Name, In, Out>,
  options?: TaskOptions<In>,
): Registration<'task', In, Out, Name>;
export function task<In extends MaybeSchema = undefined, Out extends MaybeSchema = undefined>(
  input?: In,
  output?: Out,
  options?: TaskOptions<In>,
): Registration<'task', In, Out>;
export function task(
  first?: MaybeSchema | TaskContract,
  second?: MaybeSchema | AnyTaskOptions,
  third?: AnyTaskOptions,
): RegistrationRecord {
  if (isContract(first, 'task')) return contractRecord(first, second as AnyTaskOptions | undefined);
  return { kind: 'task', input: first, output: second as MaybeSchema, options: third ?? {} };
}

/** The record of a contract; options given where it is served win over those of the contract. */
export function contractRecord(contract: TaskContract, options?: AnyTaskOptions): RegistrationRecord {
  const { name, role, input, output } = contract;
  const record = { kind: 'task', name, input, output, options: { ...contract.options, ...options } } as const;
  return role === undefined ? record : { ...record, role };
}

/** The method handles messages and asks: of its own name, or of a contract. What it returns answers an ask. */
export function message<Name extends string, Data extends Schema, Reply extends MaybeSchema>(
  contract: MessageContract<Name, Data, Reply>,
): Registration<'message', Data, Reply, Name>;
export function message<Data extends MaybeSchema = undefined, Reply extends MaybeSchema = undefined>(
  data?: Data,
  reply?: Reply,
): Registration<'message', Data, Reply>;
export function message(first?: MaybeSchema | MessageContract, reply?: MaybeSchema): RegistrationRecord {
  if (!isContract(first, 'message')) return { kind: 'message', data: first, reply };
  return { kind: 'message', name: first.name, data: first.data, reply: first.reply };
}

/** The method hears broadcasts: of every topic the pattern matches (`docs.*`, `docs.**`), or of a contract. */
export function broadcast<Topic extends string, Data extends Schema>(
  contract: BroadcastContract<Topic, Data>,
): Registration<'broadcast', Data, undefined, Topic>;
export function broadcast<Data extends MaybeSchema = undefined>(
  pattern: string,
  data?: Data,
): Registration<'broadcast', Data>;
export function broadcast(first: string | BroadcastContract, data?: MaybeSchema): RegistrationRecord {
  if (typeof first === 'string') return { kind: 'broadcast', pattern: first, data };
  return { kind: 'broadcast', pattern: first.topic, data: first.data };
}

/** The method runs before the agent gets its first task, message or broadcast. */
export function start(): Registration {
  return { kind: 'start' };
}

/** The method runs after the agent's last task, message or broadcast, when it ends in order. */
export function stop(): Registration {
  return { kind: 'stop' };
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
