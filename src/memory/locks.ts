/**
 * The lock port in memory: holders up to the number of permits, a line of waiters, and a hand-over on release.
 *
 * Invariants L1 to L8 stand in broker/locks.ts. Nothing happens by itself: a lease that has ended is noticed by the next
 * call, which hands the permit to the head of the line before it looks at its own request.
 */
import {
  type AcquireReply,
  type AcquireRequest,
  handoverLeaseMs,
  type HolderRef,
  type LockPort,
  type LockState,
} from '../broker/locks.ts';
import { limits } from '../core/limits.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

interface LockWaiter {
  readonly address: string;
  calledAt: number;
}

interface Grant {
  readonly token: number;
  leaseUntil: number;
}

/** A name that is held or waited for. */
export interface HeldLock {
  permits: number;
  /** By holder id, in the order of their grants. */
  readonly holders: Map<string, Grant>;
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
      const { name, permits = 1 } = received;
      const lock = this.#fleet.locks.get(name) ?? { permits, holders: new Map(), waiters: new Map() };
      this.#fleet.locks.set(name, lock);
      return this.#acquireOne(lock, received);
    });
  }

  renew(ref: HolderRef & { leaseMs: number }): Promise<boolean> {
    return this.#link.call(ref, (received) => {
      const grant = this.#grantOf(received);
      if (grant !== undefined) grant.leaseUntil = this.#endOf(received.leaseMs);
      return grant !== undefined;
    });
  }

  release(ref: HolderRef): Promise<boolean> {
    return this.#link.call(ref, (received) => {
      const grant = this.#grantOf(received);
      if (grant !== undefined) this.#giveBack(received);
      return grant !== undefined;
    });
  }

  leave(request: { name: string; holder: string }): Promise<void> {
    return this.#link.call(request, (received) => {
      this.#fleet.locks.get(received.name)?.waiters.delete(received.holder);
      this.#giveBack(received);
    });
  }

  inspect(name: string): Promise<LockState | undefined> {
    return this.#link.call(name, (asked) => {
      const lock = this.#fleet.locks.get(asked);
      const held = [...(lock?.holders ?? [])].filter(([, grant]) => this.#holds(grant));
      if (lock === undefined || held.length === 0) return undefined;
      this.#forgetSilent(lock);
      const holders = held.map(([holder, { token, leaseUntil }]) => {
        return { holder, token, leaseLeftMs: leaseUntil - this.#now() };
      });
      return { permits: lock.permits, holders, waiters: lock.waiters.size };
    });
  }

  #acquireOne(lock: HeldLock, { name, holder, address, leaseMs, wait, permits = 1 }: AcquireRequest): AcquireReply {
    this.#forgetSilent(lock);
    const waiting = lock.waiters.get(holder);
    if (waiting !== undefined) waiting.calledAt = this.#now();
    this.#forgetEnded(lock);
    if (lock.holders.size + lock.waiters.size === 0) lock.permits = permits;
    if (lock.permits !== permits) return { kind: 'permits', permits: lock.permits };
    this.#handOn(name, lock, holder);
    const held = lock.holders.get(holder);
    if (held !== undefined) return { kind: 'granted', token: held.token };
    if (lock.holders.size < permits) {
      lock.waiters.delete(holder);
      return { kind: 'granted', token: this.#grant(lock, holder, leaseMs) };
    }
    if (!wait) return { kind: 'held' };
    if (waiting === undefined && lock.waiters.size >= limits.lockWaiters) return { kind: 'crowded' };
    if (waiting === undefined) lock.waiters.set(holder, { address, calledAt: this.#now() });
    const firstEnd = Math.min(...[...lock.holders.values()].map(({ leaseUntil }) => leaseUntil));
    return { kind: 'waiting', lookAgainInMs: Math.max(1, Math.min(firstEnd - this.#now(), handoverLeaseMs)) };
  }

  /** Frees the permit of a holder, if it has one. */
  #giveBack({ name, holder }: { name: string; holder: string }): void {
    const lock = this.#fleet.locks.get(name);
    const grant = lock?.holders.get(holder);
    if (lock === undefined || grant === undefined || !this.#holds(grant)) return;
    lock.holders.delete(holder);
    this.#forgetSilent(lock);
    this.#forgetEnded(lock);
    this.#handOn(name, lock);
    if (lock.holders.size === 0) this.#fleet.locks.delete(name);
  }

  /** L4: what is free goes to the head of the line, until `caller` is the head and takes it itself. */
  #handOn(name: string, lock: HeldLock, caller?: string): void {
    while (lock.holders.size < lock.permits) {
      const head = lock.waiters.entries().next().value;
      if (head === undefined || head[0] === caller) return;
      const [holder, { address }] = head;
      lock.waiters.delete(holder);
      const token = this.#grant(lock, holder, handoverLeaseMs);
      this.#fleet.exchange.postNotice(address, { kind: 'granted', lock: name, holder, token });
    }
  }

  #grant(lock: HeldLock, holder: string, leaseMs: number): number {
    const token = this.#fleet.nextNumber();
    lock.holders.set(holder, { token, leaseUntil: this.#endOf(leaseMs) });
    return token;
  }

  #grantOf({ name, holder, token }: HolderRef): Grant | undefined {
    const grant = this.#fleet.locks.get(name)?.holders.get(holder);
    const current = grant !== undefined && this.#holds(grant) && grant.token === token;
    return current ? grant : undefined;
  }

  #holds({ leaseUntil }: Grant): boolean {
    return leaseUntil > this.#now();
  }

  #forgetEnded(lock: HeldLock): void {
    for (const [holder, grant] of lock.holders) if (!this.#holds(grant)) lock.holders.delete(holder);
  }

  /** L3 */
  #forgetSilent(lock: HeldLock): void {
    for (const [holder, { calledAt }] of lock.waiters)
      if (this.#now() - calledAt >= this.#fleet.waiterLeaseMs) lock.waiters.delete(holder);
  }

  /** A lease lasts a millisecond at least. */
  #endOf(leaseMs: number): number {
    return this.#now() + Math.max(1, Math.ceil(leaseMs));
  }

  #now(): number {
    return this.#fleet.clock.now();
  }
}
