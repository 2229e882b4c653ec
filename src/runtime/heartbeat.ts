/**
 * The heartbeat: one presence lease for the whole node, however many agents it runs. It joins at the start and leaves at the stop.
 *
 * A node whose lease has ended is fenced: it stops working at once, since others may have taken its tasks and identities, and
 * comes back as a new incarnation. It does not wait for the broker to say so: its own monotonic clock ends the lease, too.
 */
import type { Beat, NodeInfo, PresencePort } from '../broker/presence.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import { Duty } from './duty.ts';

export interface HeartbeatDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly presence: PresencePort;
  readonly node: string;
  readonly intervalMs: number;
  readonly leaseMs: number;
  /** Where the node runs, since when, and in whose place. */
  readonly info: () => Pick<NodeInfo, 'host' | 'pid' | 'startedAt' | 'replaces'>;
  /** What people see of the node, as JSON text. */
  readonly status: () => string;
  /** The most beats that this process has seen in incarnations before this one (P4). */
  readonly beatsBefore: number;
  /** What a beat told (P7). */
  readonly onBeat: (beat: Beat) => void;
  /** The broker has lost data. */
  readonly onDataLost: () => void;
  /** The presence has ended. Called once. */
  readonly onLost: (reason: string) => void;
}

export class Heartbeat extends Duty {
  readonly #deps: HeartbeatDeps;
  #beats: number;
  #done = false;
  /** When the last renewal that came back was asked for. */
  #renewedAt: number | undefined;
  /** Ends the presence here when no renewal came back within the lease. */
  #guard: Timer | undefined;

  constructor(deps: HeartbeatDeps) {
    super(deps, { name: 'renewing the presence', intervalMs: () => deps.intervalMs, tick: () => this.#beat() });
    this.#deps = deps;
    this.#beats = deps.beatsBefore;
  }

  override async start(): Promise<void> {
    const { clock, presence, node, leaseMs, info, status, onBeat } = this.#deps;
    const askedAt = clock.monotonic();
    const beat = await presence.join({ node, ...info(), status: status() }, leaseMs);
    this.#count(beat.beats);
    onBeat(beat);
    this.#watch(askedAt);
    await super.start();
  }

  override async stop(): Promise<void> {
    const { presence, node, observer } = this.#deps;
    this.#done = true;
    this.#guard?.cancel();
    await super.stop();
    await presence.leave(node).catch((error: unknown) => {
      const what = 'leaving the fleet; the presence lease ends by itself';
      observe(observer, 'broker.trouble', { what, error: describeError(error) });
    });
  }

  /** Since the last renewal that came back was asked for; undefined before the first. */
  get silentMs(): number | undefined {
    return this.#renewedAt === undefined ? undefined : this.#deps.clock.monotonic() - this.#renewedAt;
  }

  async #beat(): Promise<void> {
    const { clock, presence, node, leaseMs, status, onBeat } = this.#deps;
    if (this.#done) return;
    const askedAt = clock.monotonic();
    const reply = await presence.renew(node, leaseMs, status());
    if (reply.kind === 'lost') return this.#lose('the presence lease has ended');
    if (this.#hasEnded()) return;
    this.#watch(askedAt);
    onBeat(reply);
    this.#count(reply.beats);
  }

  /** Tells the status now instead of with the next beat. */
  async tell(): Promise<void> {
    if (this.#guard === undefined) return; // it has not joined yet
    await this.#beat().catch(() => undefined); // the next beat tells it
  }

  /** The most beats this process has seen. */
  get beats(): number {
    return this.#beats;
  }

  /** P4: this beat was counted, too, so that even the same number is one too few. */
  #count(beats: number): void {
    if (beats <= this.#beats) {
      const what = `the fleet's heartbeat counter was ${this.#beats} and is ${beats} after one more beat`;
      observe(this.#deps.observer, 'broker.data-lost', { what });
      this.#deps.onDataLost();
    }
    this.#beats = beats;
  }

  #hasEnded(): boolean {
    return this.#done;
  }

  /** The lease was renewed by a call made at `askedAt`. */
  #watch(askedAt: number): void {
    const { clock, leaseMs } = this.#deps;
    this.#renewedAt = askedAt;
    this.#guard?.cancel();
    this.#guard = clock.setTimer(askedAt + leaseMs - clock.monotonic(), () =>
      this.#lose('the broker could not be reached for as long as the presence lease'),
    );
  }

  #lose(reason: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#guard?.cancel();
    this.#deps.onLost(reason);
  }
}
