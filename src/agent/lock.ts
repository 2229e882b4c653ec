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
  /**
   * How many may hold the name at a time: 1 is a lock, more make it a semaphore. All who use a name say the same number; up to
   * 1,000. Default: 1.
   */
  readonly permits?: number;
}

/** `tryLock` never waits. */
export type TryLockOptions = Omit<LockOptions, 'wait'>;

/** A held lock. `await using lock = await this.lock('repo')` gives it back at the end of the block. */
export interface Lock extends AsyncDisposable {
  readonly name: string;
  /** The fencing token: greater than that of every earlier holder of this name. */
  readonly token: number;
  /** Aborts with `OwnershipError('lock-lost')` when the lease could not be kept. */
  readonly signal: AbortSignal;
  /**
   * Refuses a holder that was too slow, for what the lock protects inside this process: `resource.token` remembers the
   * greatest token that came by. Call it right before each effect, without an `await` between; keep one `resource` for each
   * thing and lock name. What other processes reach as well has to compare `token` itself, together with the write.
   *
   * @throws OwnershipError `lock-lost` when the lock is lost, or when a later holder was here already; RuntimeError
   * `lock-permits` for a semaphore, whose holders stand side by side.
   * @example
   * const file = { token: 0 };
   * await using lock = await this.lock('report');
   * lock.guard(file);
   */
  guard(resource: { token: number }): void;
  /** Gives the lock to the next in line. Releasing twice, or after the lease was lost, does nothing. */
  release(): Promise<void>;
}
