/**
 * The supervisor: brings cells up in order, restarts those that fail to start, takes them down in reverse. The only restarter.
 *
 * Y1  A cell is served (tasks, mail, broadcasts, timers) only while it is up, and its id is activated before its code runs.
 * Y2  A handler that throws is its task's affair. What `onStart` throws is the cell's failure: restarted with backoff, until the
 *     intensity is exceeded; then the failure goes to the node.
 * Y3  Going down: nothing new is taken in, and what waited is handed back at once; what runs is awaited until the grace is over, then
 *     aborted; `onStop` runs in reverse start order, also for a cell that was still starting; the ids are given back.
 * Y4  `onStart` has to end when the cell's signal aborts; one that does not is left to itself a second later.
 * Y5  A cell with too many zombies (cell.ts, X5) is restarted like one that failed to start: what it runs is told and awaited, what
 *     waited is handed back, its `onStop` runs; its id stays its own.
 */
import { abortReason, CancelledError, describeError } from '../core/errors.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { sleep } from '../core/clock.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import type { Activation } from './activation.ts';
import type { Cell } from './cell.ts';
import { decideRestart, defaultRestartPolicy } from './restart-policy.ts';
import { startTimers } from './timers.ts';
import type { Work } from './work.ts';

/** What a cell that is up is connected to. */
export interface Services {
  serve(cell: Cell): void;
  leave(cell: Cell): void;
  /** No handler of the cell runs any more, and its id is still its own. Never rejects. */
  end?(cell: Cell): Promise<void>;
}

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly activation: Activation;
  readonly services: readonly Services[];
  /** Hands back work that a closed cell did not start. */
  readonly handBack: (cell: Cell, work: Work) => Promise<void>;
  /** Y2: a cell fails again and again. */
  readonly onEscalate: (cell: Cell, error: unknown) => void;
}

/** The longest an agent's `onStop` may hold up the others. */
const stopLimitMs = 5_000;
/** Y4 */
const startAbortGraceMs = 1_000;

export class Supervisor {
  readonly #deps: SupervisorDeps;
  /** In the order in which they came up. */
  readonly #up: Cell[] = [];
  readonly #history = new Map<Cell, readonly number[]>();
  readonly #timers = new Map<Cell, Timer>();
  readonly #starting = new Map<Cell, Promise<void>>();
  #ending = false;
  /** The node has no right to anything any more; there is nothing to give back. */
  #fenced = false;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
  }

  /** Brings cells up in order: those whose ids are granted. */
  async start(cells: readonly Cell[]): Promise<void> {
    for (const cell of await this.#deps.activation.claim(cells)) await this.bringUp(cell);
  }

  /** Y1. Never rejects: a failure is a restart or an escalation. */
  async bringUp(cell: Cell): Promise<void> {
    if (this.#ending) return;
    cell.state = 'starting';
    const started = this.#run(cell).finally(() => this.#starting.delete(cell));
    this.#starting.set(cell, started);
    try {
      await started;
    } catch (error) {
      return this.#onFailure(cell, error);
    }
    this.#up.push(cell);
    if (this.#ending) return;
    cell.state = 'up';
    cell.open();
    for (const service of this.#deps.services) service.serve(cell);
    this.#timers.set(cell, startTimers(this.#deps.clock, cell));
    const { role, tasks, messages, broadcasts } = cell.spec.table;
    const handles = [...tasks.keys(), ...messages.keys(), ...broadcasts.map((handler) => handler.pattern)].join(', ');
    observe(this.#deps.observer, 'agent.up', { agent: cell.id, role, handles });
  }

  /** Y5. Never rejects. */
  async restart(cell: Cell): Promise<void> {
    if (cell.state !== 'up') return;
    const why = `${cell.zombies} of its handlers ignore that they were given up`;
    this.#timers.get(cell)?.cancel();
    await this.#close(cell);
    cell.abort(new CancelledError('stopped', `the agent is restarted, because ${why}`));
    await cell.idle();
    if (this.#ending) return; // who ends it goes on from here
    this.#up.splice(this.#up.indexOf(cell), 1);
    await this.#runStops(cell);
    await this.#endServices(cell);
    this.#onFailure(cell, new CancelledError('stopped', why));
  }

  /** Brings nothing up any more; what is starting is told to end. */
  cease(): void {
    this.#ending = true;
    for (const timer of this.#timers.values()) timer.cancel();
    for (const cell of this.#starting.keys()) cell.abort(new CancelledError('stopped', 'the node is stopping'));
  }

  /** Y3. `graceMs` for handlers to end by themselves. */
  async stop(graceMs: number): Promise<void> {
    this.cease();
    const settled = [...this.#starting.values()].map((starting) => starting.catch(() => undefined)); // whoever began it hears of it
    const closed = this.#up.map((cell) => this.#close(cell));
    await Promise.all([this.#deps.activation.cease(), ...settled, ...closed, this.#awaitIdle(graceMs)]);
    for (const cell of [...this.#up].reverse()) await this.#end(cell);
  }

  /** The node has lost its right to run anything: every handler is told at once. */
  abort(reason: Error): void {
    this.#ending = true;
    this.#fenced = true;
    for (const timer of this.#timers.values()) timer.cancel();
    for (const cell of this.#starting.keys()) cell.abort(reason);
    for (const cell of this.#up) {
      for (const service of this.#deps.services) service.leave(cell);
      for (const work of cell.close()) if (work.kind === 'task') work.lease.letGo();
      cell.abort(reason);
      cell.state = 'down';
      observe(this.#deps.observer, 'agent.down', { agent: cell.id, reason: reason.message });
    }
  }

  /** Y4 */
  async #run(cell: Cell): Promise<void> {
    const { clock } = this.#deps;
    const done = new AbortController();
    const starting = cell.start();
    const { signal } = cell; // of this start
    const late = new Promise<never>((_, reject) => {
      const onAbort = (): void => {
        const giveUp = (): void => reject(abortReason(signal));
        sleep(clock, startAbortGraceMs, done.signal).then(giveUp, () => undefined); // it has ended in time
      };
      signal.addEventListener('abort', onAbort, { once: true, signal: done.signal });
    });
    try {
      await Promise.race([starting, late]);
    } finally {
      done.abort();
    }
  }

  /** Y2 */
  #onFailure(cell: Cell, error: unknown): void {
    cell.abort(error instanceof Error ? error : new CancelledError('stopped', 'the agent failed to start')); // what it began ends, too
    if (this.#ending) {
      cell.state = 'down';
      return;
    }
    const { clock, random, observer, onEscalate } = this.#deps;
    const history = this.#history.get(cell) ?? [];
    const decision = decideRestart(defaultRestartPolicy, history, clock.monotonic(), random, `restart:${cell.id}`);
    if (decision.kind === 'escalate') {
      cell.state = 'down';
      observe(observer, 'agent.down', { agent: cell.id, reason: 'it failed to start again and again' });
      return onEscalate(cell, error);
    }
    this.#history.set(cell, decision.history);
    cell.state = 'restarting';
    cell.restarts++;
    observe(observer, 'agent.restarting', { agent: cell.id, afterMs: decision.afterMs, error: describeError(error) });
    this.#timers.set(
      cell,
      clock.setTimer(decision.afterMs, () => void this.bringUp(cell)),
    );
  }

  async #close(cell: Cell): Promise<void> {
    if (cell.state === 'down') return;
    cell.state = 'stopping';
    for (const service of this.#deps.services) service.leave(cell);
    await Promise.all(cell.close().map((work) => this.#deps.handBack(cell, work)));
  }

  async #awaitIdle(graceMs: number): Promise<void> {
    const grace = this.#deps.clock.setTimer(graceMs, () => {
      for (const cell of this.#up)
        cell.abort(new CancelledError('drain', 'the node is draining and the grace is over'));
    });
    await Promise.all(this.#up.map((cell) => cell.idle()));
    grace.cancel();
  }

  async #end(cell: Cell): Promise<void> {
    const { observer, activation } = this.#deps;
    await this.#runStops(cell);
    cell.abort(new CancelledError('stopped', 'the agent has stopped'));
    const told = cell.state === 'down';
    cell.state = 'down';
    await this.#endServices(cell);
    if (!this.#fenced)
      await activation
        .giveBack(cell)
        .catch((error: unknown) =>
          this.#report(cell, 'its id could not be given back; the presence lease frees it', error),
        );
    if (!told) observe(observer, 'agent.down', { agent: cell.id, reason: 'stopped' });
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
      const late = sleep(clock, stopLimitMs, limit.signal).then(() =>
        Promise.reject(new CancelledError('timeout', `it ran longer than ${stopLimitMs} ms`)),
      );
      late.catch(() => undefined); // it only races
      await Promise.race([cell.call(method), late]).catch((error: unknown) =>
        this.#report(cell, `${method} failed while stopping`, error),
      );
      limit.abort();
    }
  }
}
