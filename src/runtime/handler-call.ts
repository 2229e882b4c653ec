/**
 * One call of user code: under its scope, with one signal made of everything that may end it, and never longer than that.
 *
 * R1  The signal aborts for the first of: a given source (lease, cell, lock), the timeout, the deadline. Its reason says which.
 *     `fail` aborts it, too: the agent itself has failed in the course of this call (culprits.ts, U18).
 * R2  The call ends when the handler ends. When the handler ignores its signal, the call is given up after its grace, with the
 *     signal's reason (of a drain: within `drainAbortMs`, whatever its own grace is): what the handler still does has no effect on what is settled, and the verbs that it uses are refused.
 *     It is a zombie until it ends, and its cell is told of it (cell.ts, X5).
 */
import type { ContextSlot, Held } from '../core/context-slot.ts';
import type { CallScope } from '../client/scope.ts';
import type { Clock, Timer } from '../core/clock.ts';
import type { Trace } from '../core/envelope.ts';
import { abortReason, CancelledError, DeliveryError, HandlerError } from '../core/errors.ts';
import { type AbortListener, LazyAbort } from '../core/lazy-abort.ts';

/** When the handler does not say. */
export const abortGraceMs = 1_000;
/** What any handler has at most when its node has to leave: the rest of the second after the grace is for `onStop`. */
export const drainAbortMs = 600;

export interface CallLimits {
  readonly sources: readonly LazyAbort[];
  /** Milliseconds left until the deadline. */
  readonly deadlineInMs?: number | undefined;
}

/** The agent failed in the course of this call: the call is charged with it, whatever its handler makes of the abort. */
export class AgentFailed extends HandlerError {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause, details: { byHandler: true } });
  }
}

/** The signal of one call (R1). `end` releases its timers and listeners. */
export class CallSignal extends LazyAbort implements AbortListener {
  readonly #clock: Clock;
  /** What ends it from inside the runtime. */
  readonly #sources: readonly LazyAbort[];
  /** Not started yet: when it ends, on the monotonic clock, and with what. */
  #untimed: { readonly at: number; readonly reason: () => Error }[] | undefined;
  #timers: Timer[] | undefined;
  #detach: (() => void)[] | undefined;

  constructor(clock: Clock, { sources, deadlineInMs }: CallLimits) {
    super();
    this.#clock = clock;
    this.#sources = sources;
    for (const source of sources) {
      if (source.aborted) this.onAbort(source);
      else source.listen(this);
    }
    if (deadlineInMs !== undefined)
      this.#after(deadlineInMs, () => new DeliveryError('deadline', 'the deadline has passed while the handler ran'));
  }

  onAbort(source: { readonly reason: unknown }): void {
    this.abort(abortReason(source));
  }

  fail(error: unknown): void {
    this.abort(new AgentFailed(error));
  }

  /** What the call ended with; `error` is what its handler threw. */
  outcomeOf(error: unknown): unknown {
    const { reason } = this;
    return reason instanceof AgentFailed ? reason : error;
  }

  /** One more source, which is no part of the runtime. */
  add(source: AbortSignal): void {
    const onAbort = (): void => this.onAbort(source);
    if (source.aborted) return onAbort();
    source.addEventListener('abort', onAbort, { once: true });
    (this.#detach ??= []).push(() => source.removeEventListener('abort', onAbort));
  }

  /** Sets the handler's own time, before it is called: what it waited for before (a lock) does not count. */
  startTimeout(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    this.#after(
      timeoutMs,
      () => new CancelledError('timeout', `the handler ran longer than its timeout of ${timeoutMs} ms`),
    );
  }

  /** What `call` gives, or a promise of it; ends with it. Throws or rejects with what the call ended with. */
  during(call: () => unknown): unknown {
    let value: unknown;
    try {
      value = call();
    } catch (error) {
      this.end();
      throw this.outcomeOf(error);
    }
    if (value instanceof Promise) return this.#endWith(value);
    this.end();
    return value;
  }

  async #endWith(value: Promise<unknown>): Promise<unknown> {
    try {
      return await value;
    } catch (error) {
      throw this.outcomeOf(error);
    } finally {
      this.end();
    }
  }

  end(): void {
    for (const source of this.#sources) source.unlisten(this);
    for (const timer of this.#timers ?? []) timer.cancel();
    for (const detach of this.#detach ?? []) detach();
  }

  /** The error is made when it is needed: most calls end in time, and an error costs as much as the call. */
  #after(ms: number, reason: () => Error): void {
    (this.#untimed ??= []).push({ at: this.#clock.monotonic() + ms, reason });
  }

  /** The call has something to wait for: only now can time pass in it, and most calls never come so far. */
  startClock(): void {
    const now = this.#clock.monotonic();
    for (const { at, reason } of this.#untimed ?? [])
      (this.#timers ??= []).push(this.#clock.setTimer(at - now, () => this.abort(reason())));
    this.#untimed = undefined;
  }
}

export interface HandlerCall {
  readonly clock: Clock;
  readonly scopes: ContextSlot<CallScope>;
  readonly trace: Trace;
  /** Server time in milliseconds. */
  readonly deadline?: number | undefined;
  readonly limits: CallSignal;
  /** In whose name the body runs (culprits.ts, U18). */
  readonly culprit: Held;
  /** What the handler returns, or a promise of it. */
  readonly body: () => unknown;
  /** How long the handler may go on when its signal has aborted. */
  readonly graceMs?: number | undefined;
  /** It is given up: resolves when the handler has ended all the same (R2). */
  readonly onGivenUp: (rest: Promise<void>) => void;
}

/** Runs `body` (R2): what it returns, or a promise of it. Throws or rejects with what ends it. */
export function callHandler(call: HandlerCall): unknown {
  const { scopes, limits, body, culprit } = call;
  limits.throwIfAborted();
  const scope = new Scope(call);
  const returned = scopes.run(scope, body, culprit);
  if (!(returned instanceof Promise)) return returned;
  limits.startClock();
  return untilGivenUp(call, scope, returned);
}

class Scope implements CallScope {
  readonly trace: Trace;
  readonly deadline?: number;
  readonly #limits: CallSignal;
  #reason: Error | undefined;

  constructor({ trace, deadline, limits }: HandlerCall) {
    this.trace = trace;
    if (deadline !== undefined) this.deadline = deadline;
    this.#limits = limits;
  }

  get signal(): AbortSignal {
    return this.#limits.signal;
  }

  givenUp(): Error | undefined {
    return this.#reason;
  }

  giveUp(): Error {
    return (this.#reason = abortReason(this.#limits));
  }
}

/** `running` rejects with what the handler throws. */
function untilGivenUp(
  { clock, limits, onGivenUp, graceMs = abortGraceMs }: HandlerCall,
  scope: Scope,
  running: Promise<unknown>,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let timer: Timer | undefined;
    const giveUp = (): void => {
      const reason = scope.giveUp();
      const ended = (): void => undefined;
      onGivenUp(running.then(ended, ended));
      reject(reason);
    };
    const watch: AbortListener = {
      onAbort({ reason }) {
        const isDrain = reason instanceof CancelledError && reason.code === 'drain';
        timer = clock.setTimer(isDrain ? Math.min(graceMs, drainAbortMs) : graceMs, giveUp);
      },
    };
    const end = (): void => {
      timer?.cancel();
      limits.unlisten(watch);
    };
    limits.listen(watch);
    running.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
    if (limits.aborted) watch.onAbort(limits); // its first, synchronous part has seen to that
  });
}
