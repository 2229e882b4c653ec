/**
 * Which cells are to be started, in which order, and when: a newer plan takes a cell out of the older one.
 *
 * Apart from the supervisor, which makes plans, because what is due can change while a plan is being carried out.
 */
import type { Clock, Timer } from '../core/clock.ts';
import type { Cell } from './cell.ts';

interface Plan {
  readonly cells: readonly Cell[];
}

export class RestartPlans {
  readonly #clock: Clock;
  readonly #bringUp: (cell: Cell) => Promise<void>;
  readonly #due = new Map<Cell, Plan>();
  readonly #timers = new Map<Plan, Timer>();

  /** `bringUp` never rejects. */
  constructor(clock: Clock, bringUp: (cell: Cell) => Promise<void>) {
    this.#clock = clock;
    this.#bringUp = bringUp;
  }

  /** Starts the cells one after the other. Resolves when that is done. */
  now(cells: readonly Cell[]): Promise<void> {
    return this.#carryOut(this.#plan(cells));
  }

  /** The same after a pause. */
  after(delayMs: number, cells: readonly Cell[]): void {
    const plan = this.#plan(cells);
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#timers.delete(plan);
      void this.#carryOut(plan);
    });
    this.#timers.set(plan, timer);
  }

  has(cell: Cell): boolean {
    return this.#due.has(cell);
  }

  /** The cell is not to be started any more. */
  drop(cell: Cell): void {
    const plan = this.#due.get(cell);
    this.#due.delete(cell);
    if (plan === undefined || plan.cells.some((other) => this.#due.get(other) === plan)) return;
    this.#timers.get(plan)?.cancel();
    this.#timers.delete(plan);
  }

  clear(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#due.clear();
  }

  #plan(cells: readonly Cell[]): Plan {
    const plan = { cells };
    for (const cell of cells) {
      this.drop(cell);
      this.#due.set(cell, plan);
    }
    return plan;
  }

  async #carryOut(plan: Plan): Promise<void> {
    for (const cell of plan.cells) {
      if (this.#due.get(cell) !== plan) continue;
      this.#due.delete(cell);
      await this.#bringUp(cell);
    }
  }
}
