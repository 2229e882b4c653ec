/**
 * The leases of everything this node has claimed: renewed together, one call per queue, and lost with a signal.
 *
 * S1  A claim is renewed every third of the lease from the moment it is held until it is let go.
 * S2  The signal of a claim aborts with `OwnershipError('lease-lost')` when the broker calls its receipt stale, or when the
 *     lease may have ended by our own monotonic clock: whoever works must stop, and never acknowledge.
 * S3  When the task was cancelled, the signal aborts with `CancelledError('cancelled')`: told by a notice, and by the next
 *     renewal where that was lost. The claim is kept until it is settled, so that it ends as cancelled and is not recovered.
 * S4  A handler begins at once, and the broker takes that for granted. Only where it does not (it was told that the handler waits, or the
 *     task has lost a holder: broker/tasks.ts, T10) is it told first: the beginnings of one tick with one call for each queue.
 *     Every renewal says which handlers wait.
 */
import type { ClaimedTask, HeldReceipt, TaskPort } from '../broker/tasks.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { CancelledError, OwnershipError } from '../core/errors.ts';
import { LazyAbort } from '../core/lazy-abort.ts';
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
  /** S2, S3 */
  readonly lost: LazyAbort;
  readonly hasBegun: boolean;
  /** S4: true when the handler has begun with this; false when the broker has to be told first. */
  beginAtOnce(): boolean;
  /** S4: resolves when the handler may begin, unless `lost` has aborted. Rejects with `BrokerError`. */
  begin(): Promise<void>;
  /** Stop renewing: the claim has been settled, or given up. */
  letGo(): void;
}

/** What a lease asks of those who renew it. */
interface Keeper {
  begin(held: Held): Promise<void>;
  drop(held: Held): void;
}

class Held implements Lease {
  readonly claimed: ClaimedTask;
  readonly lost = new LazyAbort();
  readonly #keeper: Keeper;
  renewedAt: number;
  hasBegun = false;
  /** The broker does not take it for granted that the handler has begun (S4). */
  isDoubted: boolean;

  constructor(claimed: ClaimedTask, renewedAt: number, keeper: Keeper) {
    this.claimed = claimed;
    this.renewedAt = renewedAt;
    this.isDoubted = claimed.lost !== undefined;
    this.#keeper = keeper;
  }

  beginAtOnce(): boolean {
    if (this.isDoubted) return false;
    this.hasBegun = true;
    return true;
  }

  begin(): Promise<void> {
    return this.beginAtOnce() ? Promise.resolve() : this.#keeper.begin(this);
  }

  letGo(): void {
    this.#keeper.drop(this);
  }
}

interface Beginning {
  readonly held: Held;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Leases extends Duty {
  readonly #deps: LeasesDeps;
  readonly #held = new Set<Held>();
  readonly #keeper: Keeper = { begin: (held: Held) => this.#begin(held), drop: (held: Held) => this.#drop(held) };
  #beginnings: Beginning[] = [];
  /** S2: fires when the first of them may have ended. */
  #guard: Timer | undefined;

  constructor(deps: LeasesDeps) {
    super(deps, { name: 'renewing task leases', intervalMs: () => deps.renewMs, tick: () => this.#renewAll() });
    this.#deps = deps;
  }

  /** Keeps a claim alive from now on. */
  hold(claimed: ClaimedTask): Lease {
    const held = new Held(claimed, this.#deps.clock.monotonic(), this.#keeper);
    this.#held.add(held);
    this.#guard ??= this.#deps.clock.setTimer(this.#deps.leaseMs, () => this.#loseLate());
    return held;
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

  /** S4 */
  #begin(held: Held): Promise<void> {
    held.hasBegun = true;
    return new Promise((resolve, reject) => {
      if (this.#beginnings.push({ held, resolve, reject }) === 1)
        this.#deps.clock.endOfTick(() => void this.#tellBeginnings());
    });
  }

  async #tellBeginnings(): Promise<void> {
    const beginnings = this.#beginnings;
    this.#beginnings = [];
    const tell = async (queue: string, page: readonly Beginning[]): Promise<void> => {
      try {
        const helds = page.map(({ held }) => held);
        await this.#renew(queue, helds);
        for (const { resolve } of page) resolve();
      } catch (error) {
        for (const { held } of page) held.hasBegun = false;
        for (const { reject } of page) reject(error);
      }
    };
    await Promise.all(pagesOf(beginnings, ({ held }) => held, tell));
  }

  async #renewAll(): Promise<void> {
    const pages = pagesOf(
      [...this.#held],
      (held) => held,
      (queue, page) => this.#renew(queue, page),
    );
    const failed = (await Promise.allSettled(pages)).find((renewal) => renewal.status === 'rejected');
    if (failed !== undefined) throw failed.reason; // one queue's trouble does not keep the others from being renewed
  }

  async #renew(queue: string, helds: readonly Held[]): Promise<void> {
    const askedAt = this.#deps.clock.monotonic();
    const receipts = helds.map(said);
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

/** S4: what is said of a claim with its renewal. */
function said(held: Held): HeldReceipt {
  const { receipt } = held.claimed;
  if (held.hasBegun) return held.isDoubted ? { ...receipt, handler: 'begun' } : receipt;
  held.isDoubted = true;
  return { ...receipt, handler: 'waits' };
}

/** What `call` makes of each page of them: a call is for one queue, and takes at most as many receipts as a frame takes operations. */
function pagesOf<T, R>(
  all: readonly T[],
  heldOf: (one: T) => Held,
  call: (queue: string, page: readonly T[]) => R,
): R[] {
  const pages: { readonly queue: string; readonly page: T[] }[] = [];
  const open = new Map<string, T[]>();
  for (const one of all) {
    const { queue } = heldOf(one).claimed;
    const page = open.get(queue);
    if (page !== undefined && page.length < limits.frameOps) page.push(one);
    else {
      const next = [one];
      open.set(queue, next);
      pages.push({ queue, page: next });
    }
  }
  return pages.map(({ queue, page }) => call(queue, page));
}
