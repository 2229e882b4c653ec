/**
 * The shape of every background duty: start, stop, and one tick that is repeated.
 *
 * A tick that fails is reported and repeated at the next turn; two ticks of one duty never overlap. Stopping waits for the
 * tick that runs.
 */
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import { BrokerError, describeError } from '../core/errors.ts';
import type { Part } from '../core/lifecycle.ts';
import { observe, type Observer } from '../core/observer.ts';

export interface DutyDeps {
  readonly clock: Clock;
  readonly observer: Observer;
}

export interface DutyPlan {
  /** For people: what the duty does, as in `renewing leases`. */
  readonly name: string;
  /** The wait before the next tick, in milliseconds; asked anew each time. */
  readonly intervalMs: () => number;
  readonly tick: () => Promise<void>;
}

export class Duty implements Part {
  readonly name: string;
  readonly #deps: DutyDeps;
  readonly #plan: DutyPlan;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: DutyDeps, plan: DutyPlan) {
    this.name = plan.name;
    this.#deps = deps;
    this.#plan = plan;
  }

  start(): Promise<void> {
    this.#timer = this.#repeat();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#running;
  }

  /** Asks for the wait anew, also when a tick runs or a wait is under way. */
  protected rearm(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    const until: Timer = { cancel: () => {} };
    this.#timer = until;
    void this.#running.then(() => {
      if (this.#timer === until) this.#timer = this.#repeat(); // else it was stopped, or asked anew once more
    });
  }

  #repeat(): Timer {
    return repeat(this.#deps.clock, this.#plan.intervalMs, () => {
      this.#running = this.#tick();
      return this.#running;
    });
  }

  async #tick(): Promise<void> {
    try {
      await this.#plan.tick();
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'closed') return;
      observe(this.#deps.observer, 'broker.trouble', { what: this.name, error: describeError(error) });
    }
  }
}
