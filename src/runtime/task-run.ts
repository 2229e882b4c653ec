/**
 * The handler's part of a delivery: lock, turn, call, check of the result. What it ends with is the delivery's affair (task-execution.ts).
 *
 * Every task pays for each wait, and most need none: a step is taken at once where it can be.
 */
import type { TaskHandler } from '../agent/handlers.ts';
import type { Lock } from '../agent/lock.ts';
import { checkSoon } from '../client/check-payload.ts';
import { wrapThrown } from '../client/reply-error.ts';
import { encodePayload } from '../core/envelope.ts';
import { describeError, HandlerError, OwnershipError, TerminalError } from '../core/errors.ts';
import { observe } from '../core/observer.ts';
import { callHandler, CallSignal } from './handler-call.ts';
import { placeOf } from './handler-place.ts';
import { takeTurn } from './task-admission.ts';
import type { Delivery } from './task-delivery.ts';
import { TaskInHand } from './task-in-hand.ts';
import { toItsEnd } from './task-parts.ts';

export class TaskRun {
  readonly #delivery: Delivery;
  readonly #handler: TaskHandler;
  readonly #limits: CallSignal;
  readonly #task: TaskInHand;
  #leaveTurn: (() => void) | undefined;
  /** Of a handler that was given up: resolves when it has ended all the same. */
  #rest: Promise<void> | undefined;

  constructor(delivery: Delivery, handler: TaskHandler, input: unknown) {
    const { deps, cell, work, envelope } = delivery;
    const { deadline } = envelope;
    const deadlineInMs = deadline === undefined ? undefined : deadline - deps.member.serverNow();
    const sources = [work.lease.lost, cell.life];
    this.#delivery = delivery;
    this.#handler = handler;
    this.#limits = new CallSignal(deps.member.deps.clock, { sources, deadlineInMs });
    this.#task = new TaskInHand(delivery, this.#limits, input);
  }

  /** The result as JSON text, or a promise of it. Throws or rejects with what ended the run. */
  start(): string | Promise<string> {
    let result: string | Promise<string>;
    try {
      this.#limits.throwIfAborted(); // it was cancelled or lost while it waited in the mailbox
      const ready = this.#ready();
      result = ready === undefined ? this.#call() : ready.then(() => this.#call());
    } catch (error) {
      return this.#failed(error);
    }
    if (!(result instanceof Promise)) return this.#left(result);
    return result.then(
      (text) => this.#left(text),
      (error: unknown) => this.#failed(error),
    );
  }

  /** Undefined when nothing has to be waited for. */
  #ready(): Promise<void> | undefined {
    const { lockName } = this.#handler.options;
    const ready = lockName === undefined ? this.#turn() : this.#lock(lockName(this.#task));
    if (ready !== undefined) this.#limits.startClock();
    return ready;
  }

  async #lock(name: string): Promise<void> {
    this.#task.lock = await this.#takeLock(name);
    await this.#turn();
  }

  #turn(): Promise<void> | undefined {
    const { deps, work } = this.#delivery;
    return takeTurn(deps, work, this.#handler, this.#limits)?.then((leave) => void (this.#leaveTurn = leave));
  }

  #call(): string | Promise<string> {
    this.#limits.startTimeout(this.#handler.options.timeoutMs);
    this.#tellStart();
    const returned = this.#callHandler();
    return returned instanceof Promise
      ? returned.then((value) => encodeResult(this.#handler, value))
      : encodeResult(this.#handler, returned);
  }

  /** What the handler returns, or a promise of it. */
  #callHandler(): unknown {
    const { deps, cell, work, envelope } = this.#delivery;
    const [handler, limits] = [this.#handler, this.#limits];
    const place = placeOf(deps, cell, handler);
    const partsOf = () => ({ handler, claimed: work.claimed, notify: envelope.via, signal: limits.signal });
    const { trace, deadline } = envelope;
    return callHandler({
      clock: deps.member.deps.clock,
      scopes: deps.scopes,
      trace,
      deadline,
      limits,
      culprit: deps.culprits.holding(cell, limits),
      body: () => toItsEnd(deps.member, partsOf, place.call(this.#task)),
      graceMs: handler.options.graceMs,
      onGivenUp: (rest) => {
        this.#rest = rest;
        place.giveUp(rest);
      },
    });
  }

  #left(text: string): string | Promise<string> {
    return this.#leave()?.then(() => text) ?? text;
  }

  /** What the handler's own asks met is not what became of this task. */
  #failed(error: unknown): Promise<never> {
    const limits = this.#limits;
    const reason = limits.aborted && !(error instanceof OwnershipError) ? limits.reason : wrapThrown(error);
    const left = this.#leave();
    if (left === undefined) throw reason;
    return left.then(() => Promise.reject(reason as Error));
  }

  /** Undefined when nothing has to be waited for. */
  #leave(): Promise<void> | undefined {
    this.#limits.end();
    this.#leaveTurn?.();
    const told = this.#task.told();
    const { lock } = this.#task;
    if (lock === undefined) return told;
    // A handler that ignores its signal still works under the lock: nobody else may have it before that has ended.
    const release = (): Promise<void> => this.#releaseLock(lock);
    if (this.#rest === undefined) return release().then(() => told);
    void this.#rest.then(release);
    return told;
  }

  #tellStart(): void {
    const { deps, cell, work, envelope } = this.#delivery;
    const { receipt, attempt, redelivered } = work.claimed;
    observe(deps.member.deps.observer, 'task.started', {
      agent: cell.id,
      task: receipt.taskId,
      name: envelope.name,
      attempt,
      redelivered: redelivered || envelope.again === true,
    });
  }

  async #takeLock(name: string): Promise<Lock> {
    const { deps, cell } = this.#delivery;
    const lock = await deps.member.locks.acquire({
      name,
      owner: cell.id,
      leaseMs: deps.settings.lockLeaseMs,
      waitMs: Number.POSITIVE_INFINITY,
      signal: this.#limits.signal,
    });
    this.#limits.add(lock.signal);
    return lock;
  }

  async #releaseLock(lock: Lock): Promise<void> {
    const { deps, cell } = this.#delivery;
    try {
      await lock.release();
    } catch (error) {
      // Its lease ends by itself; the task's own outcome is not touched by it.
      observe(deps.member.deps.observer, 'broker.trouble', {
        what: `releasing lock "${lock.name}" of ${cell.id}`,
        error: describeError(error),
      });
    }
  }
}

/** The result as JSON text, or a promise of it. */
function encodeResult(handler: TaskHandler, value: unknown): string | Promise<string> {
  const unfit = (cause: unknown): never => {
    throw new HandlerError(cause instanceof Error ? cause.message : String(cause), { cause });
  };
  let checked: unknown;
  try {
    checked = checkSoon(handler.output, value, `the result of task "${handler.name}"`);
  } catch (cause) {
    return unfit(cause);
  }
  return checked instanceof Promise ? checked.then(() => encoded(handler, value), unfit) : encoded(handler, value);
}

function encoded(handler: TaskHandler, value: unknown): string {
  try {
    return encodePayload(value ?? null, `the result of task "${handler.name}"`);
  } catch (cause) {
    throw new TerminalError(cause instanceof Error ? cause.message : String(cause), { cause }); // it would not fit next time
  }
}
