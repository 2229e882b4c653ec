/**
 * Agents under observation: the user's classes, with something around each handler that writes down that it began and may make it fail.
 *
 * A subclass, so that the class itself, its private state and its metadata stay as they are.
 */
import type { Agent } from '../agent/agent.ts';
import { handlersOf, type HandlerTable } from '../agent/handlers.ts';
import type { Hosting } from '../agent/hosting.ts';
import { roleOf } from '../agent/role.ts';
import type { AgentClass } from '../agent/task-types.ts';
import { sleep } from '../core/clock.ts';
import { between, type FaultPlan, reshape } from './faults.ts';

/** One run of a handler. */
export interface Handled {
  readonly kind: 'task' | 'message' | 'broadcast';
  readonly agent: string;
  /** A new one for each start of the agent. */
  readonly instance: number;
  readonly name: string;
  /** Of the envelope. */
  readonly id: string;
  readonly from: string;
  readonly isAsk: boolean;
  readonly attempt: number;
  readonly redelivered: boolean;
  /** Virtual time in milliseconds. */
  readonly at: number;
  /** What has become of it. */
  end: 'running' | HandlerEnd['kind'];
}

/** What a handler ended with. */
export type HandlerEnd =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown };

export interface InstrumentHooks {
  readonly plan: FaultPlan;
  readonly nowMs: () => number;
  readonly onInstance: (agent: Agent) => number;
  readonly onHandled: (handled: Handled) => void;
  /** Of a generator as soon as it has begun: it ends when its last part is taken, which nobody sees here. */
  readonly onEnded: (handled: Handled, end?: HandlerEnd) => void;
  /** A handler has begun (1) or ended (-1). */
  readonly onRunning: (by: 1 | -1) => void;
  /** The process ends at once. */
  readonly crash: () => void;
}

interface EnvelopeFields {
  readonly id?: string;
  readonly from?: string;
  readonly attempt?: number;
  readonly redelivered?: boolean;
  readonly isAsk?: boolean;
  readonly input?: unknown;
  readonly data?: unknown;
}

type Method = (...args: readonly unknown[]) => unknown;
type Kind = Handled['kind'];

const slowMs = { from: 500, to: 12_000 } as const;
const stuckMs = 60_000;

/** What a handler throws when it was told to fail. */
export class SimulatedFailure extends Error {
  override readonly name = 'SimulatedFailure';
}

/** The same hosting with watched classes. */
export function instrument(hosting: Hosting, hooks: InstrumentHooks): Hosting {
  if (hosting.kind === 'group') return { ...hosting, agents: hosting.agents.map((one) => instrument(one, hooks)) };
  return { ...hosting, agent: watched(hosting.agent, hooks) };
}

function watched(Class: AgentClass<Agent>, hooks: InstrumentHooks): AgentClass<Agent> {
  let table: HandlerTable | undefined; // read when the first instance is made: what is wrong with a class is the configuration's to say
  const Watched = class extends (Class as new () => Agent) {
    constructor() {
      super();
      table ??= handlersOf(Class);
      const instance = hooks.onInstance(this);
      for (const [method, kind, name] of methodsOf(table)) wrap(this, method, { kind, name, instance, hooks });
    }
  };
  Object.defineProperty(Watched, 'name', { value: Class.name });
  Object.defineProperty(Watched, 'role', { value: roleOf(Class) }); // it is not inherited
  return Watched;
}

function* methodsOf({ tasks, messages, broadcasts }: HandlerTable): Generator<readonly [string, Kind, string]> {
  for (const { method, name } of tasks.values()) yield [method, 'task', name];
  for (const { method, name } of messages.values()) yield [method, 'message', name];
  for (const { method, pattern } of broadcasts) yield [method, 'broadcast', pattern];
}

interface Around {
  readonly kind: Kind;
  readonly name: string;
  readonly instance: number;
  readonly hooks: InstrumentHooks;
}

function wrap(agent: Agent, method: string, around: Around): void {
  const handler = Reflect.get(agent, method) as Method;
  const value = (...args: readonly unknown[]): unknown => {
    const run = (): unknown => handler.apply(agent, args as unknown[]);
    return begin(agent, around, args[0] as EnvelopeFields, run, isGenerator(handler));
  };
  Object.defineProperty(agent, method, { value, configurable: true, writable: true });
}

function begin(agent: Agent, around: Around, envelope: EnvelopeFields, run: () => unknown, yields: boolean): unknown {
  const { hooks, kind, name, instance } = around;
  const { id = '', from = '', attempt = 1, redelivered = false, isAsk = false } = envelope;
  const mark = { isAsk, attempt, redelivered, at: hooks.nowMs(), end: 'running' as const };
  const handled: Handled = { kind, agent: agent.id, instance, name, id, from, ...mark };
  hooks.onHandled(handled);
  const what = `${name}/${JSON.stringify(envelope.input ?? envelope.data ?? null)}`;
  const key = `${agent.role}/${what}/${attempt}`;
  const { plan } = hooks;
  if (plan.strikes('poison', what) !== undefined || plan.strikes('handler-kills', key) !== undefined) {
    hooks.crash();
    return new Promise(() => {}); // nothing of this process runs again
  }
  const throws = plan.strikes('handler-throws', key) !== undefined;
  if (throws) handled.end = 'threw';
  else if (yields) handled.end = 'returned'; // what becomes of its parts is the reader's affair
  if (throws || yields) hooks.onEnded(handled);
  if (throws) throw new SimulatedFailure(`told to fail: ${key}`);
  if (yields) return run();
  return counted(hooks, handled, () => delayed(agent, plan, key, run));
}

async function delayed(agent: Agent, plan: FaultPlan, at: string, run: () => unknown): Promise<unknown> {
  const slow = plan.strikes('handler-slow', at);
  if (slow !== undefined) await sleep(agent.clock, between(reshape(slow, 'slow'), slowMs.from, slowMs.to));
  if (plan.strikes('handler-stuck', at) !== undefined) await sleep(agent.clock, stuckMs);
  return await run();
}

async function counted(hooks: InstrumentHooks, handled: Handled, run: () => Promise<unknown>): Promise<unknown> {
  hooks.onRunning(1);
  const end = await run().then(
    (value): HandlerEnd => ({ kind: 'returned', value }),
    (error: unknown): HandlerEnd => ({ kind: 'threw', error }),
  );
  handled.end = end.kind;
  hooks.onRunning(-1);
  hooks.onEnded(handled, end);
  if (end.kind === 'threw') throw end.error;
  return end.value;
}

function isGenerator(handler: Method): boolean {
  return /Generator/.test(handler.constructor.name);
}
