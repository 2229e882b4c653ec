/**
 * The decorators: `@onTask`, `@onMessage`, `@onBroadcast`, `@onStart`, `@onStop`, `@onDown`, `@every`.
 *
 * They record and check, and never change the method. All checks of types happen in the compiler: a handler with the wrong
 * name, parameter or return type does not compile. Standard (TC39) decorators only; the older call shape is recognised and
 * refused with the way out.
 */
import type { Duration } from '../core/duration.ts';
import { DefinitionError } from '../core/errors.ts';
import type { BroadcastContract, MessageContract, Schema, TaskContract } from './contract.ts';
import { addRecord } from './metadata.ts';
import {
  answerSchemas,
  type AnyTaskOptions,
  broadcast,
  type BroadcastMethod,
  type BroadcastOptions,
  contractRecord,
  down,
  type DownMethod,
  type MaybeAnswer,
  message,
  type MessageMethod,
  type PartOption,
  type PlainMethod,
  type RegistrationRecord,
  start,
  stop,
  type TaskMethod,
  type TaskOptions,
  taskRecord,
  timer,
} from './registration.ts';
import { withModule } from './threads.ts';

type MaybeSchema = Schema | undefined;

/** Goes on a public method of type `M` called `Name`. */
export type HandlerDecorator<M, Name extends string = string> = (
  method: M,
  context: ClassMethodDecoratorContext & { readonly name: Name; readonly static: false; readonly private: false },
) => void;

/**
 * The method handles tasks: durable, at least once, one at a time. What it returns is checked, stored and sent back.
 *
 * The string form names the task after the method and takes the schemas of input and result. The contract form serves a
 * contract made with `defineTask`, by a method of any name. What the handler throws is tried again up to `retries` times;
 * `TerminalError` is not, `RetryableError` says when. An async generator streams what it yields to those who read
 * `handle.stream()`, and returns the result; `{ part: Token }` among the options is the schema of what it yields.
 *
 * @example
 * @onTask('audit', AuditInput, AuditReport, { retries: 3, timeout: '2m', lock: (t) => `repo:${t.input.path}` })
 * async audit(task: Task<typeof AuditInput>) { return { findings: [] }; }
 */
export function onTask<Name extends string, In extends Schema, Out extends Schema, Part extends MaybeSchema>(
  contract: TaskContract<Name, In, Out, string | undefined, Part>,
  options?: TaskOptions<In>,
): HandlerDecorator<TaskMethod<In, Out, Name, Part>>;
export function onTask<
  const Name extends string,
  In extends MaybeSchema = undefined,
  Out extends MaybeSchema = undefined,
  Part extends MaybeSchema = undefined,
>(
  name: Name,
  input?: In,
  output?: Out,
  options?: TaskOptions<In> & PartOption<Part>,
): HandlerDecorator<TaskMethod<In, Out, Name, Part>, Name>;
export function onTask(
  first: string | TaskContract,
  second?: MaybeSchema | AnyTaskOptions,
  output?: MaybeSchema,
  options?: AnyTaskOptions & PartOption<MaybeSchema>,
): HandlerDecorator<unknown> {
  if (typeof first === 'string')
    return decorator(withModule(taskRecord(second as MaybeSchema, output, options), onTask), first);
  return decorator(withModule(contractRecord(first, second as AnyTaskOptions | undefined), onTask));
}

/**
 * The method handles messages and asks. What it returns answers an ask, after the check by the reply schema if there is
 * one; a `send` ignores it. Messages are at least once and in order per sender; asks are at most once. An async generator answers
 * `stream` part by part; `{ part: Token }` in the place of the reply schema is the schema of what it yields.
 *
 * @example
 * @onMessage('status')
 * status(message: Message) { return { busy: this.busy }; }
 */
export function onMessage<
  Name extends string,
  Data extends Schema,
  Reply extends MaybeSchema,
  Part extends MaybeSchema,
>(contract: MessageContract<Name, Data, Reply, Part>): HandlerDecorator<MessageMethod<Data, Reply, Name, Part>>;
export function onMessage<Part extends Schema, Data extends MaybeSchema = undefined>(
  name: string,
  data: Data,
  answer: { readonly part: Part },
): HandlerDecorator<MessageMethod<Data, undefined, string, Part>>;
export function onMessage<Data extends MaybeSchema = undefined, Reply extends MaybeSchema = undefined>(
  name: string,
  data?: Data,
  reply?: Reply,
): HandlerDecorator<MessageMethod<Data, Reply>>;
export function onMessage(
  first: string | MessageContract,
  data?: MaybeSchema,
  answer?: MaybeAnswer,
): HandlerDecorator<unknown> {
  if (typeof first !== 'string') return decorator(message(first));
  return decorator({ kind: 'message', name: first, data, ...answerSchemas(answer) });
}

/**
 * The method hears broadcasts while the agent is up: each exactly once, in stream order. With `durable: true` it also gets, later,
 * what was broadcast while the agent was not up; what it may have handled before a crash comes again, marked `redelivered`.
 *
 * A pattern is an exact topic, or segments between dots where `*` stands for one and a last `**` for any rest.
 *
 * @example
 * @onBroadcast('docs.*')
 * onDocs(event: Broadcast) { this.log.info('docs changed', event.data); }
 */
export function onBroadcast<Topic extends string, Data extends Schema>(
  contract: BroadcastContract<Topic, Data>,
  options?: BroadcastOptions,
): HandlerDecorator<BroadcastMethod<Data, Topic>>;
export function onBroadcast(pattern: string, options: BroadcastOptions): HandlerDecorator<BroadcastMethod<undefined>>;
export function onBroadcast<Data extends MaybeSchema = undefined>(
  pattern: string,
  data?: Data,
  options?: BroadcastOptions,
): HandlerDecorator<BroadcastMethod<Data>>;
export function onBroadcast(
  first: string | BroadcastContract,
  second?: MaybeSchema | BroadcastOptions,
  third?: BroadcastOptions,
): HandlerDecorator<unknown> {
  return decorator(broadcast(first as string, second as MaybeSchema, third));
}

/** The method runs before the agent gets its first task, message or broadcast. When it throws, the agent is restarted. */
export function onStart(): HandlerDecorator<PlainMethod> {
  return decorator(start());
}

/** The method runs after the agent's last task, message or broadcast, when it ends in order. A crash runs nothing. */
export function onStop(): HandlerDecorator<PlainMethod> {
  return decorator(stop());
}

/**
 * The method hears that an agent is down which this one watches: `await this.watch('docs')`. Once for each watch, in the mailbox like a
 * message. See `watch` for what is down.
 *
 * @example
 * @onDown()
 * lost(down: Down) { this.log.warn(`${down.id} is down: ${down.reason}`); }
 */
export function onDown(): HandlerDecorator<DownMethod> {
  return decorator(down());
}

/** The method runs again and again, `interval` after its last run ended, in every live agent of the class. */
export function every(interval: Duration): HandlerDecorator<PlainMethod> {
  return decorator(timer(interval));
}

/** `name`: the name the method must have. */
function decorator(record: RegistrationRecord, name?: string): HandlerDecorator<unknown> {
  return (_method: unknown, context: unknown) => {
    if (!isContext(context)) throw legacyDecorators();
    if (!isObject(context.metadata)) throw noMetadata();
    const label = `the method under @${decoratorNames[record.kind]}`;
    if (context.kind !== 'method' || context.static || context.private || typeof context.name !== 'string')
      throw new DefinitionError(
        `expected ${label} to be a public method with a plain name, got: ${describe(context)}\nThe runtime calls handlers by name from outside the class.`,
      );
    if (name !== undefined && context.name !== name)
      throw new DefinitionError(
        `expected ${label}('${name}') to be called "${name}", got: "${context.name}"\nRename one of them, or serve a contract of defineTask(), which fits any method.`,
      );
    addRecord(context.metadata, { method: context.name, record });
  };
}

const decoratorNames: Readonly<Record<RegistrationRecord['kind'], string>> = {
  task: 'onTask',
  message: 'onMessage',
  broadcast: 'onBroadcast',
  start: 'onStart',
  stop: 'onStop',
  down: 'onDown',
  timer: 'every',
};

/** Legacy decorators are called with (prototype, name, descriptor): the second argument is no object. */
function isContext(value: unknown): value is DecoratorContext {
  return isObject(value) && 'kind' in value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function noMetadata(): DefinitionError {
  return new DefinitionError(
    'expected the decorator context to have metadata, got: none\n' +
      'Compile with TypeScript 5.2 or newer or esbuild 0.21 or newer, or register without decorators: static readonly handlers.',
  );
}

function legacyDecorators(): DefinitionError {
  return new DefinitionError(
    'expected decorators to be standard (TC39) decorators, got: the legacy call of "experimentalDecorators"\n' +
      'Remove "experimentalDecorators" and "emitDecoratorMetadata" from tsconfig.json and set "target": "ES2023" (not ' +
      '"ESNext"), or register handlers without decorators: static readonly handlers = { audit: task(Input, Output) }.',
  );
}

function describe(context: DecoratorContext): string {
  const words = [context.kind !== 'class' && context.static ? 'static ' : '', context.kind, ' ', String(context.name)];
  return words.join('');
}
