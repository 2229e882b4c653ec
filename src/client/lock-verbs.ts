/**
 * The verbs of locks, in the name of one agent or client.
 *
 * They bring the options to one form; how a lock is taken and kept is locks.ts and lock-handle.ts.
 */
import type { Lock, LockOptions, TryLockOptions } from '../agent/lock.ts';
import type { LockVerbs } from '../agent/lock-verbs.ts';
import { durationMs } from '../core/duration.ts';
import { describeError, RuntimeError } from '../core/errors.ts';
import { observe } from '../core/observer.ts';
import type { VerbsDeps } from './verbs.ts';

export class ClientLocks implements LockVerbs {
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
  }

  readonly lock = async (name: string, options: LockOptions = {}): Promise<Lock> => {
    const { member, identity, settings } = this.#deps;
    const scope = identity.scope();
    return member.locks.acquire({
      name,
      owner: identity.name,
      leaseMs: options.lease === undefined ? settings.lockLeaseMs : durationMs(options.lease, 'lease'),
      waitMs: options.wait === undefined ? Number.POSITIVE_INFINITY : durationMs(options.wait, 'wait'),
      permits: options.permits,
      signal: options.signal ?? scope?.signal,
    });
  };

  readonly tryLock = async (name: string, options: TryLockOptions = {}): Promise<Lock | undefined> => {
    try {
      return await this.lock(name, { ...options, wait: 0 });
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'lock-held') return undefined;
      throw error;
    }
  };

  readonly withLock = (async (name: string, ...rest: [LockBody] | [LockOptions, LockBody]) => {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    const lock = await this.lock(name, options);
    try {
      return await body(lock);
    } finally {
      await lock.release().catch((error: unknown) => this.#reportRelease(name, error));
    }
  }) as LockVerbs['withLock'];

  /** The lease ends by itself; what came of the body is not touched by it. */
  #reportRelease(name: string, error: unknown): void {
    const { observer } = this.#deps.member.deps;
    observe(observer, 'broker.trouble', { what: `releasing lock "${name}"`, error: describeError(error) });
  }
}

type LockBody = (lock: Lock) => unknown;
