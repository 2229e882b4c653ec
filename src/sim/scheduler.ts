/**
 * The scheduler of a simulation: one heap of steps for the whole fleet, and virtual time that moves from step to step.
 *
 * S1  A step belongs to one place (a process, or the broker). Nothing in it reaches another place but by planning a step there.
 * S2  Between two steps every microtask runs, and every end of a tick; no macrotask does. Code between two effects is one step.
 * S3  Steps of one time run in an order that the seed draws; those of one place in the order in which they were planned.
 * S4  The steps of a place that is held come when it is released, in their order. Those of a dead place never come.
 * S5  The order depends on the seed and on what the steps do, and on nothing else: the same run twice is the same run.
 * S6  A fleet that does not let time go on is an error, not a wait without end.
 */
import { SimulationError } from './simulation-error.ts';
import { afterMicrotasks } from '../core/system.ts';
import { type Due, Heap } from './heap.ts';
import { hash, mix } from './seeded-random.ts';

/** Where steps run: a process, the broker, or whoever drives the simulation. */
export interface Place {
  readonly name: string;
  /** Drawn from the name, so that it is the same whatever else there is. */
  readonly number: number;
  state: 'running' | 'held' | 'dead';
  /** S4 */
  held: Step[];
  /** Steps that are planned. */
  pending: number;
}

export interface Step extends Due {
  readonly place: Place;
  readonly label: string;
  readonly run: () => void;
}

export interface SchedulerHooks {
  /** Before each step. */
  onStep?(step: Step): void;
  /** After each step with all that it started. */
  afterStep?(step: Step): void;
}

interface Goal {
  readonly isReached: () => boolean;
  readonly until: number;
  readonly end: (outcome: 'reached' | 'time' | 'nothing-left') => void;
  readonly fail: (error: unknown) => void;
}

/** S6 */
const mostStanding = 100_000;
export const startMs = 1_700_000_000_000;

export function newPlace(name: string): Place {
  return { name, number: hash(name), state: 'running', held: [], pending: 0 };
}

export class Scheduler {
  readonly #seed: number;
  readonly #hooks: SchedulerHooks;
  readonly #heap = new Heap<Step>();
  readonly #goals = new Set<Goal>();
  #ticks: { readonly place: Place; readonly run: () => void }[] = [];
  #nowMs = startMs;
  #order = 0;
  #looping = false;
  /** Steps and ticks since time went on last. */
  #standing = 0;
  #step: Step | undefined;
  /** Steps that were run. */
  steps = 0;

  constructor(seed: number, hooks: SchedulerHooks = {}) {
    this.#seed = seed;
    this.#hooks = hooks;
  }

  /** Milliseconds since 1970, with fractions. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Where the code that runs now belongs to; undefined outside of steps. */
  get place(): Place | undefined {
    return this.#step?.place;
  }

  get planned(): Iterable<Step> {
    return this.#heap;
  }

  /** Plans a step; the returned function cancels it. */
  plan(place: Place, label: string, at: number, run: () => void): () => void {
    if (place.state === 'dead') return () => {};
    const step: Step = { at: Math.max(at, this.#nowMs), tie: 0, order: 0, cancelled: false, place, label, run };
    this.#push(step);
    return () => {
      if (step.cancelled) {
        const held = place.held.indexOf(step);
        if (held >= 0) place.held.splice(held, 1);
        return;
      }
      place.pending--;
      this.#heap.cancel(step);
    };
  }

  /** S2 */
  endOfTick(place: Place, run: () => void): void {
    this.#ticks.push({ place, run });
    if (!this.#looping) this.#loop();
  }

  /** S4 */
  release(place: Place): void {
    if (place.state !== 'held') return;
    place.state = 'running';
    const held = place.held;
    place.held = [];
    for (const step of held) {
      step.at = this.#nowMs;
      step.cancelled = false; // whoever planned it may cancel it still
      this.#push(step);
    }
  }

  /** S3 */
  #push(step: Step): void {
    const { place, at } = step;
    step.tie = mix(this.#seed ^ place.number, Math.floor(at * 1_000));
    step.order = this.#order++;
    place.pending++;
    this.#heap.push(step);
  }

  kill(place: Place): void {
    place.state = 'dead';
    place.held = [];
    for (const step of this.#heap) if (step.place === place) this.#heap.cancel(step);
    place.pending = 0;
  }

  /** Moves the time forward by `ms`, running every step that falls due. */
  async advance(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await this.#drive(() => false, until);
    this.#nowMs = Math.max(this.#nowMs, until);
  }

  /**
   * Runs steps until `isReached` (asked after each of them) holds.
   *
   * @throws SimulationError when it does not within `limitMs`, or when nothing is planned any more.
   */
  async until(isReached: () => boolean, what: string, limitMs = 3_600_000): Promise<void> {
    const outcome = await this.#drive(isReached, this.#nowMs + limitMs);
    if (outcome === 'nothing-left')
      throw new SimulationError(`expected ${what}, got: nothing is planned that could bring it about`);
    if (outcome === 'time')
      throw new SimulationError(`expected ${what} within ${limitMs} ms of virtual time, got: it did not come about`);
  }

  /** Runs steps until `promise` has settled. */
  async settled<T>(promise: Promise<T>, what = 'what is awaited', limitMs?: number): Promise<T> {
    let isSettled = false;
    const mark = (): void => void (isSettled = true);
    promise.then(mark, mark);
    await this.until(() => isSettled, what, limitMs);
    return promise;
  }

  #drive(isReached: () => boolean, until: number): Promise<'reached' | 'time' | 'nothing-left'> {
    return new Promise((end, fail) => {
      this.#goals.add({ isReached, until, end, fail });
      if (!this.#looping) this.#loop();
    });
  }

  /** Goes on while somebody waits, or an end of a tick is due. */
  #loop(): void {
    this.#looping = true;
    const next = (): void => {
      try {
        if (this.#runTicks()) return afterMicrotasks(next);
        this.#endStep();
        this.#look();
        if (this.#goals.size > 0 && this.#runStep()) return afterMicrotasks(next);
        if (this.#goals.size > 0) return next();
      } catch (error) {
        for (const goal of this.#goals) goal.fail(error);
        this.#goals.clear();
        this.#step = undefined;
        this.#standing = 0; // whoever is told may end the fleet
      }
      this.#looping = false;
    };
    afterMicrotasks(next);
  }

  #runTicks(): boolean {
    const ticks = this.#ticks;
    if (ticks.length === 0) return false;
    this.#demandProgress(this.#step?.label ?? 'a tick');
    this.#ticks = [];
    for (const { place, run } of ticks) {
      if (place.state === 'held') this.#hold(place, 'tick', run);
      else if (place.state === 'running') run();
    }
    return true;
  }

  #endStep(): void {
    const step = this.#step;
    this.#step = undefined;
    if (step !== undefined) this.#hooks.afterStep?.(step);
  }

  /** Ends the goals that are reached, or cannot be. */
  #look(): void {
    const next = this.#heap.peek();
    for (const goal of this.#goals) {
      if (goal.isReached()) this.#end(goal, 'reached');
      else if (next === undefined) this.#end(goal, goal.until < Infinity ? 'nothing-left' : 'time');
      else if (next.at > goal.until) this.#end(goal, 'time');
    }
  }

  #end(goal: Goal, outcome: 'reached' | 'time' | 'nothing-left'): void {
    this.#goals.delete(goal);
    goal.end(outcome);
  }

  /** False when nothing is planned. */
  #runStep(): boolean {
    const step = this.#heap.pop();
    if (step === undefined) return false;
    step.place.pending--;
    if (step.at > this.#nowMs) this.#standing = 0;
    this.#nowMs = step.at;
    this.#demandProgress(step.label);
    if (step.place.state === 'held') step.place.held.push(step);
    else if (step.place.state === 'running') {
      this.#step = step;
      this.steps++;
      this.#hooks.onStep?.(step);
      step.run();
    }
    return true;
  }

  /** S6 */
  #demandProgress(label: string): void {
    if (++this.#standing > mostStanding)
      throw new SimulationError(
        `expected time to go on, got: ${mostStanding} steps at one moment, the last one "${label}"`,
      );
  }

  #hold(place: Place, label: string, run: () => void): void {
    place.held.push({ at: this.#nowMs, tie: 0, order: this.#order++, cancelled: true, place, label, run });
  }
}
