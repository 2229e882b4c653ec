/**
 * The leases of everything this node has claimed: renewed together, one call per queue, and lost with a signal.
 *
 * S1  A claim is renewed every third of the lease from the moment it is held until it is let go.
 * S2  The signal of a claim aborts with `OwnershipError('lease-lost')` when the broker calls its receipt stale, or when the
 *     lease may have ended by our own monotonic clock: whoever works must stop, and never acknowledge.
 */
import type { ClaimedTask, TaskPort } from '../broker/tasks.ts';
import type { Clock } from '../core/clock.ts';
import { OwnershipError } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import { Duty } from './duty.ts';

export interface LeasesDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly tasks: TaskPort;
  readonly node: string;
  readonly leaseMs: number;
  /** Time between two renewals; at most a third of the lease. */
  readonly renewMs: number;
}

/** One claim that is kept alive. */
export interface Lease {
  readonly signal: AbortSignal;
  /** Stop renewing: the claim has been settled, or given up. */
  letGo(): void;
}

interface Held {
  readonly claimed: ClaimedTask;
  readonly lost: AbortController;
  renewedAt: number;
}

export class Leases extends Duty {
  readonly #deps: LeasesDeps;
  readonly #held = new Set<Held>();

  constructor(deps: LeasesDeps) {
    super(deps, { name: 'renewing task leases', intervalMs: () => deps.renewMs, tick: () => this.#renewAll() });
    this.#deps = deps;
  }

  /** Keeps a claim alive from now on. */
  hold(claimed: ClaimedTask): Lease {
    const held: Held = { claimed, lost: new AbortController(), renewedAt: this.#deps.clock.monotonic() };
    this.#held.add(held);
    return { signal: held.lost.signal, letGo: () => void this.#held.delete(held) };
  }

  get count(): number {
    return this.#held.size;
  }

  async #renewAll(): Promise<void> {
    const byQueue = new Map<string, Held[]>();
    for (const held of this.#held) {
      const queue = byQueue.get(held.claimed.queue);
      if (queue === undefined) byQueue.set(held.claimed.queue, [held]);
      else queue.push(held);
    }
    try {
      for (const [queue, helds] of byQueue) await this.#renew(queue, helds);
    } finally {
      this.#loseLate();
    }
  }

  async #renew(queue: string, helds: readonly Held[]): Promise<void> {
    const askedAt = this.#deps.clock.monotonic();
    const receipts = helds.map((held) => held.claimed.receipt);
    const kept = await this.#deps.tasks.renew({ queue, node: this.#deps.node, receipts });
    helds.forEach((held, index) => {
      if (kept[index]) held.renewedAt = askedAt;
      else if (this.#held.has(held)) this.#lose(held);
    });
  }

  #loseLate(): void {
    const limit = this.#deps.clock.monotonic() - this.#deps.leaseMs;
    for (const held of this.#held) if (held.renewedAt < limit) this.#lose(held);
  }

  #lose(held: Held): void {
    this.#held.delete(held);
    const { taskId } = held.claimed.receipt;
    held.lost.abort(
      new OwnershipError('lease-lost', `expected to hold the lease of task ${taskId}, got: it has ended`, { taskId }),
    );
  }
}
