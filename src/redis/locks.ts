/**
 * The lock port on Redis: the holder is a key with a time to live, the line of waiters two sorted sets.
 *
 * Invariants L1 to L6 stand in broker/locks.ts. The holder key is the one classic agents use (SET NX with an expiry,
 * compare and delete), so they and we exclude each other; they wake nobody, so their waiters look again often.
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
import { InvariantError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Argument } from './link.ts';
import type { Store } from './store.ts';

type LockScript = 'acquire' | 'renew-lock' | 'release-lock' | 'inspect-lock';

const foreignLookAgainMs = 250;

export class RedisLocks implements LockPort {
  readonly #store: Store;

  constructor(deps: { store: Store }) {
    this.#store = deps.store;
  }

  async acquire({ name, holder, address, leaseMs, wait }: AcquireRequest): Promise<AcquireReply> {
    const args = [address, Math.ceil(leaseMs), wait ? 1 : 0, limits.lockWaiters, foreignLookAgainMs];
    const [kind, value] = (await this.#run('acquire', name, holder, args)) as [string, (string | number)?];
    switch (kind) {
      case 'granted':
        return { kind, token: Number(value) };
      case 'waiting':
        return { kind, lookAgainInMs: Number(value) };
      case 'held':
      case 'crowded':
        return { kind };
      default:
        throw new InvariantError(`acquire answered ${kind}`);
    }
  }

  async renew({ name, holder, token, leaseMs }: HolderRef & { leaseMs: number }): Promise<boolean> {
    return (await this.#run('renew-lock', name, holder, [token, Math.ceil(leaseMs)])) === 1;
  }

  async release({ name, holder, token }: HolderRef): Promise<boolean> {
    return (await this.#run('release-lock', name, holder, [token])) === 1;
  }

  async leave({ name, holder }: { name: string; holder: string }): Promise<void> {
    await this.#run('release-lock', name, holder, ['']);
  }

  async inspect(name: string): Promise<LockState | undefined> {
    const reply = (await this.#run('inspect-lock', name, '', [])) as [string, string, number, number] | [];
    if (reply.length === 0) return undefined;
    const [holder, token, leaseLeftMs, waiters] = reply;
    return { holder, ...(token !== '' && { token: Number(token) }), leaseLeftMs, waiters };
  }

  #run(script: LockScript, name: string, holder: string, args: readonly Argument[]): Promise<unknown> {
    const { keys } = this.#store;
    const common = [keys.processChannels, name, waiterLeaseMs, handoverLeaseMs, holder];
    return this.#store.run(script, { keys: keys.lock(name), args: [...common, ...args] });
  }
}
