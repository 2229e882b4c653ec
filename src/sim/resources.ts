/**
 * What code of agents starts behind the traps: sockets, files, look-ups of names, child processes, threads, and timers that were taken
 * from the machine before the simulation began. Node tells of each by `async_hooks`, in the moment in which it is made.
 *
 * R1  Only what is made while a step of a process runs counts. What Node makes to load code and to print does not.
 * R2  Nothing can be refused from here: a hook that throws ends the process. What is found is told to whoever keeps the list.
 */
import { type AsyncHook, asyncWrapProviders, createHook } from 'node:async_hooks';
import { callSite } from './call-site.ts';
import type { Leak } from './globals.ts';

/** In words, by the beginning of the name that Node has for it. */
const words: readonly (readonly [RegExp, string])[] = [
  [/^(?:FS|FILE|DIR|STAT)/, 'a file'],
  [/^(?:TCP|TLS|PIPE|UDP|HTTP|JSSTREAM|SHUTDOWN|WRITE)/, 'a socket'],
  [/^(?:GETADDR|GETNAME|QUERY|DNS)/, 'a look-up of a name'],
  [/^PROCESS/, 'a child process'],
  [/^WORKER/, 'a thread'],
  [/^(?:Timeout|Immediate)$/, 'a timer of the machine'],
];

export interface ResourcesDeps {
  /** R1 */
  readonly isAgent: () => boolean;
  /** R2 */
  readonly onFound: (leak: Leak) => void;
}

export class Resources {
  readonly #deps: ResourcesDeps;
  readonly #hook: AsyncHook;
  #isLooking = false;

  constructor(deps: ResourcesDeps) {
    this.#deps = deps;
    const init = (_id: number, type: string): void => this.#made(type);
    const hooks = { init, trackPromises: false }; // which Node knows from 24 on
    this.#hook = createHook(hooks);
  }

  start(): void {
    structuredClone(0); // makes a port when it is used first, and keeps it
    this.#hook.enable();
  }

  stop(): void {
    this.#hook.disable();
  }

  #made(type: string): void {
    if (type === 'PROMISE' || this.#isLooking) return; // by far the most
    if (!this.#deps.isAgent() || !isOfTheMachine(type)) return;
    this.#isLooking = true;
    const where = callSite();
    this.#isLooking = false;
    if (where !== undefined) this.#deps.onFound({ what: `${wordsFor(type)} (${type})`, where });
  }
}

function isOfTheMachine(type: string): boolean {
  return type === 'Timeout' || type === 'Immediate' || Object.hasOwn(providers, type);
}

function wordsFor(type: string): string {
  return words.find(([pattern]) => pattern.test(type))?.[1] ?? 'work outside of virtual time';
}

/** A map by what its types say, and an object all the same. */
const providers: object = asyncWrapProviders;
