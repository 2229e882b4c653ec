/**
 * A lock as its holder sees it: a lease on a name the user chose, shared by everybody in the fleet.
 *
 * The lease is renewed while the holder's process lives; `signal` says when it no longer holds, and `token` lets whatever
 * the lock protects refuse a holder that was too slow (M. Kleppmann, "How to do distributed locking", 2016).
 */
import type { Duration } from '../core/duration.ts';

export interface LockOptions {
  /** How long the lease holds without renewal. Default: the fleet's `timing.lockLease` (30 s). */
  readonly lease?: Duration;
  /** How long to stand in line; 0 tries once. Default: until the lock is granted or `signal` aborts. */
  readonly wait?: Duration;
  /** Leaves the line when it aborts. */
  readonly signal?: AbortSignal;
}

/** A held lock. `await using lock = await this.lock('repo')` gives it back at the end of the block. */
export interface Lock extends AsyncDisposable {
  readonly name: string;
  /** The fencing token: greater than that of every earlier holder of this name. */
  readonly token: number;
  /** Aborts with `OwnershipError('lock-lost')` when the lease could not be kept. */
  readonly signal: AbortSignal;
  /** Gives the lock to the next in line. Releasing twice, or after the lease was lost, does nothing. */
  release(): Promise<void>;
}
