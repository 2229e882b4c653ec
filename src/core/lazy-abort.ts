/**
 * What an `AbortController` is, for what there are very many of: the end of something, once, with its reason.
 *
 * Its `AbortSignal` is made when somebody asks for it. Few do, and one costs as much as all else that a short task needs; an agent that is
 * idle would hold one for nothing. Inside the runtime ends are listened to without it.
 */
import { setMaxListeners } from 'node:events';
import { abortReason } from './errors.ts';

/** Who hears that something has ended. */
export interface AbortListener {
  onAbort(source: LazyAbort): void;
}

export class LazyAbort {
  #controller: AbortController | undefined;
  #isAborted = false;
  #reason: unknown;
  /** Most have one listener at most: the others are in the set. */
  #listener: AbortListener | undefined;
  #others: Set<AbortListener> | undefined;

  get aborted(): boolean {
    return this.#isAborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** For those who need a real one. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // a handler may wait for many things at once, each until it aborts
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  throwIfAborted(): void {
    if (this.#isAborted) throw abortReason(this);
  }

  /** The first reason counts. */
  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#listener?.onAbort(this);
    for (const listener of this.#others ?? []) listener.onAbort(this);
  }

  /** `listener` hears of it once; not when it has aborted already. */
  listen(listener: AbortListener): void {
    if (this.#listener === undefined) this.#listener = listener;
    else if (this.#listener !== listener) (this.#others ??= new Set()).add(listener);
  }

  unlisten(listener: AbortListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }
}
