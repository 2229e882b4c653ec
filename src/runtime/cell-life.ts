/**
 * How one cell goes up and down: its start, its connections, its handlers' end, its `onStop`, its id.
 *
 * Mechanics only. When that happens, and what follows from a failure, is decided in supervisor.ts, whose invariants (Y) it keeps.
 */
import type { Clock, Timer } from '../core/clock.ts';
import { sleep } from '../core/clock.ts';
import { abortReason, CancelledError, describeError } from '../core/errors.ts';
import type { AbortListener } from '../core/lazy-abort.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Activation } from './activation.ts';
import type { Cell } from './cell.ts';
import type { LifecycleBook } from './lifecycle-book.ts';
import { startTimers } from './timers.ts';
import type { Work } from './work.ts';

/** What a cell that is up is connected to. */
export interface Services {
  serve(cell: Cell): void;
  leave(cell: Cell): void;
  /** No handler of the cell runs any more, and its id is still its own. Never rejects. */
  end?(cell: Cell): Promise<void>;
}

export interface CellLifeDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly activation: Activation;
  readonly lifecycle: LifecycleBook;
  readonly services: readonly Services[];
  /** Hands back work that a closed cell did not start. */
  readonly handBack: (cell: Cell, work: Work) => Promise<void>;
}

/** The longest an agent's `onStop` may hold up the others. */
const stopLimitMs = 5_000;
/** After the grace of the node, when every `onStop` has to have ended: what is left of the second is for leaving. */
const stopsEndMs = 900;
/** Y4 */
const startAbortGraceMs = 1_000;

export class CellLife {
  readonly #deps: CellLifeDeps;
  readonly #timers = new Map<Cell, Timer>();
  /** The node has no right to anything any more; there is nothing to give back. */
  #fenced = false;
  /** Monotonic time after which no `onStop` is waited for any more. */
  #stopsUntil = Infinity;

  constructor(deps: CellLifeDeps) {
    this.#deps = deps;
  }

  /** Makes the instance and runs its `onStart`. Rejects with what that throws, or when the cell's signal has aborted (Y4). */
  async run(cell: Cell): Promise<void> {
    const { clock, lifecycle } = this.#deps;
    lifecycle.starting(cell);
    const starting = cell.start();
    if (cell.spec.table.start.length === 0) return starting; // nothing that may not end
    const { life } = cell; // of this start
    await new Promise<void>((resolve, reject) => {
      let grace: Timer | undefined;
      const onAbort = (): void => {
        grace = clock.setTimer(startAbortGraceMs, () => reject(abortReason(life)));
      };
      const ear: AbortListener = { onAbort };
      if (life.aborted) onAbort();
      else life.listen(ear);
      const end = (): void => {
        grace?.cancel();
        life.unlisten(ear);
      };
      starting.finally(end).then(resolve, reject);
    });
  }

  /** Connects a cell that has started. */
  serve(cell: Cell): void {
    cell.state = 'up';
    cell.open();
    for (const service of this.#deps.services) service.serve(cell);
    const timers = startTimers(this.#deps.clock, cell);
    if (timers !== undefined) this.#timers.set(cell, timers);
    const { role, tasks, messages, broadcasts } = cell.spec.table;
    const handles = [...tasks.keys(), ...messages.keys(), ...broadcasts.map((handler) => handler.pattern)].join(', ');
    this.#deps.lifecycle.up(cell);
    observe(this.#deps.observer, 'agent.up', { agent: cell.id, role, handles });
  }

  /** Takes nothing in any more and hands back what waited. */
  async close(cell: Cell): Promise<void> {
    if (cell.state === 'down') return;
    cell.state = 'stopping';
    this.#disconnect(cell);
    await Promise.all(cell.close().map((work) => this.#deps.handBack(cell, work)));
  }

  /** Resolves when no handler of the cells runs any more; they are aborted when the grace is over. */
  async awaitIdle(cells: readonly Cell[], graceMs: number, why: CancelledError): Promise<void> {
    const grace = this.#deps.clock.setTimer(graceMs, () => {
      for (const cell of cells) cell.abort(why);
    });
    await Promise.all(cells.map((cell) => cell.idle()));
    grace.cancel();
  }

  /** The node leaves: from now on every `onStop` has to end within the second after the grace, too. */
  leaveWithin(graceMs: number): void {
    this.#stopsUntil = this.#deps.clock.monotonic() + graceMs + stopsEndMs;
  }

  /** Runs the `onStop` of a cell whose handlers have ended, and its connections' last words. Its id stays its own. */
  async finish(cell: Cell): Promise<void> {
    await this.#runStops(cell);
    cell.abort(new CancelledError('stopped', 'the agent has stopped'));
    await this.#endServices(cell);
  }

  /** The end of a cell that has finished: its id is given back, and that is told. Never rejects. */
  async free(cell: Cell, reason: string): Promise<void> {
    const { observer, activation, lifecycle } = this.#deps;
    const told = cell.state === 'down';
    cell.state = 'down';
    if (!this.#fenced)
      await activation
        .giveBack(cell)
        .catch((error: unknown) =>
          this.#report(cell, 'its id could not be given back; the presence lease frees it', error),
        );
    if (told) return;
    lifecycle.down(cell, reason);
    observe(observer, 'agent.down', { agent: cell.id, reason });
  }

  /** The node may run nothing any more: the cells are cut off at once, and nothing is given back. */
  cut(cells: readonly Cell[], reason: Error): void {
    this.#fenced = true;
    for (const cell of cells) {
      this.#disconnect(cell);
      for (const work of cell.close()) if (work.kind === 'task') work.lease.letGo();
      cell.abort(reason);
      cell.state = 'down';
      observe(this.#deps.observer, 'agent.down', { agent: cell.id, reason: reason.message });
    }
  }

  #disconnect(cell: Cell): void {
    this.#timers.get(cell)?.cancel();
    this.#timers.delete(cell);
    for (const service of this.#deps.services) service.leave(cell);
  }

  async #endServices(cell: Cell): Promise<void> {
    if (!this.#fenced) for (const service of this.#deps.services) await service.end?.(cell);
  }

  #report(cell: Cell, what: string, error: unknown): void {
    const message = `${what}: ${describeError(error).message}`;
    observe(this.#deps.observer, 'log', { agent: cell.id, level: 'error', message });
  }

  async #runStops(cell: Cell): Promise<void> {
    const { clock } = this.#deps;
    for (const method of cell.spec.table.stop) {
      const limit = new AbortController();
      const leftMs = Math.max(0, Math.min(stopLimitMs, this.#stopsUntil - clock.monotonic()));
      const late = sleep(clock, leftMs, limit.signal).then(() =>
        Promise.reject(new CancelledError('timeout', `it ran longer than ${Math.round(leftMs)} ms`)),
      );
      late.catch(() => undefined); // it only races
      await Promise.race([cell.stop(method), late]).catch((error: unknown) =>
        this.#report(cell, `${method} failed while stopping`, error),
      );
      limit.abort();
    }
  }
}
