/**
 * The base class of agents. It holds nothing but the context that the runtime attaches, and delegates to it.
 *
 * Verbs are accessors, so that a handler that is called like a verb (`run`, `send`) is a compile error and not a verb that
 * went missing. `status` alone is a method that a class may take for a handler; its other name, `setStatus`, stays. Classes are known by a registered symbol, never by `instanceof`: two copies of this package may be loaded.
 */
import type { Clock } from '../core/clock.ts';
import { DefinitionError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { AgentContext, AgentLog, Verbs } from './context.ts';
import type { Events } from './event-verbs.ts';
import type { AgentClass } from './task-types.ts';

const brand = Symbol.for('agent-runtime.agent');
const attach = Symbol.for('agent-runtime.attach');

type VerbName = Exclude<keyof Verbs, 'events' | 'schedules'>;

/**
 * An agent: private state, and handlers marked with decorators (or listed in `static handlers`).
 *
 * Handles one envelope at a time unless its hosting says otherwise. The runtime makes and ends it; its constructor takes
 * no arguments, and the verbs work from `onStart` on.
 *
 * @example
 * export class AuditAgent extends Agent {
 *   @onTask('audit', AuditInput, AuditReport)
 *   async audit(task: Task<typeof AuditInput>) { return { findings: [] }; }
 * }
 */
export abstract class Agent {
  static readonly [brand] = true;
  #context: AgentContext | undefined;

  /** The fleet-wide name of this live agent: `docs`, `audit@n7.2`. */
  get id(): string {
    return this.#attached('id').id;
  }
  get role(): string {
    return this.#attached('role').role;
  }
  /** Aborts when this agent has to end. */
  get signal(): AbortSignal {
    return this.#attached('signal').signal;
  }
  /** Instead of `Date` and timers, so that simulation drives the agent. */
  get clock(): Clock {
    return this.#attached('clock').clock;
  }
  /** Instead of `Math.random` and `randomUUID`, so that a seed repeats the run. */
  get random(): Random {
    return this.#attached('random').random;
  }
  get log(): AgentLog {
    return this.#attached('log').log;
  }
  /** True while a task runs in this agent. */
  get busy(): boolean {
    return this.#attached('busy').busy;
  }
  /** The fleet's event stream. */
  get events(): Events {
    return this.#attached('events').events;
  }
  /** Tasks that the fleet repeats by itself. */
  get schedules(): Verbs['schedules'] {
    return this.#attached('schedules').schedules;
  }
  /**
   * Says what the agent is about, for the command line and the dashboard: `this.status('reading the repository')`. Without a
   * text it says nothing any more.
   *
   * A class may have a handler of this name instead, marked `override` where its compiler asks for that (noImplicitOverride);
   * such an agent says `this.setStatus(...)`.
   */
  status<Text extends string>(text?: Text): unknown;
  // With a second signature the compiler compares a subclass's method with the parameter's type erased: any handler fits.
  status<Text extends string>(text: Text | undefined): unknown;
  status(text?: string): void {
    this.setStatus(text);
  }
  /** The same as `status`, under the name that no handler takes. */
  get setStatus(): AgentContext['setStatus'] {
    return (text) => this.#attached('setStatus').setStatus(text);
  }
  /** See {@link AgentContext.stop}. */
  get stop(): AgentContext['stop'] {
    return () => this.#attached('stop').stop();
  }
  /** See {@link AgentContext.escalate}. */
  get escalate(): AgentContext['escalate'] {
    return (error) => this.#attached('escalate').escalate(error);
  }
  /** See {@link Verbs.enqueue}. */
  get enqueue(): Verbs['enqueue'] {
    return this.#verb('enqueue');
  }
  /** See {@link Verbs.enqueueMany}. */
  get enqueueMany(): Verbs['enqueueMany'] {
    return this.#verb('enqueueMany');
  }
  /** See {@link Verbs.run}. */
  get run(): Verbs['run'] {
    return this.#verb('run');
  }
  /** See {@link Verbs.send}. */
  get send(): Verbs['send'] {
    return this.#verb('send');
  }
  /** See {@link Verbs.ask}. */
  get ask(): Verbs['ask'] {
    return this.#verb('ask');
  }
  /** See {@link Verbs.stream}. */
  get stream(): Verbs['stream'] {
    return this.#verb('stream');
  }
  /** See {@link Verbs.broadcast}. */
  get broadcast(): Verbs['broadcast'] {
    return this.#verb('broadcast');
  }
  /** See {@link Verbs.lock}. */
  get lock(): Verbs['lock'] {
    return this.#verb('lock');
  }
  /** See {@link Verbs.tryLock}. */
  get tryLock(): Verbs['tryLock'] {
    return this.#verb('tryLock');
  }
  /** See {@link Verbs.withLock}. */
  get withLock(): Verbs['withLock'] {
    return this.#verb('withLock');
  }
  /** See {@link Verbs.spawn}. */
  get spawn(): Verbs['spawn'] {
    return this.#verb('spawn');
  }

  /** See {@link AgentContext.watch}. */
  get watch(): AgentContext['watch'] {
    return (id) => this.#attached('watch').watch(id);
  }
  /** See {@link AgentContext.unwatch}. */
  get unwatch(): AgentContext['unwatch'] {
    return (id) => this.#attached('unwatch').unwatch(id);
  }

  /** For the runtime only; see `attachContext`. */
  [attach](context: AgentContext): void {
    this.#context = context;
  }

  #attached(member: string): AgentContext {
    if (this.#context) return this.#context;
    throw new DefinitionError(
      `expected this.${member} of ${this.constructor.name} to be used by a live agent, got: an agent without a runtime\n` +
        'Move the code from the constructor or field to a method under @onStart(); in tests, start the agent with startFleet().',
    );
  }

  #verb<K extends VerbName>(name: K): Verbs[K] {
    const context = this.#attached(name);
    const verb = context[name] as (...args: readonly unknown[]) => unknown;
    return verb.bind(context) as Verbs[K];
  }
}

/** Names a handler cannot have: they mean something in every agent. */
export const reservedNames: ReadonlySet<string> = new Set(
  Object.getOwnPropertyNames(Agent.prototype).filter((name) => name !== 'status'),
);

/** True for `Agent.prototype`, of this or another copy of the package: its methods are no handlers. */
export function isAgentBase(prototype: object): boolean {
  return Object.hasOwn(prototype, attach);
}

/** True for classes that extend `Agent`, of this or another copy of the package. */
export function isAgentClass(value: unknown): value is AgentClass {
  return typeof value === 'function' && Reflect.get(value, brand) === true;
}

/** Gives a new instance its context, before anything else is called on it. */
export function attachContext(agent: object, context: AgentContext): void {
  const method: unknown = Reflect.get(agent, attach);
  if (typeof method !== 'function')
    throw new DefinitionError(`expected the agent to be of a class that extends Agent, got: ${agent.constructor.name}`);
  method.call(agent, context);
}
