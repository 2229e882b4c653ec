/**
 * Handlers in threads, as the runtime sees them: a port, because only composition roots start threads.
 *
 * Where a root hands in none (simulation), every handler runs in place, in the agent itself.
 */
import type { Task } from '../agent/envelopes.ts';
import type { ThreadPlace } from '../agent/threads.ts';
import type { LogLevel } from '../core/observer.ts';

/** What a handler in a thread has of its task: plain data. */
export type ThreadTask = Omit<Task, 'signal' | 'progress' | 'fanOut' | 'lock'> & {
  readonly lock?: { readonly name: string; readonly token: number };
};

/** What a handler in a thread may use of the fleet; `progress` is that of its task. */
export const threadVerbs = ['enqueue', 'run', 'send', 'ask', 'broadcast', 'progress'] as const;
export type ThreadVerb = (typeof threadVerbs)[number];

/** The process, as seen from its thread. */
export interface ThreadHost {
  /** Uses a verb in the name of the agent and in the course of its call. Takes and gives plain data. */
  use(verb: ThreadVerb, args: readonly unknown[]): Promise<unknown>;
  log(level: LogLevel, message: string, data: unknown): void;
  setStatus(text: string | undefined): void;
}

export interface ThreadCall {
  readonly place: ThreadPlace;
  /** Id of the agent in whose name it runs. */
  readonly agent: string;
  readonly method: string;
  readonly task: ThreadTask;
  /** Of the call; the thread is told when it aborts. */
  readonly signal: AbortSignal;
  readonly host: ThreadHost;
}

export interface ThreadRun {
  /**
   * What the handler returns or throws, once it has. After `terminate` it rejects, when nothing of it runs any more.
   *
   * @throws TerminalError when no thread can load the class.
   */
  readonly result: Promise<unknown>;
  /** Ends the thread, whatever its handler is doing. */
  terminate(): void;
}

export interface ThreadRunner {
  /** Makes sure that threads can load these classes. Rejects with `ConfigError` listing those that they cannot. */
  prepare(places: readonly ThreadPlace[]): Promise<void>;
  /** Runs one handler on an instance of its own. */
  run(call: ThreadCall): ThreadRun;
}
