/**
 * Intake: claims tasks for cells that are free or soon will be, and nothing it has no room for.
 *
 * I1  A queue is claimed by script for as many tasks as its cells are free, until a claim comes back short: then it is *drained*.
 *     Handlers of one cell that end in one tick make room for one claim. Cells with short handlers get a moment's work ahead (pace.ts);
 *     what has waited for a second because a handler takes longer is given back.
 * I2  Drained queues with free cells are waited on with one blocking read, for as many tasks as fit if each priority brings them, at
 *     least for one or two. The set is renewed when a queue joins it; a queue that leaves it meanwhile may bring that many beyond its
 *     room, which then wait in a mailbox. Fewer leave their queue drained; when there were as many, there may be more.
 *     A limited queue is not waited on: while a claim of it came back short it *rests*, until its rate leaves room again, until
 *     everyone is told that there is room, or for 2 s.
 *     Nothing is taken ahead of a queue that was seen to be limited: what waits here counts as running.
 * I3  A claim is leased from the moment it arrives (leases.ts), whether it runs or waits in a mailbox.
 * I4  Of the partitions of a queue one is claimed from at a time, for its cells are those of all; then it goes behind the others.
 * I5  After `stop` nothing is claimed; what a claim or a blocking read brought in that moment has been released when `stop` resolves.
 */
import type { ClaimedTask, Claims, TaskPort } from '../broker/tasks.ts';
import type { Partitions } from '../client/partitions.ts';
import { type Clock, sleep } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { ClaimWatch, isPassing } from './claim-watch.ts';
import { freeOf, goBehind, isAwaited, isClaiming, newQueue, type Queue, roomiestOf, wantedOf } from './intake-queue.ts';
import { DrainedWait } from './drained-wait.ts';
import type { Leases } from './leases.ts';
import { Supply } from './supply.ts';
import type { Work } from './work.ts';

export interface IntakeDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly tasks: TaskPort;
  readonly node: string;
  readonly leases: Leases;
  /** Of the queues that are served: each is claimed from, and waited on, as a queue. */
  readonly partitions: Pick<Partitions, 'all'>;
  /** Gives back what could not be placed. */
  readonly release: (claimed: ClaimedTask) => Promise<void>;
}

const blockMs = 2_000;
const retryMs = 250;
/** The shortest rest: every node with free cells looks again when a rate leaves room. */
const leastRestMs = 10;

export class Intake {
  readonly #deps: IntakeDeps;
  readonly #queues = new Map<string, Queue>();
  readonly #drained: DrainedWait;
  readonly #watch: ClaimWatch;
  readonly #supply: Supply;
  /** Cells of which handlers have ended in this tick while others run. */
  readonly #roomy = new Set<Cell>();
  /** Claims and releases on their way. */
  readonly #busy = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
    this.#watch = new ClaimWatch(deps.clock, blockMs);
    this.#drained = new DrainedWait({
      ...deps,
      timeoutMs: blockMs,
      hungry: () => this.#hungry(),
      watched: (read) => this.#watch.read('wait for tasks', read),
      onBrought: (claimed, count) => this.#onBrought(claimed, count),
      onFailed: (error) => this.#onFailed(error),
    });
    this.#supply = new Supply({
      clock: deps.clock,
      cells: () => this.#cells(),
      giveBack: (work) => this.#giveBack(work),
    });
  }

  /** What keeps it from claiming, as sentences; none when it can. */
  get troubles(): readonly string[] {
    return this.#watch.troubles;
  }

  queues(): readonly string[] {
    return [...this.#queues.keys()];
  }

  freeFor(queue: string): number {
    return freeOf(this.#queues.get(queue));
  }

  /** Begins to claim for a cell: the queue of its role and, for one with an id of its own, the queue of that id. */
  serve(cell: Cell): void {
    const { id, table, kind } = cell.spec;
    if (table.tasks.size === 0) return;
    const names = kind === 'single' ? new Set([table.role, id]) : [table.role];
    for (const whole of names) {
      const parts = this.#queues.get(whole)?.parts ?? new Set();
      for (const name of this.#deps.partitions.all(whole)) {
        const queue = this.#queues.get(name) ?? newQueue(name, parts);
        queue.cells.add(cell);
        this.#queues.set(name, queue);
        this.#pull(queue);
      }
    }
  }

  #cells(): ReadonlySet<Cell> {
    return new Set([...this.#queues.values()].flatMap(({ cells }) => [...cells]));
  }

  /** Some queues have other partitions. */
  onPartitions(): void {
    for (const cell of this.#cells()) this.serve(cell);
  }

  /** Stops claiming for a cell. */
  leave(cell: Cell): void {
    for (const queue of this.#queues.values()) {
      queue.cells.delete(cell);
      if (queue.cells.size > 0) continue;
      queue.rest?.timer.cancel();
      this.#queues.delete(queue.name);
      queue.parts.delete(queue);
      this.#watch.worked(claiming(queue));
    }
  }

  /** A cell has room again. */
  onRoom(cell: Cell): void {
    if (cell.running > 0) this.#roomSoon(cell);
    else this.#pullFor([cell]);
  }

  /** I1 */
  #roomSoon(cell: Cell): void {
    if (this.#roomy.add(cell).size > 1) return;
    this.#deps.clock.endOfTick(() => {
      const cells = [...this.#roomy];
      this.#roomy.clear();
      this.#pullFor(cells);
    });
  }

  #pullFor(cells: readonly Cell[]): void {
    const its: Queue[] = []; // as in onReset
    for (const queue of this.#queues.values()) if (cells.some((one) => queue.cells.has(one))) its.push(queue);
    for (const queue of its) this.#pull(queue);
  }

  /** Tasks of this queue were released, or may wait unseen: a blocking read does not bring those. */
  onReleased(name: string): void {
    const queue = this.#queues.get(name);
    if (queue !== undefined && queue.rest?.byRate !== true) this.#recheck(queue);
  }

  /** This queue was paused or resumed, or its limits have changed; a wait that runs goes by what was before. */
  onSwitched(name: string): void {
    const queue = this.#queues.get(name);
    if (queue === undefined) return;
    queue.isLimited = false;
    this.#drained.renew();
    this.#recheck(queue);
  }

  /** Notices may have been missed. */
  onReset(): void {
    this.#drained.renew();
    const all = [...this.#queues.values()]; // a claim may move a partition behind the others
    for (const queue of all) this.#recheck(queue);
  }

  /** Hands over a task that came in another way (recovery). */
  place(claimed: ClaimedTask): void {
    const roomiest = roomiestOf(this.#queues.get(claimed.queue));
    const lease = this.#deps.leases.hold(claimed);
    const work = { kind: 'task', claimed, lease, since: this.#deps.clock.monotonic() } as const;
    if (this.#stop.signal.aborted || !roomiest?.accept(work)) this.#giveBack(work);
    else if (roomiest.waiting > 0) this.#supply.watch();
  }

  #giveBack({ claimed, lease }: Work & { readonly kind: 'task' }): void {
    lease.letGo();
    this.#track(this.#deps.release(claimed).catch((error: unknown) => this.#report(error))); // its lease ends by itself
  }

  /** I5 */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#supply.stop();
    this.#drained.renew();
    for (const queue of this.#queues.values()) queue.rest?.timer.cancel();
    while (this.#busy.size > 0) await Promise.all(this.#busy);
  }

  #track(work: Promise<void> | undefined): void {
    if (work === undefined) return;
    const tracked = work.finally(() => this.#busy.delete(tracked));
    this.#busy.add(tracked);
  }

  #recheck(queue: Queue): void {
    queue.drained = false;
    queue.rest?.timer.cancel();
    queue.rest = undefined;
    this.#pull(queue);
  }

  #pull(queue: Queue): void {
    if (this.#stop.signal.aborted || queue.rest !== undefined) return;
    if (queue.drained) return this.#wait();
    if (isClaiming(queue)) {
      queue.again = true;
      return;
    }
    queue.claiming = true;
    this.#track(this.#claim(queue));
  }

  /** I1 */
  async #claim(queue: Queue): Promise<void> {
    const { tasks, node } = this.#deps;
    do {
      queue.again = false;
      const count = wantedOf(queue);
      if (count === 0 || this.#stop.signal.aborted) break;
      try {
        const claims = await tasks.claim({ queue: queue.name, node, count });
        this.#watch.worked(claiming(queue));
        for (const task of claims.tasks) this.place(task);
        if (freeOf(queue) === 0) this.#supply.watch();
        queue.isLimited ||= claims.limited !== undefined;
        const isShort = claims.tasks.length < count && !queue.again;
        if (isShort && claims.limited !== undefined) this.#rest(queue, claims.limited);
        queue.drained = isShort && claims.limited === undefined;
        if (!isShort) queue.again = true;
      } catch (error) {
        this.#watch.failed(claiming(queue), error);
        if (!(await this.#onFailed(error))) break;
        queue.again = true;
      }
    } while (queue.again && !isAwaited(queue));
    queue.claiming = false;
    if (queue.drained) this.#wait();
    this.#passOn(queue);
  }

  /** I4: the next partition that a claim was asked for. */
  #passOn(queue: Queue): void {
    if (queue.parts.size < 2) return;
    goBehind(queue, this.#queues);
    const next = [...queue.parts].find(({ again }) => again);
    if (next !== undefined) this.#pull(next);
  }

  #rest(queue: Queue, { againInMs }: NonNullable<Claims['limited']>): void {
    if (this.#stop.signal.aborted || this.#queues.get(queue.name) !== queue) return;
    const restMs = Math.max(leastRestMs, Math.min(againInMs ?? blockMs, blockMs));
    const timer = this.#deps.clock.setTimer(restMs, () => this.#recheck(queue));
    queue.rest = { timer, byRate: againInMs !== undefined };
  }

  /** I2 */
  #wait(): void {
    this.#track(this.#drained.begin());
  }

  /** None when it is to stop. */
  #hungry(): { queues: string[]; free: number } {
    const all = this.#stop.signal.aborted ? [] : [...this.#queues.values()];
    const hungry = all.filter((queue) => queue.drained && freeOf(queue) > 0);
    return { queues: hungry.map(({ name }) => name), free: Math.min(...hungry.map(freeOf)) };
  }

  #onBrought(claimed: readonly ClaimedTask[], count: number): void {
    for (const task of claimed) this.place(task);
    const isFull = ({ name }: Queue): boolean => claimed.filter(({ queue }) => queue === name).length >= count;
    for (const queue of [...this.#queues.values()].filter(isFull)) this.#recheck(queue);
  }

  /** Whether trying again may help, when it is time for it. */
  async #onFailed(error: unknown): Promise<boolean> {
    this.#report(error);
    if (!isPassing(error)) return false;
    await this.#pause();
    return true;
  }

  /** Before the next try; stopping ends it. */
  #pause(): Promise<void> {
    return sleep(this.#deps.clock, retryMs, this.#stop.signal).catch(() => undefined);
  }

  #report(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    observe(this.#deps.observer, 'broker.trouble', { what: 'claiming tasks', error: describeError(error) });
  }
}

function claiming(queue: Queue): string {
  return `claim tasks of "${queue.name}"`;
}
