/**
 * `handlersOf(Class)`: what a class handles, as one checked table that the runtime and the clients read.
 *
 * Decorators and `static handlers` end here in the same form. Everything that can be wrong with a class is found here, at
 * once, before the first instance exists.
 */
import { parseDuration } from '../core/duration.ts';
import { DefinitionError } from '../core/errors.ts';
import { isAgentClass } from './agent.ts';
import { collectRecords } from './collect.ts';
import type { Schema } from './contract.ts';
import type { MethodRecord } from './metadata.ts';
import { roleOf, roleProblem } from './role.ts';
import { type ResolvedTaskOptions, resolveTaskOptions } from './task-options.ts';
import type { AgentClass } from './task-types.ts';
import { resolveThread, type ThreadPlace } from './threads.ts';
import { compileTopic, type TopicPattern } from './topic.ts';

export interface TaskHandler {
  readonly name: string;
  readonly method: string;
  readonly input?: Schema;
  readonly output?: Schema;
  readonly part?: Schema;
  readonly options: ResolvedTaskOptions;
  /** Where it runs in a thread; absent: in the agent. */
  readonly thread?: ThreadPlace;
  /** It waits for what is done elsewhere: that its node is lost says nothing about the task. */
  readonly relayed?: true;
}

export interface MessageHandler {
  readonly name: string;
  readonly method: string;
  readonly data?: Schema;
  readonly reply?: Schema;
  readonly part?: Schema;
}

export interface BroadcastHandler extends TopicPattern {
  readonly method: string;
  /** The subscription goes on from where it ended. */
  readonly durable: boolean;
  readonly data?: Schema;
}

export interface TimerHandler {
  readonly everyMs: number;
  readonly method: string;
}

export interface HandlerTable {
  readonly role: string;
  readonly tasks: ReadonlyMap<string, TaskHandler>;
  readonly messages: ReadonlyMap<string, MessageHandler>;
  /** One event goes to every handler that matches, in this order. */
  readonly broadcasts: readonly BroadcastHandler[];
  /** Methods, those of base classes first. */
  readonly start: readonly string[];
  /** Methods, those of base classes last. */
  readonly stop: readonly string[];
  /** Methods that hear of agents that are watched, those of base classes first. */
  readonly down: readonly string[];
  readonly timers: readonly TimerHandler[];
}

/**
 * What `Class` handles.
 *
 * @throws DefinitionError listing everything that is wrong: no agent class, a bad role, duplicate names, bad options or
 * patterns, reserved or missing methods, nothing registered.
 */
export function handlersOf(Class: AgentClass): HandlerTable {
  if (!isAgentClass(Class))
    throw new DefinitionError(`expected an agent to be a class that extends Agent, got: ${describe(Class)}`);
  const problems: string[] = [];
  const table = readTable(Class, problems);
  if (problems.length === 0) return table;
  const details = { class: Class.name, problems };
  throw new DefinitionError(`class ${Class.name || '(without a name)'}:\n- ${problems.join('\n- ')}`, details);
}

function readTable(Class: AgentClass, problems: string[]): HandlerTable {
  const role = roleOf(Class);
  const rule = roleProblem(role);
  if (rule !== undefined)
    problems.push(`expected the role to be ${rule}, got: "${role}"\nSet it: static readonly role = 'audit'.`);
  const table = {
    role,
    tasks: new Map<string, TaskHandler>(),
    messages: new Map<string, MessageHandler>(),
    broadcasts: [] as BroadcastHandler[],
    start: [] as string[],
    stop: [] as string[],
    down: [] as string[],
    timers: [] as TimerHandler[],
  };
  const records = collectRecords(Class, problems);
  for (const entry of records) addTo(table, Class, entry, problems);
  if (records.length === 0 && problems.length === 0)
    problems.push(
      'expected an agent to handle something, got: no handlers\nMark methods with @onTask, @onMessage or @onBroadcast.',
    );
  table.stop.reverse();
  return table;
}

interface Draft extends HandlerTable {
  readonly tasks: Map<string, TaskHandler>;
  readonly messages: Map<string, MessageHandler>;
  readonly broadcasts: BroadcastHandler[];
  readonly start: string[];
  readonly stop: string[];
  readonly down: string[];
  readonly timers: TimerHandler[];
}

function addTo(table: Draft, Class: AgentClass, { method, record }: MethodRecord, problems: string[]): void {
  switch (record.kind) {
    case 'task': {
      const name = record.name ?? method;
      if (record.role !== undefined && record.role !== table.role)
        problems.push(
          `expected the contract of task "${name}" to be for role "${table.role}", got: "${record.role}"\nIts callers would enqueue elsewhere; leave the role out of the contract, or set static readonly role.`,
        );
      const options = resolveTaskOptions(record.options, `task "${name}"`, problems);
      const thread = resolveThread(Class, table.role, method, record, problems);
      const given = schemas({ input: record.input, output: record.output, part: record.part });
      addNamed(
        table.tasks,
        { name, method, ...given, options, ...(thread !== undefined && { thread }) },
        'task',
        problems,
      );
      return;
    }
    case 'message': {
      const name = record.name ?? method;
      addNamed(
        table.messages,
        { name, method, ...schemas({ data: record.data, reply: record.reply, part: record.part }) },
        'message',
        problems,
      );
      return;
    }
    case 'broadcast': {
      const topic = compileTopic(record.pattern);
      const durable = resolveDurable(record.options, method, problems);
      const handler = { method, durable, ...schemas({ data: record.data }) };
      if (typeof topic !== 'string') table.broadcasts.push({ ...topic, ...handler });
      else problems.push(`expected the topic pattern of "${method}" to be ${topic}, got: "${record.pattern}"`);
      return;
    }
    case 'timer': {
      const everyMs = parseDuration(record.every);
      if (everyMs !== undefined && everyMs > 0) table.timers.push({ everyMs, method });
      else
        problems.push(
          `expected the interval of "${method}" to be a duration above 0, got: ${JSON.stringify(record.every)}`,
        );
      return;
    }
    case 'start':
    case 'stop':
    case 'down':
      table[record.kind].push(method);
      return;
  }
}

function addNamed<H extends { readonly name: string; readonly method: string }>(
  handlers: Map<string, H>,
  handler: H,
  what: string,
  problems: string[],
): void {
  const first = handlers.get(handler.name);
  if (!first) handlers.set(handler.name, handler);
  else
    problems.push(
      `expected ${what} "${handler.name}" to be handled once, got: the methods "${first.method}" and "${handler.method}"`,
    );
}

/** The options of a broadcast handler, as far as only JavaScript can have them wrong. */
function resolveDurable(options: object, method: string, problems: string[]): boolean {
  const { durable = false, ...others }: { readonly durable?: unknown } = options;
  const unknown = Object.keys(others);
  if (typeof durable !== 'boolean' || unknown.length > 0)
    problems.push(
      `expected the options of "${method}" to be { durable: true } or none, got: ${JSON.stringify(options)}`,
    );
  return durable === true;
}

/** The schemas that are there; an absent one leaves no key. */
function schemas<K extends string>(given: Readonly<Record<K, Schema | undefined>>): { readonly [P in K]?: Schema } {
  return Object.fromEntries(Object.entries(given).filter(([, schema]) => schema !== undefined)) as {
    readonly [P in K]?: Schema;
  };
}

function describe(value: unknown): string {
  return typeof value === 'function' ? `class ${value.name}` : typeof value;
}
