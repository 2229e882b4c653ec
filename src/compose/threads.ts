/**
 * The threads of a process in which handlers run: started when they are needed, kept for the next call, ended with the process's part
 * in the fleet.
 *
 * Z9  A thread belongs to one class (and one limit of memory) and runs one call at a time; as many are kept idle as the machine can
 *     run side by side.
 * Z10  What a thread does between calls (a timer left behind, say) can end that thread, and is told; it can end nothing else.
 */
import { availableParallelism } from 'node:os';
import { workerData } from 'node:worker_threads';
import type { ThreadPlace } from '../agent/threads.ts';
import { ConfigError, TerminalError } from '../core/errors.ts';
import { type Clock, settlesWithin } from '../core/clock.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { ThreadCall, ThreadRun, ThreadRunner } from '../runtime/thread-runner.ts';
import { HandlerThread } from './handler-thread.ts';
import type { ThreadData } from './thread-wire.ts';

const mostIdle = availableParallelism();
/** How long the end of the process's part in the fleet waits for threads that are in native code. */
const closeMs = 500;

export interface ThreadsDeps {
  readonly clock: Clock;
  readonly observer: Observer;
}

export class Threads implements ThreadRunner {
  readonly #deps: ThreadsDeps;
  readonly #all = new Set<HandlerThread>();
  /** By the class they belong to. */
  readonly #idle = new Map<string, HandlerThread[]>();
  readonly #prepared = new Set<string>();
  #closed = false;

  constructor(deps: ThreadsDeps) {
    this.#deps = deps;
  }

  /** The threads that show it are the first idle ones. */
  async prepare(places: readonly ThreadPlace[]): Promise<void> {
    const missing = new Map(places.map((place) => [keyOf(place), place]));
    for (const key of this.#prepared) missing.delete(key);
    const tried = await Promise.all([...missing].map((entry) => this.#tryOut(...entry)));
    const problems = tried.flatMap((problem) => problem ?? []);
    if (problems.length > 0) throw new ConfigError(problems);
  }

  run(call: ThreadCall): ThreadRun {
    const key = keyOf(call.place);
    const thread = this.#idle.get(key)?.pop() ?? this.#start(key, call.place);
    const result = thread.run(call).finally(() => this.#giveBack(key, thread));
    return { result, terminate: () => void thread.terminate() };
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    this.#closed = true;
    const ends = [...this.#all].map((thread) => thread.terminate());
    await settlesWithin(this.#deps.clock, closeMs, Promise.all(ends));
  }

  async #tryOut(key: string, place: ThreadPlace): Promise<string | undefined> {
    const thread = this.#start(key, place);
    try {
      await thread.ready;
    } catch (error) {
      await thread.terminate();
      const { message } = error as Error;
      return error instanceof TerminalError ? message : `expected a thread to load ${place.module}, got: ${message}`;
    }
    this.#prepared.add(key);
    this.#giveBack(key, thread);
    return undefined;
  }

  #start(key: string, place: ThreadPlace): HandlerThread {
    const thread = new HandlerThread(place);
    this.#all.add(thread);
    void thread.gone.then((why) => this.#onGone(key, thread, place, why));
    return thread;
  }

  #giveBack(key: string, thread: HandlerThread): void {
    const idle = this.#idle.get(key) ?? [];
    if (this.#closed || !thread.isUp || idle.length >= mostIdle) return void thread.terminate();
    this.#idle.set(key, [...idle, thread]);
  }

  /** Z10 */
  #onGone(key: string, thread: HandlerThread, { role }: ThreadPlace, why: Error | undefined): void {
    this.#all.delete(thread);
    const idle = this.#idle.get(key) ?? [];
    const left = idle.filter((one) => one !== thread);
    this.#idle.set(key, left);
    if (why === undefined || left.length === idle.length) return; // whoever called it hears of it
    observe(this.#deps.observer, 'log', {
      agent: role,
      level: 'error',
      message: `a thread ended between two calls: ${why.message}`,
    });
  }
}

function keyOf({ module, role, memoryMb }: ThreadPlace): string {
  return JSON.stringify([module, role, memoryMb]);
}

/** A module that starts a fleet when it is loaded would start one in every thread that loads it. */
export function refuseInThread(): void {
  if ((workerData as Partial<ThreadData> | null)?.agentRuntimeThread === true)
    throw new ConfigError([
      'expected a module whose class runs in threads not to start a fleet when it is loaded, got: startFleet()\n' +
        'Move the class to a file of its own.',
    ]);
}
