/**
 * Taking locks: a place in the line, woken by release, never by polling.
 *
 * K1  Each acquisition has a holder id of its own; every repeat of a call is therefore harmless.
 * K2  A waiter looks again when it is told `granted`, also when it was told before its own call returned; when the holder's lease may
 *     have ended; and when the link was restored. A broker that cannot be reached is tried again for as long as the waiter has patience.
 * K3  A waiter that gives up leaves the line, and gives back what was granted in that moment.
 * K4  Whatever took more than one call is ours only after a renewal: it may have been granted, with its lease, at an earlier one.
 */
import type { AcquireReply } from '../broker/locks.ts';
import type { Broker } from '../broker/broker.ts';
import type { Notice } from '../broker/notices.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { abortReason, BrokerError, ConfigError, DeliveryError, RuntimeError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Random } from '../core/random.ts';
import { LockHandle, trustedMs } from './lock-handle.ts';

export interface LockRequest {
  readonly name: string;
  /** In whose name: an agent id or a client's name. */
  readonly owner: string;
  readonly leaseMs: number;
  /** 0: do not wait at all; `Infinity`: until it is granted. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** How many may hold the name at a time. Default: 1. */
  readonly permits?: number | undefined;
}

export interface LocksDeps {
  readonly broker: Pick<Broker, 'locks'>;
  readonly address: string;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a broker that cannot be reached is tried again, in milliseconds. */
  readonly patienceMs: number;
}

/** One acquisition on its way. */
interface Waiter {
  readonly holder: string;
  readonly giveUpAt: number;
  /** K2: something happened since the last call was made. */
  woken: boolean;
  wake: () => void;
  /** Since when the broker has not answered. */
  silentSince: number | undefined;
  failures: number;
}

const repeatBackoff: Backoff = { kind: 'exponential', baseMs: 25, maxMs: 1_000, jitter: true };

export class Locks {
  readonly #deps: LocksDeps;
  /** By holder id. */
  readonly #waiters = new Map<string, Waiter>();
  readonly #held = new Set<LockHandle>();
  #stopped: Error | undefined;

  constructor(deps: LocksDeps) {
    this.#deps = deps;
  }

  /** Rejects with `RuntimeError('lock-held')` when the wait is over, or with the signal's reason. */
  async acquire(request: LockRequest): Promise<LockHandle> {
    const { broker, clock, random } = this.#deps;
    const { name } = request;
    checkPermits(request);
    const holder = `${request.owner}:${random.id(`lock:${name}`)}`;
    const giveUpAt = clock.monotonic() + request.waitMs;
    const waiter: Waiter = { holder, giveUpAt, woken: false, wake: () => {}, silentSince: undefined, failures: 0 };
    this.#waiters.set(holder, waiter);
    try {
      for (let calls = 1; ; calls++) {
        const handle = await this.#call(request, waiter, calls);
        if (handle !== undefined) return handle;
      }
    } catch (error) {
      // Leaving is a courtesy: a waiter that is not heard of is forgotten (L3), a grant nobody confirms runs out (L4).
      await broker.locks.leave({ name, holder }).catch(() => undefined);
      throw error;
    } finally {
      this.#waiters.delete(holder);
    }
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'granted') this.#waiters.get(notice.holder)?.wake();
  }

  /** The link was restored: what was granted meanwhile was not heard. */
  onReset(): void {
    for (const waiter of this.#waiters.values()) waiter.wake();
  }

  /** The process leaves the fleet: who waits is told `error`, what is held is lost. */
  stop(error: Error): void {
    this.#stopped = error;
    for (const waiter of this.#waiters.values()) waiter.wake();
    for (const handle of this.#held) handle.lose();
  }

  /** One call and the wait behind it; undefined: call again. */
  async #call(request: LockRequest, waiter: Waiter, calls: number): Promise<LockHandle | undefined> {
    const { broker, clock, address } = this.#deps;
    const { name, leaseMs, signal, waitMs, permits = 1 } = request;
    const { holder } = waiter;
    if (this.#stopped !== undefined) throw this.#stopped;
    if (signal?.aborted) throw abortReason(signal);
    waiter.woken = false;
    waiter.wake = () => void (waiter.woken = true);
    const askedAt = clock.monotonic();
    try {
      const reply = await broker.locks.acquire({ name, holder, address, leaseMs, wait: waitMs > 0, permits });
      waiter.silentSince = undefined;
      waiter.failures = 0;
      if (reply.kind !== 'granted') {
        await this.#wait(waiter, this.#nextLook(request, waiter, reply), signal);
        return undefined;
      }
      const ref = { name, holder, token: reply.token };
      if (calls > 1 && !(await broker.locks.renew({ ...ref, leaseMs }))) return undefined; // K4: it ran out; stand in line again
      if (clock.monotonic() >= askedAt + trustedMs(leaseMs)) return undefined; // the answer came too late to be relied on
      return this.#hold({ broker, clock, ref, leaseMs, askedAt, permits });
    } catch (error) {
      await this.#wait(waiter, this.#nextTry(waiter, error), signal);
      return undefined;
    }
  }

  #hold(deps: Omit<ConstructorParameters<typeof LockHandle>[0], 'onDone'>): LockHandle {
    const handle: LockHandle = new LockHandle({ ...deps, onDone: () => void this.#held.delete(handle) });
    this.#held.add(handle);
    return handle;
  }

  /** Milliseconds until the next look at a lock that another one holds. Throws when there is none. */
  #nextLook(request: LockRequest, waiter: Waiter, reply: Exclude<AcquireReply, { kind: 'granted' }>): number {
    if (reply.kind === 'crowded') {
      const { name } = request;
      throw new DeliveryError('queue-full', `expected lock "${name}" to have room for a waiter, got: too many wait`);
    }
    if (reply.kind === 'permits') throw otherPermits(request, reply.permits);
    const leftMs = waiter.giveUpAt - this.#deps.clock.monotonic();
    if (reply.kind === 'held' || leftMs <= 0) throw lockHeld(request);
    return Math.min(reply.lookAgainInMs, leftMs);
  }

  /** Milliseconds until the next try of a broker that did not answer. Throws what cannot be repeated, or not for so long. */
  #nextTry(waiter: Waiter, error: unknown): number {
    if (!(error instanceof BrokerError && error.repeatable)) throw error;
    const { clock, random, patienceMs } = this.#deps;
    const now = clock.monotonic();
    waiter.silentSince ??= now;
    const leftMs = Math.min(waiter.giveUpAt, waiter.silentSince + patienceMs) - now;
    if (leftMs <= 0) throw error;
    return Math.min(backoffMs(repeatBackoff, ++waiter.failures, random, `lock-repeat:${waiter.holder}`), leftMs);
  }

  /** K2 */
  #wait(waiter: Waiter, withinMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (waiter.woken || signal?.aborted || this.#stopped !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        timer.cancel();
        resolve();
      };
      const timer = this.#deps.clock.setTimer(withinMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
      waiter.wake = wake;
    });
  }
}

function lockHeld({ name, waitMs }: LockRequest): RuntimeError {
  return new RuntimeError('lock-held', `expected lock "${name}" to be free within ${waitMs} ms, got: still held`, {
    details: { name },
  });
}

function checkPermits({ permits = 1 }: LockRequest): void {
  if (Number.isInteger(permits) && permits >= 1 && permits <= limits.lockPermits) return;
  throw new ConfigError([`expected permits to be a whole number from 1 to ${limits.lockPermits}, got: ${permits}`]);
}

function otherPermits({ name, permits = 1 }: LockRequest, inUse: number): RuntimeError {
  return new RuntimeError(
    'lock-permits',
    `expected lock "${name}" to have ${permits} permits, got: ${inUse}, said by those who use it now\n` +
      'Give the same number wherever the name is locked; no number means 1.',
    { details: { name, permits, inUse } },
  );
}
