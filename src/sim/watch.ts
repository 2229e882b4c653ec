/**
 * What is checked while a simulation runs: the bounds that always hold, and what the user says must hold after every step.
 *
 * The first violation is kept, since what follows it is mostly its consequence.
 */
import { SimulationError } from './simulation-error.ts';
import { brokenNow } from './invariants.ts';
import type { Violation } from './ledger.ts';
import type { World } from './world.ts';

/** The bounds look at everything there is, so not after each step. */
const boundsEvery = 64;

type Check = () => boolean | undefined;

export class Watch {
  readonly #checks = new Map<string, Check>();
  readonly #broken: Violation[] = [];
  #untilBounds = boundsEvery;

  get broken(): readonly Violation[] {
    return this.#broken;
  }

  /** `check` returns false, or throws, when `what` does not hold. */
  add(what: string, check: Check): void {
    this.#checks.set(what, check);
  }

  /** What others found. */
  note(violation: Violation): void {
    this.#broken.push(violation);
  }

  afterStep(world: World): void {
    if (this.#broken.length > 0) return;
    for (const [what, check] of this.#checks) this.#look(what, check);
    if (--this.#untilBounds > 0) return;
    this.#untilBounds = boundsEvery;
    this.#broken.push(...brokenNow(world));
  }

  #look(what: string, check: Check): void {
    try {
      if (check() === false) this.#broken.push({ invariant: what, what: 'it does not hold' });
    } catch (error) {
      this.#broken.push({ invariant: what, what: String(error) });
    }
  }
}

const mostTold = 20;

/** Tells what is on the list of violations, too. */
export class BrokenError extends SimulationError {}

/** `drawn`: the file that holds its picture. */
export function brokenError(violations: readonly Violation[], drawn?: string): BrokenError {
  const lines = violations.slice(0, mostTold).map(({ invariant, what }) => `- ${invariant}: ${what}`);
  const more = violations.length > mostTold ? [`and ${violations.length - mostTold} more`] : [];
  const picture = drawn === undefined ? [] : [`It is drawn in ${drawn}.`];
  return new BrokenError(`expected every invariant to hold, got:\n${[...lines, ...more, ...picture].join('\n')}`);
}
