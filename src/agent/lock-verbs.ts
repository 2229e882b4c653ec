/**
 * The verbs of locks: leases on names, with a fencing token.
 *
 * Types only: client/lock-verbs.ts carries them out, for agents and for outside clients alike.
 */
import type { Lock, LockOptions, TryLockOptions } from './lock.ts';

export interface LockVerbs {
  /**
   * Takes a lock, first come first served, and keeps its lease until it is released.
   *
   * @throws RuntimeError `lock-held` when `wait` passed; the signal's reason when it aborted; DeliveryError `queue-full`
   * when too many wait already; RuntimeError `lock-permits` when those who use the name now say another number of permits.
   * @example
   * await using lock = await this.lock('repo:main', { wait: '10s' });
   * await push({ fencing: lock.token, signal: lock.signal });
   */
  lock(name: string, options?: LockOptions): Promise<Lock>;
  /** Takes a lock when it is free and nobody waits for it; undefined when not. Rejects otherwise like `lock`. */
  tryLock(name: string, options?: TryLockOptions): Promise<Lock | undefined>;
  /** Runs `body` under a lock and releases it whatever happens. Rejects like `lock`, or with what `body` threw. */
  withLock<T>(name: string, body: (lock: Lock) => T | Promise<T>): Promise<T>;
  withLock<T>(name: string, options: LockOptions, body: (lock: Lock) => T | Promise<T>): Promise<T>;
}
