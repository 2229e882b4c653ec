/**
 * The lock port: leases on names, first come first served.
 *
 * L1  At most one holder at a time while its lease holds. The holder id is unique per acquisition; repeating an acquire,
 *     renew or release with the same holder changes nothing more.
 * L2  Every grant carries a token greater than all before it for that name, also across data loss.
 * L3  Waiters are served in the order of their first call. A waiter that has not called for `waiterLeaseMs` is forgotten.
 * L4  A release hands the lock to the first waiter, whose process hears `granted`; its lease is `handoverLeaseMs` until
 *     it renews, so that a dead waiter holds up the others no longer than that.
 * L5  A lease that has ended frees the lock for the head of the line. The next call notices it: the head's own acquire is
 *     granted at once, any other acquire first hands the lock to the head (L4). `lookAgainInMs` says when to call: when
 *     the lease ends, and at most `handoverLeaseMs`.
 * L6  Renew and release need holder and token of a lease that holds; anything else is refused and changes nothing.
 */
export const handoverLeaseMs = 2_000;
export const waiterLeaseMs = 10_000;

export interface AcquireRequest {
  readonly name: string;
  readonly holder: string;
  /** Process that hears `granted`. */
  readonly address: string;
  readonly leaseMs: number;
  /** Join the waiters when the lock is held. */
  readonly wait: boolean;
}

export type AcquireReply =
  | { readonly kind: 'granted'; readonly token: number }
  | { readonly kind: 'waiting'; readonly lookAgainInMs: number }
  | { readonly kind: 'held' }
  /** More than `limits.lockWaiters` wait already. */
  | { readonly kind: 'crowded' };

export interface HolderRef {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
}

export interface LockState {
  readonly holder: string;
  /** Absent for a foreign holder. */
  readonly token?: number;
  readonly leaseLeftMs: number;
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
  /** Who holds it; undefined when it is free. */
  inspect(name: string): Promise<LockState | undefined>;
}
