/**
 * A claimed task as its handler sees it.
 *
 * Its signal, its reports and its fan-out are made when the handler asks for them: most ask for none, and each costs as much as the rest.
 */
import type { Task } from '../agent/envelopes.ts';
import type { Lock } from '../agent/lock.ts';
import { scopeOf } from '../client/scope.ts';
import { encodePayload, type Trace } from '../core/envelope.ts';
import type { CallSignal } from './handler-call.ts';
import type { Delivery } from './task-delivery.ts';

export class TaskInHand implements Task {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly attempt: number;
  readonly redelivered: boolean;
  readonly deadline?: number;
  readonly parent?: string;
  readonly from: string;
  readonly trace: Trace;
  /** There once it was taken. */
  lock?: Lock;
  readonly #delivery: Delivery;
  readonly #limits: CallSignal;
  #progress: Task['progress'] | undefined;
  #fanOut: Task['fanOut'] | undefined;

  constructor(delivery: Delivery, limits: CallSignal, input: unknown) {
    const { envelope, work } = delivery;
    const { receipt, attempt, redelivered } = work.claimed;
    this.#delivery = delivery;
    this.#limits = limits;
    this.id = receipt.taskId;
    this.name = envelope.name;
    this.input = input;
    this.attempt = attempt;
    this.redelivered = redelivered || attempt > 1 || envelope.again === true;
    if (envelope.deadline !== undefined) this.deadline = envelope.deadline;
    if (envelope.parent !== undefined) this.parent = envelope.parent;
    this.from = envelope.from;
    this.trace = envelope.trace;
  }

  get signal(): AbortSignal {
    return this.#limits.signal;
  }

  get fanOut(): Task['fanOut'] {
    return (this.#fanOut ??= this.#delivery.family.fanOut(this.signal));
  }

  /** A function of its own: handlers may take it out of the task. */
  get progress(): Task['progress'] {
    return (this.#progress ??= async (done, total, note) => this.#report(done, total, note));
  }

  /** Resolves when what it reported has been told, or cannot be: nobody hears of its end before. Undefined when it reported nothing. */
  told(): Promise<void> | undefined {
    return this.#delivery.hasReported ? this.#delivery.deps.progress.flush() : undefined;
  }

  #report(done: number, total: number | undefined, note: string | undefined): void {
    const { deps, cell, envelope, work } = this.#delivery;
    scopeOf(deps.scopes); // refused when the call was given up
    const at = deps.member.serverNow();
    const step = { done, ...(total !== undefined && { total }), ...(note !== undefined && { note }), at };
    const { name, via, classic: classicId = this.id } = envelope;
    const report = { taskId: this.id, body: encodePayload(step, 'a progress report'), notify: via };
    const classic = { taskId: classicId, name, agent: cell.id, at };
    const { queue } = work.claimed;
    this.#delivery.hasReported = true;
    deps.progress.send({ queue, report: { ...report, ttlMs: deps.settings.resultTtlMs, classic } });
  }
}
