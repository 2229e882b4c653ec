/**
 * One call of user code: under its scope, with one signal made of everything that may end it, and never longer than that.
 *
 * R1  The signal aborts for the first of: a given source (lease, cell, lock), the timeout, the deadline. Its reason says which.
 *     `fail` aborts it, too: the agent itself has failed in the course of this call (culprits.ts, U18).
 * R2  The call ends when the handler ends. When the handler ignores its signal, the call is given up after its grace, with the
 *     signal's reason (of a drain: within `drainAbortMs`, whatever its own grace is): what the handler still does has no effect on what is settled, and the verbs that it uses are refused.
 *     It is a zombie until it ends, and its cell is told of it (cell.ts, X5).
 */
import type { ContextSlot } from '../core/context-slot.ts';
import { setMaxListeners } from 'node:events';
import type { CallScope } from '../client/scope.ts';
import type { Clock, Timer } from '../core/clock.ts';
import type { Trace } from '../core/envelope.ts';
import { abortReason, CancelledError, DeliveryError, HandlerError } from '../core/errors.ts';

/** When the handler does not say. */
export const abortGraceMs = 1_000;
/** What any handler has at most when its node has to leave: the rest of the second after the grace is for `onStop`. */
export const drainAbortMs = 600;

export interface CallLimits {
  readonly sources: readonly AbortSignal[];
  /** Milliseconds left until the deadline. */
  readonly deadlineInMs?: number | undefined;
}

/** The agent failed in the course of this call: the call is charged with it, whatever its handler makes of the abort. */
export class AgentFailed extends HandlerError {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause, details: { byHandler: true } });
  }
}

/**
 * The signal of one call (R1). `end` releases its timers and listeners.
 *
 * The `AbortSignal` itself is made when somebody asks for it: few handlers do, and it costs as much as the rest of a short call.
 */
export class CallSignal {
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #timers: Timer[] = [];
  readonly #detach: (() => void)[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock, limits: CallLimits) {
    this.#clock = clock;
    for (const source of limits.sources) this.add(source);
    const { deadlineInMs } = limits;
    if (deadlineInMs !== undefined)
      this.#after(deadlineInMs, () => new DeliveryError('deadline', 'the deadline has passed while the handler ran'));
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // a handler may wait for many things at once, each until it aborts
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  get reason(): unknown {
    return this.#aborted?.reason;
  }

  /** Calls `listener` once it aborts, until the returned function is called. */
  onAbort(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  fail(error: unknown): void {
    this.#abort(new AgentFailed(error));
  }

  /** What the call ended with; `error` is what its handler threw. */
  outcomeOf(error: unknown): unknown {
    const { reason } = this;
    return reason instanceof AgentFailed ? reason : error;
  }

  add(source: AbortSignal): void {
    const onAbort = (): void => this.#abort(abortReason(source));
    if (source.aborted) return onAbort();
    source.addEventListener('abort', onAbort, { once: true });
    this.#detach.push(() => source.removeEventListener('abort', onAbort));
  }

  /** Begins the handler's own time: what it waited for before (a lock) does not count. */
  startTimeout(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    this.#after(
      timeoutMs,
      () => new CancelledError('timeout', `the handler ran longer than its timeout of ${timeoutMs} ms`),
    );
  }

  end(): void {
    for (const timer of this.#timers) timer.cancel();
    for (const detach of this.#detach) detach();
  }

  /** The error is made when it is needed: most calls end in time, and an error costs as much as the call. */
  #after(ms: number, reason: () => Error): void {
    this.#timers.push(this.#clock.setTimer(ms, () => this.#abort(reason())));
  }

  #abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
    for (const listener of this.#listeners) listener();
  }
}

export interface HandlerCall {
  readonly clock: Clock;
  readonly scopes: ContextSlot<CallScope>;
  readonly trace: Trace;
  /** Server time in milliseconds. */
  readonly deadline?: number | undefined;
  readonly limits: CallSignal;
  readonly body: () => Promise<unknown>;
  /** How long the handler may go on when its signal has aborted. */
  readonly graceMs?: number | undefined;
  /** It is given up: resolves when the handler has ended all the same (R2). */
  readonly onGivenUp: (rest: Promise<void>) => void;
}

/** Runs `body` (R2). */
export function callHandler(call: HandlerCall): Promise<unknown> {
  const { clock, scopes, trace, deadline, limits, body, graceMs = abortGraceMs } = call;
  let reason: Error | undefined;
  const scope: CallScope = {
    trace,
    get signal() {
      return limits.signal;
    },
    givenUp: () => reason,
    ...(deadline === undefined ? {} : { deadline }),
  };
  return new Promise((resolve, reject) => {
    let timer: Timer | undefined;
    let running: Promise<void> = Promise.resolve();
    const onAbort = (): void => {
      const why = limits.reason;
      const isDrain = why instanceof CancelledError && why.code === 'drain';
      timer = clock.setTimer(isDrain ? Math.min(graceMs, drainAbortMs) : graceMs, () => {
        reason = abortReason(limits);
        call.onGivenUp(running);
        reject(reason);
      });
    };
    if (limits.aborted) return reject(abortReason(limits));
    const unlisten = limits.onAbort(onAbort);
    const end = (): void => {
      timer?.cancel();
      unlisten();
    };
    const ending = scopes.run(scope, body).finally(end);
    running = ending.then(
      () => undefined,
      () => undefined,
    );
    ending.then(resolve, reject);
  });
}
