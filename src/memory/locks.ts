/**
 * The lock port in memory: one holder, a line of waiters, and a hand-over on release.
 *
 * Invariants L1 to L6 stand in broker/locks.ts. Nothing happens by itself: a lease that has ended is noticed by the next
 * call, which hands the lock to the head of the line before it looks at its own request.
 */
import {
  type AcquireReply,
  type AcquireRequest,
  handoverLeaseMs,
  type HolderRef,
  type LockPort,
  type LockState,
  waiterLeaseMs,
} from '../broker/locks.ts';
import { limits } from '../core/limits.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

interface LockWaiter {
  readonly address: string;
  readonly leaseMs: number;
  calledAt: number;
}

/** A lock that is held or waited for. */
export interface HeldLock {
  holder: string;
  token: number;
  leaseUntil: number;
  /** By holder id, in the order of their first calls (L3). */
  readonly waiters: Map<string, LockWaiter>;
}

export class MemoryLocks implements LockPort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  acquire(request: AcquireRequest): Promise<AcquireReply> {
    return this.#link.call(request, (received) => {
      const lock = this.#fleet.locks.get(received.name) ?? { holder: '', token: 0, leaseUntil: 0, waiters: new Map() };
      this.#fleet.locks.set(received.name, lock);
      return this.#acquireOne(lock, received);
    });
  }

  renew(ref: HolderRef & { leaseMs: number }): Promise<boolean> {
    return this.#link.call(ref, (received) => {
      const lock = this.#heldBy(received);
      if (lock !== undefined) lock.leaseUntil = this.#now() + received.leaseMs;
      return lock !== undefined;
    });
  }

  release(ref: HolderRef): Promise<boolean> {
    return this.#link.call(ref, (received) => {
      const lock = this.#heldBy(received);
      if (lock !== undefined) this.#handOn(received.name, lock);
      return lock !== undefined;
    });
  }

  leave(request: { name: string; holder: string }): Promise<void> {
    return this.#link.call(request, ({ name, holder }) => {
      const lock = this.#fleet.locks.get(name);
      lock?.waiters.delete(holder);
      if (lock?.holder === holder) this.#handOn(name, lock);
    });
  }

  inspect(name: string): Promise<LockState | undefined> {
    return this.#link.call(name, (asked) => {
      const lock = this.#fleet.locks.get(asked);
      if (lock === undefined || !this.#isHeld(lock)) return undefined;
      this.#forgetSilent(lock);
      const { holder, token, leaseUntil, waiters } = lock;
      return { holder, token, leaseLeftMs: leaseUntil - this.#now(), waiters: waiters.size };
    });
  }

  #acquireOne(lock: HeldLock, { name, holder, address, leaseMs, wait }: AcquireRequest): AcquireReply {
    const waiting = lock.waiters.get(holder);
    if (waiting !== undefined) waiting.calledAt = this.#now();
    this.#forgetSilent(lock);
    if (!this.#isHeld(lock)) {
      const head = lock.waiters.keys().next().value;
      if (head === undefined || head === holder) {
        lock.waiters.delete(holder);
        return { kind: 'granted', token: this.#grant(lock, holder, leaseMs) };
      }
      this.#handOn(name, lock);
    }
    if (lock.holder === holder) return { kind: 'granted', token: lock.token };
    if (!wait) return { kind: 'held' };
    if (waiting === undefined && lock.waiters.size >= limits.lockWaiters) return { kind: 'crowded' };
    if (waiting === undefined) lock.waiters.set(holder, { address, leaseMs, calledAt: this.#now() });
    const lookAgainInMs = Math.min(lock.leaseUntil - this.#now(), handoverLeaseMs);
    return { kind: 'waiting', lookAgainInMs: Math.max(1, lookAgainInMs) };
  }

  /** L4: to the head of the line; forgets the lock when nobody waits. */
  #handOn(name: string, lock: HeldLock): void {
    this.#forgetSilent(lock);
    const head = lock.waiters.entries().next().value;
    if (head === undefined) {
      this.#fleet.locks.delete(name);
      return;
    }
    const [holder, { address }] = head;
    lock.waiters.delete(holder);
    const token = this.#grant(lock, holder, handoverLeaseMs);
    this.#fleet.exchange.postNotice(address, { kind: 'granted', lock: name, holder, token });
  }

  #grant(lock: HeldLock, holder: string, leaseMs: number): number {
    lock.holder = holder;
    lock.token = this.#fleet.nextNumber();
    lock.leaseUntil = this.#now() + leaseMs;
    return lock.token;
  }

  #heldBy({ name, holder, token }: HolderRef): HeldLock | undefined {
    const lock = this.#fleet.locks.get(name);
    const current = lock !== undefined && this.#isHeld(lock) && lock.holder === holder && lock.token === token;
    return current ? lock : undefined;
  }

  #isHeld(lock: HeldLock): boolean {
    return lock.leaseUntil > this.#now();
  }

  /** L3 */
  #forgetSilent(lock: HeldLock): void {
    for (const [holder, { calledAt }] of lock.waiters)
      if (this.#now() - calledAt >= waiterLeaseMs) lock.waiters.delete(holder);
  }

  #now(): number {
    return this.#fleet.clock.now();
  }
}
