/**
 * The lock port on Redis: the holder of a lock is a key with a time to live, the holders of a semaphore are a sorted set by
 * the end of their leases, the line of waiters is two sorted sets.
 *
 * Invariants L1 to L9 stand in broker/locks.ts. The holder key is the one classic agents use (SET NX with an expiry,
 * compare and delete), so they and we exclude each other; they wake nobody, so their waiters look again often.
 */
import {
  type AcquireReply,
  type AcquireRequest,
  handoverLeaseMs,
  type HolderRef,
  type LockHolder,
  type LockPort,
  type LockState,
  waiterLeaseMs,
} from '../broker/locks.ts';
import type { QuarantinePort } from '../broker/quarantine.ts';
import { InvariantError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Argument } from './link.ts';
import { Malformed } from './malformed.ts';
import type { Store } from './store.ts';

type LockScript = 'acquire' | 'renew-lock' | 'release-lock' | 'inspect-lock';

const foreignLookAgainMs = 250;
/** L9: as long as a waiter of ours takes to look again at a foreign holder. */
const pauseMs = foreignLookAgainMs;

/** A lease lasts a millisecond at least. */
const wholeMs = (leaseMs: number): number => Math.max(1, Math.ceil(leaseMs));

export interface LocksDeps {
  readonly store: Store;
  readonly classic: boolean;
  readonly waiterLeaseMs?: number | undefined;
  /** In classic mode: that a lock is no text is told here. */
  readonly quarantine?: QuarantinePort | undefined;
}

export class RedisLocks implements LockPort {
  readonly #store: Store;
  readonly #malformed: Malformed | undefined;
  readonly #pauseMs: number;
  readonly #waiterLeaseMs: number;

  constructor(deps: LocksDeps) {
    this.#store = deps.store;
    this.#malformed = deps.quarantine && new Malformed(deps.quarantine);
    this.#waiterLeaseMs = deps.waiterLeaseMs ?? waiterLeaseMs;
    this.#pauseMs = deps.classic ? pauseMs : 0;
  }

  async acquire({ name, holder, address, leaseMs, wait, permits = 1 }: AcquireRequest): Promise<AcquireReply> {
    const args = [address, wholeMs(leaseMs), wait ? 1 : 0, limits.lockWaiters, foreignLookAgainMs, permits];
    const [kind, value] = (await this.#run('acquire', name, holder, args)) as [string, (string | number)?];
    switch (kind) {
      case 'granted':
        return { kind, token: Number(value) };
      case 'waiting':
        return { kind, lookAgainInMs: Number(value) };
      case 'permits':
        return { kind, permits: Number(value) };
      case 'held':
      case 'crowded':
        return { kind };
      default:
        throw new InvariantError(`acquire answered ${kind}`);
    }
  }

  async renew({ name, holder, token, leaseMs }: HolderRef & { leaseMs: number }): Promise<boolean> {
    return (await this.#run('renew-lock', name, holder, [token, wholeMs(leaseMs)])) === 1;
  }

  async release({ name, holder, token }: HolderRef): Promise<boolean> {
    return (await this.#run('release-lock', name, holder, [token, this.#pauseMs])) === 1;
  }

  async leave({ name, holder }: { name: string; holder: string }): Promise<void> {
    await this.#run('release-lock', name, holder, ['', this.#pauseMs]);
  }

  async inspect(name: string): Promise<LockState | undefined> {
    const reply = (await this.#run('inspect-lock', name, '', [])) as [number, number, ...(string | number)[]] | [];
    const [permits, waiters, ...held] = reply;
    if (permits === undefined || waiters === undefined) return undefined;
    const holders: LockHolder[] = [];
    for (let at = 0; at < held.length; at += 3) {
      const [holder, token, leaseLeftMs] = held.slice(at, at + 3);
      holders.push({
        holder: String(holder),
        ...(token !== '' && { token: Number(token) }),
        leaseLeftMs: Number(leaseLeftMs),
      });
    }
    return { permits, holders: holders.sort((a, b) => Number(a.token) - Number(b.token)), waiters };
  }

  #run(script: LockScript, name: string, holder: string, args: readonly Argument[]): Promise<unknown> {
    const { keys } = this.#store;
    const common = [keys.processChannels, name, this.#waiterLeaseMs, handoverLeaseMs, holder];
    const run = (): Promise<unknown> => this.#store.run(script, { keys: keys.lock(name), args: [...common, ...args] });
    return this.#malformed?.onType(keys.lock(name)[0] ?? '', run) ?? run();
  }
}
