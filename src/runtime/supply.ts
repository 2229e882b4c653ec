/**
 * The tasks that a node has taken ahead of its handlers (pace.ts): whatever waits too long is given back, so that others can run it.
 *
 * Apart from intake, which only takes: how long a handler lets the tasks behind it wait is known when it has not ended.
 */
import type { Clock, Timer } from '../core/clock.ts';
import type { Cell } from './cell.ts';
import type { Work } from './work.ts';

export interface SupplyDeps {
  readonly clock: Clock;
  /** Those that tasks are taken for. */
  readonly cells: () => Iterable<Cell>;
  readonly giveBack: (work: Work & { readonly kind: 'task' }) => void;
}

const mostWaitMs = 1_000;

export class Supply {
  readonly #deps: SupplyDeps;
  #timer: Timer | undefined;
  #hasStopped = false;

  constructor(deps: SupplyDeps) {
    this.#deps = deps;
  }

  /** Some were taken ahead: looks after them until none waits. */
  watch(): void {
    if (this.#hasStopped) return; // what a claim on its way brings is given back at once
    this.#timer ??= this.#deps.clock.setTimer(mostWaitMs, () => this.#look());
  }

  stop(): void {
    this.#hasStopped = true;
    this.#timer?.cancel();
  }

  #look(): void {
    this.#timer = undefined;
    const { clock, cells, giveBack } = this.#deps;
    const since = clock.monotonic() - mostWaitMs;
    let isWaitedFor = false;
    for (const cell of cells()) {
      for (const work of cell.takeBack(since)) giveBack(work);
      isWaitedFor ||= cell.waiting > 0;
    }
    if (isWaitedFor) this.watch();
  }
}
