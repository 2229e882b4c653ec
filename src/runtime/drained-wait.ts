/**
 * The one blocking read of a node, on all of its queues that have nothing to give and cells that could take something (intake.ts, I2).
 *
 * It goes on as long as there are such queues; when one joins them, it is begun anew.
 */
import type { ClaimedTask, TaskPort } from '../broker/tasks.ts';
import { countFor } from './intake-queue.ts';

export interface DrainedWaitDeps {
  readonly tasks: TaskPort;
  readonly node: string;
  readonly timeoutMs: number;
  /** The queues to wait on, and for how many tasks the one with the least room has free cells. */
  readonly hungry: () => { readonly queues: readonly string[]; readonly free: number };
  /** Counts a read as away until it settles. */
  readonly watched: (read: () => Promise<readonly ClaimedTask[]>) => Promise<readonly ClaimedTask[]>;
  /** What one brought that was asked for `count` tasks of each priority. */
  readonly onBrought: (claimed: readonly ClaimedTask[], count: number) => void;
  /** One has failed: resolves to whether another one may do better, when it is time for it. */
  readonly onFailed: (error: unknown) => Promise<boolean>;
}

export class DrainedWait {
  readonly #deps: DrainedWaitDeps;
  #current: ReadonlySet<string> | undefined;
  #stop = new AbortController();
  #isRunning = false;

  constructor(deps: DrainedWaitDeps) {
    this.#deps = deps;
  }

  /** Sees to it that every hungry queue is waited on. What goes on until none is, when it was begun with this. */
  begin(): Promise<void> | undefined {
    const { queues } = this.#deps.hungry();
    if (queues.length === 0) return undefined;
    if (this.#isRunning) {
      if (queues.some((name) => !this.#current?.has(name))) this.renew();
      return undefined;
    }
    this.#isRunning = true;
    return this.#run();
  }

  /** Ends the read that is on its way: what it waits for has changed. */
  renew(): void {
    if (this.#current !== undefined) this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { tasks, node, timeoutMs, hungry, watched, onBrought, onFailed } = this.#deps;
    for (let { queues, free } = hungry(); queues.length > 0; { queues, free } = hungry()) {
      this.#stop = new AbortController();
      this.#current = new Set(queues);
      try {
        const count = countFor(free);
        const request = { queues, node, count, timeoutMs, signal: this.#stop.signal };
        onBrought(await watched(() => tasks.wait(request)), count);
      } catch (error) {
        if (!(await onFailed(error))) break;
      }
    }
    this.#current = undefined;
    this.#isRunning = false;
  }
}
