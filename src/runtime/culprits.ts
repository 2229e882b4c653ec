/**
 * Whose code runs: what an agent leaves floating is laid at its door, and not at that of the whole process.
 *
 * The code of an agent, and whatever it begins (timers, promises, listeners), runs in the asynchronous context that is noted here. An
 * error that nobody handles surfaces in that context; whoever hears of it in the process (compose/stray-errors.ts) asks.
 *
 * U17  An error is its agent's failure only as long as the instance that began it is live; that of an earlier instance, or of a handler
 *     that was given up before a restart, is known to be the agent's and restarts nothing.
 * U18  In the course of a handler call it also ends that call, with the error as its reason: its task is charged as if the handler had
 *     thrown it. A call that has ended is not ended again.
 */
import { ContextSlot, type Held } from '../core/context-slot.ts';
import type { Cell } from './cell.ts';

interface FailingCall {
  /** Ends it with what its agent failed with. */
  fail(error: unknown): void;
}

/** Somebody whose error it may be: an agent, as it is now. */
class Instance {
  readonly cell: Cell;
  readonly #life: unknown;
  readonly #call: FailingCall | undefined;

  constructor(cell: Cell, call?: FailingCall) {
    this.cell = cell;
    this.#life = cell.life;
    this.#call = call;
  }

  /** U17, U18 */
  fail(error: unknown): void {
    this.#call?.fail(error);
    if (this.cell.life === this.#life) this.cell.fail(error);
  }
}

export class Culprits {
  readonly #culprits = new ContextSlot<Instance>();

  /** Runs code of the agent in `cell`, which fails with what it leaves floating (U17). */
  run<T>(cell: Cell, body: () => T): T {
    return this.#culprits.run(new Instance(cell), body);
  }

  /** The same for who runs the body in another slot, too: `call` is the handler call that it is part of (U18). */
  holding(cell: Cell, call: FailingCall): Held {
    return this.#culprits.holding(new Instance(cell, call));
  }

  /**
   * The agent in whose context this is called has failed with `error`. Its id; undefined when it is nobody's, or not that of `only`.
   */
  blame(error: unknown, only?: Cell): string | undefined {
    const culprit = this.#culprits.get();
    if (culprit === undefined || (only !== undefined && culprit.cell !== only)) return undefined;
    culprit.fail(error);
    return culprit.cell.id;
  }
}
