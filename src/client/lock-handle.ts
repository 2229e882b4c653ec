/**
 * One held lock: its lease renewed at a third, its loss told by a signal.
 *
 * H1  The signal aborts with `OwnershipError('lock-lost')` as soon as the broker says so, or as soon as the lease may have
 *     ended by our own monotonic clock without a successful renewal: whichever comes first. Where the clocks of this machine and of
 *     the broker run apart by up to a tenth, that is still before the broker grants it to the next one.
 * H2  Releasing, losing and releasing again are all safe: what is no longer ours is left alone.
 * H3  A resource that has seen a greater token refuses this one, and so does every resource after the loss or the release. It looks at
 *     the clock itself: in a process that stood still, the timers of H1 are late.
 */
import type { Lock } from '../agent/lock.ts';
import type { Broker } from '../broker/broker.ts';
import type { HolderRef } from '../broker/locks.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { OwnershipError, RuntimeError } from '../core/errors.ts';

/** What a lease counts for by the clock of its holder (H1), in milliseconds. */
export function trustedMs(leaseMs: number): number {
  return leaseMs * 0.9;
}

export interface LockHandleDeps {
  readonly broker: Pick<Broker, 'locks'>;
  readonly clock: Clock;
  readonly ref: HolderRef;
  readonly leaseMs: number;
  /** Of the name: 1 is a lock. */
  readonly permits: number;
  /** Monotonic time at which the grant was asked for. */
  readonly askedAt: number;
  /** It is held no longer, released or lost. */
  readonly onDone: () => void;
}

export class LockHandle implements Lock {
  readonly #deps: LockHandleDeps;
  /** Made when it is asked for: few look at it, and it costs as much as all the rest. */
  #lost: AbortController | undefined;
  #loss: OwnershipError | undefined;
  #renewedAt: number;
  #timer: Timer | undefined;
  /** Ends a renewal that does not come back in time (H1). */
  #guard: Timer | undefined;
  #done = false;

  constructor(deps: LockHandleDeps) {
    this.#deps = deps;
    this.#renewedAt = deps.askedAt;
    this.#schedule();
  }

  get name(): string {
    return this.#deps.ref.name;
  }

  /** Grows with every grant of this name; a guarded resource refuses a smaller one than it has seen. */
  get token(): number {
    return this.#deps.ref.token;
  }

  /** Aborts when the lock is lost (H1). */
  get signal(): AbortSignal {
    this.#lost ??= new AbortController();
    if (this.#loss !== undefined) this.#lost.abort(this.#loss);
    return this.#lost.signal;
  }

  /** H3 */
  guard(resource: { token: number }): void {
    const { permits, ref } = this.#deps;
    if (permits > 1) throw guardedSemaphore(ref.name, permits);
    if (this.#leftMs() < 1) this.lose();
    if (this.#loss !== undefined) throw this.#loss;
    if (this.#done) throw lost(ref, 'it was released');
    if (resource.token > ref.token) throw lost(ref, `a later holder, whose token is ${resource.token}`);
    resource.token = ref.token;
  }

  /** H2 */
  async release(): Promise<void> {
    if (this.#done) return;
    this.#finish();
    await this.#deps.broker.locks.release(this.#deps.ref);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** The lease cannot be kept any more. */
  lose(): void {
    if (this.#done) return;
    this.#finish();
    this.#loss = lost(this.#deps.ref, 'its lease has ended');
    this.#lost?.abort(this.#loss);
  }

  /** Of the lease, as far as it can be trusted; it ends by whole milliseconds. */
  #leftMs(): number {
    const { clock, leaseMs } = this.#deps;
    return this.#renewedAt + trustedMs(leaseMs) - clock.monotonic();
  }

  #schedule(): void {
    const { clock, leaseMs } = this.#deps;
    const leftMs = this.#leftMs();
    if (leftMs < 1) return this.lose();
    this.#timer = clock.setTimer(Math.min(leaseMs / 3, leftMs), () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { broker, clock, ref, leaseMs } = this.#deps;
    const askedAt = clock.monotonic();
    this.#guard = clock.setTimer(Math.max(0, this.#leftMs()), () => this.lose());
    try {
      const kept = await broker.locks.renew({ ...ref, leaseMs });
      if (!kept) return this.lose();
      this.#renewedAt = askedAt;
    } catch {
      // The broker cannot be reached: the lease still runs, and the link itself reports its trouble. Try again until it ends.
    } finally {
      this.#guard.cancel();
    }
    if (!this.#done) this.#schedule();
  }

  #finish(): void {
    this.#done = true;
    this.#timer?.cancel();
    this.#guard?.cancel();
    this.#deps.onDone();
  }
}

function lost({ name, token }: HolderRef, why: string): OwnershipError {
  return new OwnershipError('lock-lost', `expected to hold lock "${name}", got: ${why}`, { name, token });
}

function guardedSemaphore(name: string, permits: number): RuntimeError {
  return new RuntimeError(
    'lock-permits',
    `expected guard to be called on a lock with one holder, got: semaphore "${name}" with ${permits} permits\n` +
      'Its holders stand side by side, so a smaller token is not stale: watch signal instead.',
    { details: { name, permits } },
  );
}
