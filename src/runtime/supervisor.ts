/**
 * The supervisor: brings cells up in order, restarts those that fail, takes them down in reverse. The only restarter.
 *
 * Y1  A cell is served (tasks, mail, broadcasts, timers) only while it is up, and its id is activated before its code runs.
 * Y2  A handler that throws is its task's affair. The cell fails by what `onStart` throws, by an error of its agent that nobody
 *     handles (culprits.ts), and by `escalate`. What follows is decided by the rules of supervision-tree.ts (U); what the outermost
 *     group gives up goes to whoever made the supervisor.
 * Y3  Going down: nothing new is taken in, and what waited is handed back at once; what runs is awaited until the grace is over, then
 *     aborted; `onStop` runs in reverse start order and within the second after the grace, also for a cell that was still starting; the ids
 *     are given back.
 * Y4  `onStart` has to end when the cell's signal aborts; one that does not is left to itself a second later.
 * Y5  A cell that fails while it is up, or has too many zombies (cell.ts, X5), is down before it is decided on: what it runs is
 *     aborted at once and awaited, what waited is handed back, its `onStop` runs; its id stays its own. So it is with whoever is taken
 *     along. One that ends itself (`stop`) goes down the same way, but what it runs has the grace of a drain.
 * Y6  One cell can be taken down for good while the others go on: it is closed, awaited, aborted and given back like all of them under Y3.
 * Y7  Decisions on one outermost group are made one after the other (branch.ts), and a newer plan takes a cell out of the older one
 *     (restart-plans.ts). A cell that stands by is neither taken down nor started: it comes up when its id is granted. One that was
 *     still to be started for the first time is started with whoever failed before it.
 * Y8  A cell that is not started again keeps its id until the node ends, or somebody retires it: no other node starts it meanwhile, and a
 *     group that is started whole has it.
 */
import type { Clock } from '../core/clock.ts';
import { CancelledError, describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import type { Activation } from './activation.ts';
import { type Branch, Branches } from './branch.ts';
import type { Cell } from './cell.ts';
import type { CellLife } from './cell-life.ts';
import type { LifecycleBook } from './lifecycle-book.ts';
import { RestartPlans } from './restart-plans.ts';
import type { Group } from './supervision-tree.ts';

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly activation: Activation;
  readonly life: CellLife;
  readonly lifecycle: LifecycleBook;
  /** Of a drain. */
  readonly graceMs: number;
  /** Y2: the node cannot go on. */
  readonly onEscalate: (cell: Cell, error: unknown, group: Group) => void;
}

/** How an agent ended. */
type End = { readonly kind: 'normal' } | { readonly kind: 'failed'; readonly error: unknown };

export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #branches = new Branches();
  readonly #plans: RestartPlans;
  /** In the order in which they came up. */
  readonly #up: Cell[] = [];
  readonly #starting = new Map<Cell, Promise<void>>();
  /** Y5: on their way down, to be decided on or with whoever was. */
  readonly #leaving = new Map<Cell, Promise<void>>();
  /** Y7: ends that are still to be decided on. */
  readonly #ends = new Map<Cell, End>();
  /** Cells whose start is not wanted any more. */
  readonly #withdrawn = new Set<Cell>();
  /** Y6: nothing brings them up again. */
  readonly #retired = new WeakSet<Cell>();
  #ending = false;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    this.#plans = new RestartPlans(deps.clock, (cell) => this.bringUp(cell));
  }

  /** Brings cells up in order: those whose ids are granted. */
  async start(cells: readonly Cell[]): Promise<void> {
    for (const cell of cells) this.#branches.expect(cell);
    await this.#plans.now(await this.#deps.activation.claim(cells));
  }

  /** Y1. Never rejects: a failure is a restart or an escalation. */
  async bringUp(cell: Cell): Promise<void> {
    if (this.#isOver(cell) || this.#starting.has(cell) || this.#leaving.has(cell) || this.#up.includes(cell)) return;
    this.#plans.drop(cell);
    cell.state = 'starting';
    const started = this.#deps.life.run(cell).finally(() => this.#starting.delete(cell));
    this.#starting.set(cell, started);
    try {
      await started;
    } catch (error) {
      cell.abort(error instanceof Error ? error : new CancelledError('stopped', 'the agent failed to start')); // what it began ends, too
      if (!this.#isOver(cell) && !this.#withdrawn.has(cell)) return this.#decideOn(cell, { kind: 'failed', error });
      cell.state = 'down';
      return;
    }
    this.#up.push(cell);
    if (this.#isOver(cell) || this.#withdrawn.has(cell)) return;
    const end = this.#ends.get(cell); // it came while it started
    if (end === undefined) this.#deps.life.serve(cell);
    else await this.#endOf(cell, end);
  }

  /** Y2, Y5: the agent has failed. Never rejects. */
  async fail(cell: Cell, error: unknown): Promise<void> {
    await this.#onEnd(cell, { kind: 'failed', error });
  }

  /** Y5: the agent has done its work. Never rejects. */
  async finish(cell: Cell): Promise<void> {
    await this.#onEnd(cell, { kind: 'normal' });
  }

  /** Brings nothing up any more; what is starting is told to end. */
  cease(): void {
    this.#ending = true;
    this.#plans.clear();
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
    await Promise.all(this.#leaving.values());
    const freed: Promise<void>[] = [];
    for (const cell of [...this.#up].reverse()) {
      await life.finish(cell);
      freed.push(life.free(cell, 'stopped')); // the next one need not wait until the broker has the id
    }
    await Promise.all(freed);
    await Promise.all(activation.held.map((cell) => life.free(cell, 'stopped'))); // those that were not up
  }

  /** Y6. `graceMs` for its handlers to end by themselves. Never rejects. */
  async retire(cell: Cell, graceMs: number, reason: string): Promise<void> {
    const { activation, life, lifecycle } = this.#deps;
    const why = new CancelledError('stopped', reason);
    this.#retired.add(cell);
    this.#plans.drop(cell);
    this.#ends.delete(cell);
    if (this.#starting.has(cell)) cell.abort(why);
    await this.#starting.get(cell)?.catch(() => undefined); // whoever began it hears of it
    await this.#leaving.get(cell);
    if (!this.#up.includes(cell)) {
      if (cell.state !== 'down' && cell.state !== 'standby') this.#tellDown(cell, reason);
      cell.state = 'down';
      await activation.giveBack(cell).catch(() => undefined); // the presence lease frees it
      return lifecycle.down(cell, reason); // unless that was told
    }
    await Promise.all([life.close(cell), life.awaitIdle([cell], graceMs, why)]);
    if (this.#ending) return; // who ends all of them goes on from here
    this.#up.splice(this.#up.indexOf(cell), 1);
    await life.finish(cell);
    await life.free(cell, reason);
  }

  /** The node has lost its right to run anything: every handler is told at once. */
  abort(reason: Error): void {
    this.#ending = true;
    this.#plans.clear();
    for (const cell of this.#starting.keys()) cell.abort(reason);
    this.#deps.life.cut(this.#up, reason);
  }

  #isOver(cell: Cell): boolean {
    return this.#ending || this.#retired.has(cell);
  }

  async #onEnd(cell: Cell, end: End): Promise<void> {
    if (this.#isOver(cell) || this.#ends.has(cell)) return;
    if (cell.state === 'starting') {
      this.#ends.set(cell, end); // its start goes on from here
      if (end.kind === 'failed') cell.abort(asError(end.error));
    } else if (cell.state === 'up') await this.#endOf(cell, end);
  }

  /** Y5 */
  async #endOf(cell: Cell, end: End): Promise<void> {
    this.#ends.set(cell, end);
    const why = end.kind === 'normal' ? 'the agent has ended' : `the agent has failed: ${reasonOf(end)}`;
    await this.#leave(cell, why, end.kind === 'normal' ? this.#deps.graceMs : 0);
    if (this.#ends.get(cell) === end) await this.#decideOn(cell, end);
  }

  #leave(cell: Cell, why: string, graceMs: number): Promise<void> {
    const leaving = this.#takeDown(cell, new CancelledError('stopped', why), graceMs);
    const left = leaving.finally(() => this.#leaving.delete(cell));
    this.#leaving.set(cell, left);
    return left;
  }

  async #takeDown(cell: Cell, why: CancelledError, graceMs: number): Promise<void> {
    const { life } = this.#deps;
    const closed = life.close(cell);
    if (graceMs === 0) cell.abort(why);
    await Promise.all([closed, life.awaitIdle([cell], graceMs, why)]);
    if (this.#isOver(cell)) return; // who ends it goes on from here
    this.#up.splice(this.#up.indexOf(cell), 1);
    await life.finish(cell);
  }

  /** Y7 */
  async #decideOn(cell: Cell, end: End): Promise<void> {
    this.#ends.set(cell, end);
    const branch = this.#branches.of(cell);
    await branch.turn(async () => {
      if (this.#ends.get(cell) !== end) return; // whoever was decided on before has taken it along
      this.#ends.delete(cell);
      if (!this.#isOver(cell)) await this.#decide(branch, cell, end);
      else if (!this.#up.includes(cell)) this.#tellDown(cell, 'stopped');
    });
  }

  async #decide(branch: Branch, cell: Cell, end: End): Promise<void> {
    const { clock, random, onEscalate } = this.#deps;
    const decision = branch.decide(cell, end.kind === 'failed', clock.monotonic(), random);
    const why = `taken down with ${cell.id}: ${reasonOf(end)}`;
    if (decision.kind === 'rest') return this.#rest(cell, end, end.kind === 'normal' ? 'it has ended' : reasonOf(end));
    const members = branch.cells(decision.terminate);
    const unborn = members.filter((other) => other.state === 'down' && this.#plans.has(other));
    const alongside = members.filter(({ state }) => state !== 'standby' && state !== 'down');
    for (const other of alongside) await this.#takeAlong(other, why);
    if (decision.kind === 'restart') {
      const start = branch.inStartOrder([...decision.start, ...unborn.map(({ id }) => id)]);
      for (const other of alongside) if (!start.includes(other)) this.#rest(other, end, why);
      return this.#restart(start, unborn, { cell, end, afterMs: decision.afterMs });
    }
    for (const other of unborn) this.#plans.drop(other);
    for (const other of alongside) this.#rest(other, end, why);
    this.#tellDown(cell, 'it failed again and again');
    const error = end.kind === 'failed' ? end.error : new CancelledError('stopped', 'the agent ended again and again');
    onEscalate(cell, error, decision.group);
  }

  /** Takes down another member of the group. Its own end, should it be on its way, counts no more. */
  async #takeAlong(cell: Cell, why: string): Promise<void> {
    this.#ends.delete(cell);
    this.#plans.drop(cell);
    this.#withdrawn.add(cell);
    if (this.#starting.has(cell)) cell.abort(new CancelledError('stopped', why));
    await this.#starting.get(cell)?.catch(() => undefined); // whoever began it hears of it
    await this.#leaving.get(cell);
    if (this.#up.includes(cell) && !this.#isOver(cell)) await this.#leave(cell, why, 0);
    this.#ends.delete(cell);
    this.#withdrawn.delete(cell);
  }

  /** `failed.cell` and whoever is started with it; those that are `unborn` for the first time. */
  #restart(
    start: readonly Cell[],
    unborn: readonly Cell[],
    failed: { readonly cell: Cell; readonly end: End; readonly afterMs: number },
  ): void {
    if (this.#ending) return;
    const { clock, observer } = this.#deps;
    const { end, afterMs } = failed;
    const isWanted = (cell: Cell): boolean =>
      cell.state !== 'standby' && !this.#up.includes(cell) && !this.#isOver(cell);
    const cells = start.filter(isWanted);
    const error = describeError(
      end.kind === 'failed' ? end.error : new CancelledError('stopped', 'the agent has ended'),
    );
    for (const cell of cells.filter((one) => !unborn.includes(one))) {
      const reason = cell === failed.cell ? error.message : `with ${failed.cell.id}: ${error.message}`;
      cell.state = 'restarting';
      cell.noteRestart({ at: clock.now(), reason: reason.slice(0, longestReason) });
      observe(observer, 'agent.restarting', { agent: cell.id, afterMs, error });
    }
    this.#plans.after(afterMs, cells);
  }

  /** Y8 */
  #rest(cell: Cell, end: End, reason: string): void {
    this.#tellDown(cell, reason);
    cell.spec.supervision?.onEnded?.(end.kind === 'failed' ? end.error : undefined);
  }

  #tellDown(cell: Cell, reason: string): void {
    cell.state = 'down';
    this.#deps.lifecycle.down(cell, reason);
    observe(this.#deps.observer, 'agent.down', { agent: cell.id, reason });
  }
}

const longestReason = 200;

function reasonOf(end: End): string {
  return end.kind === 'normal' ? 'it has ended' : describeError(end.error).message;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new CancelledError('stopped', String(error));
}
