/**
 * The lock port: leases on names, first come first served. A lock has one permit, a semaphore has several.
 *
 * L1  At most one holder at a time while its lease holds. The holder id is unique per acquisition; repeating an acquire,
 *     renew or release with the same holder changes nothing more.
 * L2  Every grant carries a token greater than all before it for that name, also across data loss.
 * L3  Waiters are served in the order of their first call. A waiter that has not called for `waiterLeaseMs` is forgotten: when it calls
 *     all the same, that is its first call.
 * L4  A release hands the lock to the first waiter, whose process hears `granted`; its lease is `handoverLeaseMs` until
 *     it renews, so that a dead waiter holds up the others no longer than that.
 * L5  A lease that has ended frees the lock for the head of the line. The next call notices it: the head's own acquire is
 *     granted at once, any other acquire first hands the lock to the head (L4). `lookAgainInMs` says when to call: when
 *     the lease ends, and at most `handoverLeaseMs`.
 * L6  Renew and release need holder and token of a lease that holds; anything else is refused and changes nothing.
 * L7  A name has as many permits as its users say, one unless they say more. At most that many hold it at a time, each with a
 *     lease, a token and a renewal of its own; what L1 to L6 say of the lock, they say of each permit. A permit that is given
 *     back, or whose lease has ended, frees one place.
 * L8  All who use a name at a time say the same number. Another number is refused (`permits`) and changes nothing; it is free
 *     to choose again when nobody holds the name and nobody waits.
 * L9  Where foreign agents use the same locks, they stand in no line: after ten hand-overs in a row, or 10 s of them, a release
 *     leaves the lock free for a moment. The head of the line then hears `granted` with token 0, and its call says when to
 *     call again.
 */
export const handoverLeaseMs = 2_000;
/** Where a broker is not told another one. */
export const waiterLeaseMs = 10_000;

export interface AcquireRequest {
  readonly name: string;
  readonly holder: string;
  /** Process that hears `granted`. */
  readonly address: string;
  readonly leaseMs: number;
  /** Join the waiters when the lock is held. */
  readonly wait: boolean;
  /** How many may hold the name at a time (L7, L8). Default: 1. */
  readonly permits?: number;
}

export type AcquireReply =
  | { readonly kind: 'granted'; readonly token: number }
  | { readonly kind: 'waiting'; readonly lookAgainInMs: number }
  | { readonly kind: 'held' }
  /** More than `limits.lockWaiters` wait already. */
  | { readonly kind: 'crowded' }
  /** Those who use the name now say another number: this one (L8). */
  | { readonly kind: 'permits'; readonly permits: number };

export interface HolderRef {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
}

export interface LockHolder {
  readonly holder: string;
  /** Absent for a foreign holder. */
  readonly token?: number;
  readonly leaseLeftMs: number;
}

export interface LockState {
  readonly permits: number;
  /** At least one, in the order of their grants. */
  readonly holders: readonly LockHolder[];
  readonly waiters: number;
}

export interface LockPort {
  /** Takes the lock, or a place in the line (L1 to L3, L5). */
  acquire(request: AcquireRequest): Promise<AcquireReply>;
  /** Extends the lease; false when it is no longer the holder's (L6). */
  renew(ref: HolderRef & { leaseMs: number }): Promise<boolean>;
  /** Gives it back and hands it on (L4); false when it was no longer the holder's. */
  release(ref: HolderRef): Promise<boolean>;
  /** Stops waiting. When the lock was granted in the meantime, it is given back. */
  leave(request: { name: string; holder: string }): Promise<void>;
  /** Who holds it; undefined when nobody does. */
  inspect(name: string): Promise<LockState | undefined>;
}
