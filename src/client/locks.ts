/**
 * Taking locks: a place in the line, woken by release, never by polling.
 *
 * K1  Each acquisition has a holder id of its own; every repeat of a call is therefore harmless.
 * K2  A waiter looks again when it is told `granted`, when the holder's lease may have ended, or when the link was restored.
 * K3  A waiter that gives up leaves the line, and gives back what was granted in that moment.
 */
import type { Broker } from '../broker/broker.ts';
import type { HolderRef } from '../broker/locks.ts';
import type { Notice } from '../broker/notices.ts';
import { type Clock, type Timer } from '../core/clock.ts';
import { abortReason, BrokerError, DeliveryError, RuntimeError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { LockHandle } from './lock-handle.ts';

export interface LockRequest {
  readonly name: string;
  /** In whose name: an agent id or a client's name. */
  readonly owner: string;
  readonly leaseMs: number;
  /** 0: do not wait at all; `Infinity`: until it is granted. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LocksDeps {
  readonly broker: Pick<Broker, 'locks'>;
  readonly address: string;
  readonly clock: Clock;
  readonly random: Random;
}

export class Locks {
  readonly #deps: LocksDeps;
  /** Waiters by holder id, and how to wake them. */
  readonly #waiters = new Map<string, () => void>();

  constructor(deps: LocksDeps) {
    this.#deps = deps;
  }

  /** Rejects with `RuntimeError('lock-held')` when the wait is over, or with the signal's reason. */
  async acquire(request: LockRequest): Promise<LockHandle> {
    const { broker, clock, random, address } = this.#deps;
    const { name, leaseMs, signal } = request;
    const holder = `${request.owner}:${unique(random, name)}`;
    const giveUpAt = clock.monotonic() + request.waitMs;
    try {
      for (let waited = false; ; waited = true) {
        if (signal?.aborted) throw abortReason(signal);
        const askedAt = clock.monotonic();
        const reply = await broker.locks.acquire({ name, holder, address, leaseMs, wait: request.waitMs > 0 });
        if (reply.kind === 'granted') {
          const ref = { name, holder, token: reply.token };
          if (waited) await this.#confirm(ref, leaseMs);
          return new LockHandle({ broker, clock, ref, leaseMs, askedAt });
        }
        if (reply.kind === 'held') throw lockHeld(request);
        if (reply.kind === 'crowded')
          throw new DeliveryError(
            'queue-full',
            `expected lock "${name}" to have room for a waiter, got: too many wait`,
          );
        const leftMs = giveUpAt - clock.monotonic();
        if (leftMs <= 0) throw lockHeld(request);
        await this.#wake(holder, Math.min(reply.lookAgainInMs, leftMs), signal);
      }
    } catch (error) {
      // Leaving is a courtesy: a waiter that is not heard of is forgotten (L3), a grant nobody confirms runs out (L4).
      await broker.locks.leave({ name, holder }).catch(() => undefined);
      throw error;
    }
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'granted') this.#waiters.get(notice.holder)?.();
  }

  /** The link was restored: what was granted meanwhile was not heard. */
  onReset(): void {
    for (const wake of this.#waiters.values()) wake();
  }

  /** A hand-over grants a short lease; the first renewal makes it whole and proves that it is still ours. */
  async #confirm(ref: HolderRef, leaseMs: number): Promise<void> {
    if (await this.#deps.broker.locks.renew({ ...ref, leaseMs })) return;
    throw new BrokerError(
      'unknown-outcome',
      `expected lock "${ref.name}" to be ours after it was granted, got: its lease has ended`,
    );
  }

  #wake(holder: string, withinMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(holder);
        signal?.removeEventListener('abort', wake);
        timer.cancel();
        resolve();
      };
      const timer: Timer = this.#deps.clock.setTimer(withinMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
      this.#waiters.set(holder, wake);
    });
  }
}

function lockHeld({ name, waitMs }: LockRequest): RuntimeError {
  return new RuntimeError('lock-held', `expected lock "${name}" to be free within ${waitMs} ms, got: still held`, {
    details: { name },
  });
}

/** Thirteen hexadecimal digits: the form in which classic agents write the value of a lock. */
function unique(random: Random, name: string): string {
  return Math.floor(random.fraction(`lock:${name}`) * 16 ** 13)
    .toString(16)
    .padStart(13, '0');
}
