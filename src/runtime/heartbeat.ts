/**
 * The heartbeat: one presence lease for the whole node, however many agents it runs.
 *
 * A node whose lease has ended is fenced: it stops working at once, since others may have taken its tasks and identities, and
 * comes back as a new incarnation. It does not wait for the broker to say so when it cannot reach it past its lease.
 */
import type { PresencePort } from '../broker/presence.ts';
import type { Clock } from '../core/clock.ts';
import { observe, type Observer } from '../core/observer.ts';
import { Duty } from './duty.ts';

export interface HeartbeatDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly presence: PresencePort;
  readonly node: string;
  readonly intervalMs: number;
  readonly leaseMs: number;
  /** What people see of the node, as JSON text. */
  readonly status: () => string;
  readonly onServerTime: (serverTime: number) => void;
  /** The presence has ended. Called once. */
  readonly onLost: (reason: string) => void;
}

export class Heartbeat extends Duty {
  readonly #deps: HeartbeatDeps;
  #renewedAt: number;
  #beats: number;
  #lost = false;

  /** `joinedAt` is the monotonic time at which the join was asked for, `beats` what it returned. */
  constructor(deps: HeartbeatDeps, joinedAt: number, beats: number) {
    super(deps, { name: 'renewing the presence', intervalMs: () => deps.intervalMs, tick: () => this.#beat() });
    this.#deps = deps;
    this.#renewedAt = joinedAt;
    this.#beats = beats;
  }

  async #beat(): Promise<void> {
    const { clock, presence, node, leaseMs, status } = this.#deps;
    const askedAt = clock.monotonic();
    const reply = await presence.renew(node, leaseMs, status()).catch((error: unknown) => {
      if (clock.monotonic() - this.#renewedAt > leaseMs)
        this.#lose('the broker could not be reached for longer than the presence lease');
      throw error;
    });
    if (reply.kind === 'lost') return this.#lose('the presence lease has ended');
    this.#renewedAt = askedAt;
    this.#deps.onServerTime(reply.serverTime);
    if (reply.beats < this.#beats) {
      observe(this.#deps.observer, 'broker.data-lost', {
        what: `the fleet's heartbeat counter fell from ${this.#beats} to ${reply.beats}`,
      });
    }
    this.#beats = reply.beats;
  }

  #lose(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#deps.onLost(reason);
  }
}
