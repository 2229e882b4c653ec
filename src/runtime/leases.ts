/**
 * The leases of everything this node has claimed: renewed together, one call per queue, and lost with a signal.
 *
 * S1  A claim is renewed every third of the lease from the moment it is held until it is let go.
 * S2  The signal of a claim aborts with `OwnershipError('lease-lost')` when the broker calls its receipt stale, or when the
 *     lease may have ended by our own monotonic clock: whoever works must stop, and never acknowledge.
 * S3  When the task was cancelled, the signal aborts with `CancelledError('cancelled')`: told by a notice, and by the next
 *     renewal where that was lost. The claim is kept until it is settled, so that it ends as cancelled and is not recovered.
 */
import type { ClaimedTask, TaskPort } from '../broker/tasks.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { CancelledError, OwnershipError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
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
  /** S2: fires when the first of them may have ended. */
  #guard: Timer | undefined;

  constructor(deps: LeasesDeps) {
    super(deps, { name: 'renewing task leases', intervalMs: () => deps.renewMs, tick: () => this.#renewAll() });
    this.#deps = deps;
  }

  /** Keeps a claim alive from now on. */
  hold(claimed: ClaimedTask): Lease {
    const held: Held = { claimed, lost: new AbortController(), renewedAt: this.#deps.clock.monotonic() };
    this.#held.add(held);
    this.#guard ??= this.#deps.clock.setTimer(this.#deps.leaseMs, () => this.#loseLate());
    return { signal: held.lost.signal, letGo: () => this.#drop(held) };
  }

  /** S3 */
  cancel(taskId: string, message: string): void {
    for (const { claimed, lost } of this.#held)
      if (claimed.receipt.taskId === taskId) lost.abort(new CancelledError('cancelled', message));
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.#guard?.cancel();
    this.#guard = undefined;
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
    const pages = [...byQueue].flatMap(([queue, helds]) => pagesOf(helds).map((page) => this.#renew(queue, page)));
    const failed = (await Promise.allSettled(pages)).find((renewal) => renewal.status === 'rejected');
    if (failed !== undefined) throw failed.reason; // one queue's trouble does not keep the others from being renewed
  }

  async #renew(queue: string, helds: readonly Held[]): Promise<void> {
    const askedAt = this.#deps.clock.monotonic();
    const receipts = helds.map((held) => held.claimed.receipt);
    const kept = await this.#deps.tasks.renew({ queue, node: this.#deps.node, receipts });
    helds.forEach((held, index) => {
      const renewal = kept[index] ?? 'stale';
      if (renewal !== 'stale') held.renewedAt = askedAt;
      else if (this.#held.has(held)) this.#lose(held);
      if (renewal === 'cancelled') this.cancel(held.claimed.receipt.taskId, 'the task was cancelled');
    });
  }

  /** Loses what was not renewed in time, and looks again when the next one may have ended. */
  #loseLate(): void {
    const { clock, leaseMs } = this.#deps;
    const limit = clock.monotonic() - leaseMs;
    this.#guard = undefined;
    for (const held of this.#held) if (held.renewedAt <= limit) this.#lose(held);
    let oldest = Number.POSITIVE_INFINITY;
    for (const held of this.#held) oldest = Math.min(oldest, held.renewedAt);
    if (this.#held.size > 0) this.#guard = clock.setTimer(oldest - limit, () => this.#loseLate());
  }

  #drop(held: Held): void {
    this.#held.delete(held);
    if (this.#held.size > 0) return;
    this.#guard?.cancel();
    this.#guard = undefined;
  }

  #lose(held: Held): void {
    this.#drop(held);
    const { taskId } = held.claimed.receipt;
    held.lost.abort(
      new OwnershipError('lease-lost', `expected to hold the lease of task ${taskId}, got: it has ended`, { taskId }),
    );
  }
}

/** A call takes at most as many receipts as a frame takes operations. */
function pagesOf(helds: readonly Held[]): readonly (readonly Held[])[] {
  const count = Math.ceil(helds.length / limits.frameOps);
  return Array.from({ length: count }, (_, page) => helds.slice(page * limits.frameOps, (page + 1) * limits.frameOps));
}
