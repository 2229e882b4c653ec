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
import { ContextSlot } from '../core/context-slot.ts';
import type { Cell } from './cell.ts';

/** Somebody whose error it may be. */
interface Culprit {
  readonly cell: Cell;
  /** U17, U18 */
  fail(error: unknown): void;
}

export class Culprits {
  readonly #culprits = new ContextSlot<Culprit>();

  /**
   * Runs code of the agent in `cell`. `endCall` ends the handler call that it is part of (U18), `onFailure` hears what the agent failed
   * with (U17).
   */
  run<T>(
    cell: Cell,
    deps: { readonly endCall?: (error: unknown) => void; readonly onFailure: (error: unknown) => void },
    body: () => T,
  ): T {
    const { life } = cell; // of this instance
    const fail = (error: unknown): void => {
      deps.endCall?.(error);
      if (cell.life === life) deps.onFailure(error);
    };
    return this.#culprits.run({ cell, fail }, body);
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
