/**
 * The supervisor: brings cells up in order, restarts those that fail to start, takes them down in reverse. The only restarter.
 *
 * Y1  A cell is served (tasks, mail, broadcasts, timers) only while it is up, and its id is activated before its code runs.
 * Y2  A handler that throws is its task's affair. What `onStart` throws is the cell's failure: restarted with backoff, until the
 *     intensity is exceeded; then the failure goes to the node.
 * Y3  Going down: nothing new is taken in, and what waited is handed back at once; what runs is awaited until the grace is over, then
 *     aborted; `onStop` runs in reverse start order and within the second after the grace, also for a cell that was still starting; the ids are given back.
 * Y4  `onStart` has to end when the cell's signal aborts; one that does not is left to itself a second later.
 * Y5  A cell with too many zombies (cell.ts, X5) is restarted like one that failed to start: what it runs is told and awaited, what
 *     waited is handed back, its `onStop` runs; its id stays its own.
 * Y6  One cell can be taken down for good while the others go on: it is closed, awaited, aborted and given back like all of them under Y3.
 */
import { CancelledError, describeError } from '../core/errors.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import type { Activation } from './activation.ts';
import type { Cell } from './cell.ts';
import type { CellLife } from './cell-life.ts';
import type { LifecycleBook } from './lifecycle-book.ts';
import { decideRestart, defaultRestartPolicy } from './restart-policy.ts';

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly activation: Activation;
  readonly life: CellLife;
  readonly lifecycle: LifecycleBook;
  /** Y2: a cell fails again and again. */
  readonly onEscalate: (cell: Cell, error: unknown) => void;
}

export class Supervisor {
  readonly #deps: SupervisorDeps;
  /** In the order in which they came up. */
  readonly #up: Cell[] = [];
  readonly #history = new Map<Cell, readonly number[]>();
  /** Of cells that wait for their restart. */
  readonly #restarts = new Map<Cell, Timer>();
  readonly #starting = new Map<Cell, Promise<void>>();
  /** Y6: nothing brings them up again. */
  readonly #retired = new WeakSet<Cell>();
  #ending = false;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
  }

  /** Brings cells up in order: those whose ids are granted. */
  async start(cells: readonly Cell[]): Promise<void> {
    for (const cell of await this.#deps.activation.claim(cells)) await this.bringUp(cell);
  }

  /** Y1. Never rejects: a failure is a restart or an escalation. */
  async bringUp(cell: Cell): Promise<void> {
    if (this.#ending || this.#retired.has(cell)) return;
    this.#restarts.delete(cell);
    cell.state = 'starting';
    const started = this.#deps.life.run(cell).finally(() => this.#starting.delete(cell));
    this.#starting.set(cell, started);
    try {
      await started;
    } catch (error) {
      return this.#onFailure(cell, error);
    }
    this.#up.push(cell);
    if (!this.#ending && !this.#retired.has(cell)) this.#deps.life.serve(cell);
  }

  /** Y5. Never rejects. */
  async restart(cell: Cell): Promise<void> {
    if (cell.state !== 'up') return;
    const why = `${cell.zombies} of its handlers ignore that they were given up`;
    const { life } = this.#deps;
    await life.close(cell);
    cell.abort(new CancelledError('stopped', `the agent is restarted, because ${why}`));
    await cell.idle();
    if (this.#ending || this.#retired.has(cell)) return; // who ends it goes on from here
    this.#up.splice(this.#up.indexOf(cell), 1);
    await life.finish(cell);
    this.#onFailure(cell, new CancelledError('stopped', why));
  }

  /** Brings nothing up any more; what is starting is told to end. */
  cease(): void {
    this.#ending = true;
    for (const timer of this.#restarts.values()) timer.cancel();
    for (const cell of this.#starting.keys()) cell.abort(new CancelledError('stopped', 'the node is stopping'));
  }

  /** Y3. `graceMs` for handlers to end by themselves. */
  async stop(graceMs: number): Promise<void> {
    this.cease();
    const { activation, life } = this.#deps;
    life.leaveWithin(graceMs);
    const settled = [...this.#starting.values()].map((starting) => starting.catch(() => undefined)); // whoever began it hears of it
    const closed = this.#up.map((cell) => life.close(cell));
    const why = new CancelledError('drain', 'the node is draining and the grace is over');
    await Promise.all([activation.cease(), ...settled, ...closed, life.awaitIdle(this.#up, graceMs, why)]);
    for (const cell of [...this.#up].reverse()) await life.end(cell, 'stopped');
  }

  /** Y6. `graceMs` for its handlers to end by themselves. Never rejects. */
  async retire(cell: Cell, graceMs: number, reason: string): Promise<void> {
    const { activation, life, lifecycle } = this.#deps;
    const why = new CancelledError('stopped', reason);
    this.#retired.add(cell);
    this.#restarts.get(cell)?.cancel();
    this.#restarts.delete(cell);
    if (this.#starting.has(cell)) cell.abort(why);
    await this.#starting.get(cell)?.catch(() => undefined); // whoever began it hears of it
    const at = this.#up.indexOf(cell);
    if (at < 0) {
      await activation.giveBack(cell).catch(() => undefined); // the presence lease frees it
      return lifecycle.down(cell, reason);
    }
    await Promise.all([life.close(cell), life.awaitIdle([cell], graceMs, why)]);
    if (this.#ending) return; // who ends all of them goes on from here
    this.#up.splice(this.#up.indexOf(cell), 1);
    await life.end(cell, reason);
  }

  /** The node has lost its right to run anything: every handler is told at once. */
  abort(reason: Error): void {
    this.#ending = true;
    for (const timer of this.#restarts.values()) timer.cancel();
    for (const cell of this.#starting.keys()) cell.abort(reason);
    this.#deps.life.cut(this.#up, reason);
  }

  /** Y2 */
  #onFailure(cell: Cell, error: unknown): void {
    cell.abort(error instanceof Error ? error : new CancelledError('stopped', 'the agent failed to start')); // what it began ends, too
    if (this.#ending || this.#retired.has(cell)) {
      cell.state = 'down';
      return;
    }
    const { clock, random, observer, lifecycle, onEscalate } = this.#deps;
    const history = this.#history.get(cell) ?? [];
    const decision = decideRestart(defaultRestartPolicy, history, clock.monotonic(), random, `restart:${cell.id}`);
    if (decision.kind === 'escalate') {
      cell.state = 'down';
      const reason = 'it failed to start again and again';
      lifecycle.down(cell, reason);
      observe(observer, 'agent.down', { agent: cell.id, reason });
      return onEscalate(cell, error);
    }
    this.#history.set(cell, decision.history);
    cell.state = 'restarting';
    cell.restarts++;
    cell.restartReasons = [...cell.restartReasons, { at: clock.now(), reason: describeError(error).message }].slice(-5);
    observe(observer, 'agent.restarting', { agent: cell.id, afterMs: decision.afterMs, error: describeError(error) });
    this.#restarts.set(
      cell,
      clock.setTimer(decision.afterMs, () => void this.bringUp(cell)),
    );
  }
}
