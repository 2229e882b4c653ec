/**
 * A fleet for the proof of the rolling restart whose processes are ended by SIGTERM and started again by hand, as an operator without a
 * supervisor process does.
 */
import { now } from '../rig/contracts.ts';
import { pause } from '../rig/node-faults.ts';
import { Child } from './child.ts';
import type { FleetParameters, Restart, RollingFleet } from './rolling.ts';

const betweenMs = 500;

export class RollingSeats implements RollingFleet {
  readonly #parameters: FleetParameters;
  readonly #seats: Child[];

  constructor(parameters: FleetParameters) {
    this.#parameters = parameters;
    this.#seats = Array.from({ length: parameters.nodes }, () => this.#child());
  }

  async open(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => seat.ready()));
  }

  async restartAll(): Promise<readonly Restart[]> {
    const restarts: Restart[] = [];
    for (const [at, seat] of this.#seats.entries()) {
      const askedAt = now();
      seat.signal('SIGTERM');
      const code = await seat.ended;
      restarts.push({ code, tookMs: now() - askedAt });
      const next = this.#child();
      this.#seats[at] = next;
      await next.ready();
      await pause(betweenMs);
    }
    return restarts;
  }

  end(): Promise<readonly (number | null)[]> {
    for (const seat of this.#seats) seat.signal('SIGTERM');
    return Promise.all(this.#seats.map((seat) => seat.ended));
  }

  async close(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => seat.kill()));
  }

  #child(): Child {
    return new Child({ entry: 'rolling-node.ts', parameters: this.#parameters.node });
  }
}
