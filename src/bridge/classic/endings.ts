/**
 * Ends of taken tasks on their way out: those of a moment in one call, each until it is told.
 *
 * E1  What has an outcome is kept here until the broker says that it is ended, or was ended before: a broker that is away, and a key of the
 *     wrong type, hold it up and lose nothing. Nothing is lost either when this process ends: whoever is the bridge next finds task and
 *     outcome where they were.
 */
import type { ForeignPort, TaskEnd } from '../../broker/foreign.ts';
import { type Clock, sleep } from '../../core/clock.ts';
import { describeError, OwnershipError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { observe, type Observer } from '../../core/observer.ts';

export interface EndingsDeps {
  readonly foreign: Pick<ForeignPort, 'end'>;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly node: string;
  readonly signal: AbortSignal;
  /** One has ended. */
  readonly onEnded: (id: string) => void;
  /** A key of the other protocol has a type that takes no ends. */
  readonly onHeld: () => void;
  /** This node is not the bridge any more. */
  readonly onLost: (error: OwnershipError) => void;
}

const againMs = 500;

export class Endings {
  readonly #deps: EndingsDeps;
  #waiting: TaskEnd[] = [];
  #running = false;

  constructor(deps: EndingsDeps) {
    this.#deps = deps;
  }

  add(end: TaskEnd): void {
    this.#waiting.push(end);
    if (this.#running) return;
    this.#running = true;
    this.#deps.clock.endOfTick(() => void this.#run());
  }

  async #run(): Promise<void> {
    const { clock, signal } = this.#deps;
    while (this.#waiting.length > 0 && !signal.aborted) {
      const held = await this.#tell(this.#waiting.splice(0, limits.frameOps));
      this.#waiting.push(...held);
      if (held.length > 0) await sleep(clock, againMs, signal).catch(() => undefined); // stopping ends the wait
    }
    this.#running = false;
  }

  /** Those that are to be told again. */
  async #tell(ends: readonly TaskEnd[]): Promise<readonly TaskEnd[]> {
    const { foreign, node, observer, onEnded, onHeld, onLost, signal } = this.#deps;
    try {
      const replies = await foreign.end({ node, ends });
      if (replies.includes('held')) onHeld();
      return ends.filter(({ id }, index) => {
        if (replies[index] === 'held') return true;
        onEnded(id);
        return false;
      });
    } catch (error) {
      if (error instanceof OwnershipError) onLost(error);
      else if (!signal.aborted)
        observe(observer, 'broker.trouble', { what: 'ending classic tasks', error: describeError(error) });
      return ends;
    }
  }
}
