/**
 * The option `thread` of a task handler: where a thread finds the class that the handler belongs to, and what it may use.
 *
 * A thread shares no objects with its process: it imports the module in which the class is defined. No class knows that module, so
 * it is read from the call stack when the handler is registered. Where something stands between the class and its registration (a
 * decorator around the decorator, a base class in another file), the class says it: `static readonly module = import.meta.url`.
 */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { memoryRule, type MemorySize, parseMemory } from '../core/memory-size.ts';
import type { RegistrationRecord } from './registration.ts';
import type { AgentClass } from './task-types.ts';

type TaskRecord = RegistrationRecord & { readonly kind: 'task' };

/** What a thread needs to know of a handler's class. */
export interface ThreadPlace {
  readonly role: string;
  readonly className: string;
  /** URL of the module that exports the class; undefined when nothing tells it. */
  readonly module: string | undefined;
  /** Heap of the thread; absent: that of the process. */
  readonly memoryMb?: number;
}

/** The record, with the module of whoever called `register` when its handler runs in a thread. */
export function withModule(record: RegistrationRecord, register: (...args: never) => unknown): RegistrationRecord {
  if (record.kind !== 'task' || !record.options.thread) return record;
  const module = callerOf(register);
  return module === undefined ? record : { ...record, module };
}

/** The place of a handler that runs in a thread; what is wrong with it is added to `problems`. */
export function resolveThread(
  Class: AgentClass,
  role: string,
  method: string,
  record: TaskRecord,
  problems: string[],
): ThreadPlace | undefined {
  const thread: unknown = record.options.thread;
  if (thread === undefined || thread === false) return undefined;
  const given = thread === true ? {} : thread;
  if (!isThreadOptions(given)) {
    problems.push(
      `expected thread of "${method}" to be true, false or { memory } with ${memoryRule}, got: ${String(JSON.stringify(thread))}`,
    );
    return undefined;
  }
  if (record.part !== undefined || yields(Class, method))
    problems.push(
      `expected "${method}" to return its result, because it runs in a thread, got: a handler that yields\nLeave out thread, or tell how far it is with task.progress().`,
    );
  const memoryMb = parseMemory(given.memory);
  return {
    role,
    className: Class.name,
    module: ownModule(Class, problems) ?? record.module,
    ...(memoryMb !== undefined && { memoryMb }),
  };
}

/** What the class itself says; not inherited, since a subclass may stand elsewhere. */
function ownModule(Class: AgentClass, problems: string[]): string | undefined {
  const own: unknown = Object.hasOwn(Class, 'module') ? Reflect.get(Class, 'module') : undefined;
  if (own === undefined || (typeof own === 'string' && URL.canParse(own))) return own;
  problems.push(`expected static module to be a URL such as import.meta.url, got: ${String(JSON.stringify(own))}`);
  return undefined;
}

function isThreadOptions(value: unknown): value is { readonly memory?: MemorySize } {
  if (typeof value !== 'object' || value === null) return false;
  const { memory, ...others }: { readonly memory?: unknown } = value;
  return Object.keys(others).length === 0 && (memory === undefined || parseMemory(memory) !== undefined);
}

/** As far as its syntax tells; what it hides from here is found when it runs. */
function yields(Class: AgentClass, method: string): boolean {
  const value: unknown = Reflect.get(Class.prototype as object, method);
  return typeof value === 'function' && value.constructor.name.endsWith('GeneratorFunction');
}

/** URL of the module that called `register`, which is running. */
function callerOf(register: (...args: never) => unknown): string | undefined {
  const { stackTraceLimit } = Error;
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace');
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_error, [frame]) => frame?.getFileName();
    Error.captureStackTrace(holder, register);
    return toUrl(holder.stack);
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/** Some loaders name a module by its URL, some by its path. */
function toUrl(file: unknown): string | undefined {
  if (typeof file !== 'string') return undefined;
  if (isAbsolute(file)) return pathToFileURL(file).href;
  return file.startsWith('file:') ? file : undefined;
}
