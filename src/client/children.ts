/**
 * The children of one fan-out in the hands of their parent: followed from the moment they are stored, ended together.
 *
 * W4  With `cancel`, the first child that fails for good cancels the others, whether or not anybody waits for results yet.
 * W5  `results` and `settled` resolve or throw when no child runs any more, or when the signal of their parent aborts.
 */
import type { Children } from '../agent/many-tasks.ts';
import { sleep } from '../core/clock.ts';
import { BrokerError, describeError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { observe } from '../core/observer.ts';
import { type Cancellation, cancelTask } from './cancel.ts';
import type { Member } from './member.ts';
import type { Handle } from './task-handle.ts';

export interface ChildrenDeps {
  readonly member: Member;
  readonly handles: readonly Handle[];
  readonly onFailure: 'cancel' | 'collect';
  /** Of the parent's handler call. */
  readonly signal: AbortSignal;
  readonly resultTtlMs: number;
}

/** Between two tries to cancel what goes with a child that has failed. */
const againMs = 500;

export class ChildTasks implements Children {
  readonly handles: readonly Handle[];
  readonly #deps: ChildrenDeps;
  readonly #open: Set<Handle>;
  readonly #ends: readonly Promise<PromiseSettledResult<unknown>>[];
  #failure: { readonly error: unknown } | undefined;

  constructor(deps: ChildrenDeps) {
    this.#deps = deps;
    this.handles = deps.handles;
    this.#open = new Set(deps.handles);
    this.#ends = deps.handles.map((handle) => this.#follow(handle));
    for (const end of this.#ends) end.catch(() => undefined); // whoever waits hears of it; nobody has to
  }

  /** How many have not ended, as far as is known. */
  get open(): number {
    return this.#open.size;
  }

  async results(): Promise<unknown[]> {
    const ends = await this.settled();
    if (this.#failure !== undefined) throw this.#failure.error;
    return ends.map((end) => (end.status === 'fulfilled' ? end.value : undefined));
  }

  /** W5 */
  settled(): Promise<PromiseSettledResult<unknown>[]> {
    return Promise.all(this.#ends);
  }

  cancel(reason?: string): Promise<void> {
    return this.cancelOpen({ reason: reason ?? 'its parent cancelled the task, and gave no reason' });
  }

  /** Rejects with `BrokerError`; those that were not reached end when they look after their parent. */
  async cancelOpen(cancellation: Pick<Cancellation, 'reason' | 'code'>): Promise<void> {
    const { member, resultTtlMs } = this.#deps;
    const open = [...this.#open];
    for (let from = 0; from < open.length; from += limits.frameOps) {
      const page = open.slice(from, from + limits.frameOps);
      await Promise.all(page.map(({ id: taskId }) => cancelTask(member, { ...cancellation, taskId, resultTtlMs })));
    }
  }

  async #follow(handle: Handle): Promise<PromiseSettledResult<unknown>> {
    const { signal, onFailure } = this.#deps;
    try {
      const value = await handle.listenNow().result({ signal });
      this.#open.delete(handle);
      return { status: 'fulfilled', value };
    } catch (error) {
      if (signal.aborted || error instanceof BrokerError) throw error;
      this.#open.delete(handle);
      const isFirst = this.#failure === undefined;
      this.#failure ??= { error };
      if (isFirst && onFailure === 'cancel') await this.#cancelOthers(handle.id);
      return { status: 'rejected', reason: error };
    }
  }

  /** W4: until it was heard; cancelling again changes nothing (control, O1). */
  async #cancelOthers(failed: string): Promise<void> {
    const { member, signal } = this.#deps;
    const { observer, clock } = member.deps;
    while (this.#open.size > 0) {
      try {
        return await this.cancelOpen({ reason: `task ${failed}, a child of the same parent, has failed` });
      } catch (error) {
        const what = `cancelling what goes with ${failed}`;
        observe(observer, 'broker.trouble', { what, error: describeError(error) });
        if (!(error instanceof BrokerError && error.repeatable)) return;
        await sleep(clock, againMs, signal);
      }
    }
  }
}
