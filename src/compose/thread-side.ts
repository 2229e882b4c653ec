/**
 * The side of the thread: makes an instance of the class for each call, runs the handler, and hands its verbs to the process.
 *
 * Z5  One call at a time, each on an instance of its own; what a call keeps in its fields is gone with it.
 * Z6  Only plain data crosses: what cannot be cloned is an error of the handler, never of the thread.
 */
import { setMaxListeners } from 'node:events';
import { attachContext } from '../agent/agent.ts';
import type { AgentContext, AgentLog } from '../agent/context.ts';
import type { AgentClass } from '../agent/task-types.ts';
import { InvariantError, TerminalError } from '../core/errors.ts';
import type { LogLevel } from '../core/observer.ts';
import { systemClock, systemRandom } from '../core/system.ts';
import { isStream } from '../runtime/pump.ts';
import type { ThreadVerb } from '../runtime/thread-runner.ts';
import { fromWire, toWire } from './thread-errors.ts';
import { notInThread, verbsOf } from './thread-verbs.ts';
import type { CallOrder, FromThread, ToThread } from './thread-wire.ts';

export interface ThreadSideDeps {
  readonly Class: AgentClass;
  readonly role: string;
  /** Throws for what cannot be cloned. */
  readonly post: (message: FromThread) => void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class ThreadSide {
  readonly #deps: ThreadSideDeps;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #current: { readonly call: number; readonly end: AbortController } | undefined;

  constructor(deps: ThreadSideDeps) {
    this.#deps = deps;
  }

  onMessage(message: ToThread): void {
    switch (message.kind) {
      case 'call':
        return void this.#run(message);
      case 'abort':
        if (message.call === this.#current?.call) this.#current.end.abort(fromWire(message.reason));
        return;
      case 'answer':
        return this.#take(message.request)?.resolve(message.value);
      case 'refusal':
        return this.#take(message.request)?.reject(fromWire(message.error));
    }
  }

  #take(request: number): Waiting | undefined {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiting;
  }

  /** Z5. Never rejects. */
  async #run(order: CallOrder): Promise<void> {
    const { call, method } = order;
    const end = new AbortController();
    setMaxListeners(0, end.signal);
    this.#current = { call, end };
    try {
      const value = await this.#call(order, end.signal);
      if (isStream(value)) throw notInThread('a result that yields');
      this.#post({ kind: 'returned', call, value }, `the result of ${method}`);
    } catch (error) {
      this.#deps.post({ kind: 'threw', call, error: toWire(error) });
    }
  }

  async #call(order: CallOrder, signal: AbortSignal): Promise<unknown> {
    const { Class } = this.#deps;
    const agent = new Class();
    attachContext(agent, this.#contextFor(order, signal));
    const handler: unknown = Reflect.get(agent, order.method);
    if (typeof handler !== 'function') throw new InvariantError(`class ${Class.name} has no method ${order.method}`);
    return (await Reflect.apply(handler, agent, [this.#taskFor(order, signal)])) as unknown;
  }

  #taskFor({ call, task }: CallOrder, signal: AbortSignal): object {
    const refuse = (what: string): never => {
      throw notInThread(what);
    };
    const lock = task.lock && {
      ...task.lock,
      signal,
      guard: () => refuse('guard of the lock of its task'),
      release: () => refuse('release of the lock of its task'),
    };
    return {
      ...task,
      ...(lock && { lock }),
      signal,
      progress: (...args: unknown[]) => this.#use(call, 'progress', args),
      get fanOut(): never {
        return refuse('task.fanOut');
      },
    };
  }

  #contextFor({ call, agent }: CallOrder, signal: AbortSignal): AgentContext {
    const { role } = this.#deps;
    const available: Partial<AgentContext> = {
      ...verbsOf((verb, args) => this.#use(call, verb, args)),
      id: agent,
      role,
      signal,
      clock: systemClock,
      random: systemRandom,
      log: this.#logOf(call),
      busy: true,
      setStatus: (text) => this.#post({ kind: 'status', call, text }, 'the status'),
    };
    return new Proxy(available, {
      get(context, name) {
        if (!(name in context)) throw notInThread(`this.${String(name)}`);
        return Reflect.get(context, name) as unknown;
      },
    }) as AgentContext;
  }

  #logOf(call: number): AgentLog {
    const at = (level: LogLevel) => (message: string, data?: unknown) =>
      this.#post({ kind: 'log', call, level, message, data }, 'the data of a log line');
    return { info: at('info'), warn: at('warn'), error: at('error') };
  }

  #use(call: number, verb: ThreadVerb, args: readonly unknown[]): Promise<unknown> {
    const request = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#post({ kind: 'use', call, request, verb, args }, `what is given to ${verb}`);
      this.#waiting.set(request, { resolve, reject });
    });
  }

  /** Z6 */
  #post(message: FromThread, what: string): void {
    try {
      this.#deps.post(message);
    } catch (cause) {
      const got = cause instanceof Error ? cause.message : String(cause);
      throw new TerminalError(`expected ${what} to be plain data in a thread, got: ${got}`, { cause });
    }
  }
}
