/**
 * One delivery of one task: what is known of it, and how it is settled. Nothing is settled anywhere else.
 *
 * E1  The next task does not wait for the answer to a settle, so that those of one tick travel together. A cell has a bounded number of
 *     them on the way, each under its lease, and has not ended before they have.
 */
import type { TaskOutcome } from '../broker/queues.ts';
import type { SettleReply } from '../broker/tasks.ts';
import type { Answer } from '../client/frame-line.ts';
import { defaultBackoff } from '../core/backoff.ts';
import { decodeEnvelope, type Envelope } from '../core/envelope.ts';
import { BrokerError, OwnershipError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { observe } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { Family } from './family.ts';
import { type ExecutionDeps, reportFailure } from './handling.ts';
import type { Attempt, Verdict } from './outcome.ts';
import type { Work } from './work.ts';

export type TaskWork = Work & { readonly kind: 'task' };

export class Delivery implements Answer<SettleReply> {
  readonly deps: ExecutionDeps;
  readonly cell: Cell;
  readonly work: TaskWork;
  /** Its handler has reported, in notices: the end is told behind them, by one. */
  hasReported = false;
  readonly #startedAt: number;
  #envelope: Envelope | undefined;
  #family: Family | undefined;
  #verdict: Verdict | undefined;
  #hasEnded = false;
  /** Of whoever waits until it is settled. */
  #onSettled: (() => void) | undefined;

  constructor(deps: ExecutionDeps, cell: Cell, work: TaskWork) {
    this.deps = deps;
    this.cell = cell;
    this.work = work;
    this.#startedAt = deps.member.deps.clock.monotonic();
  }

  /** Throws `DeliveryError` when it cannot be read. */
  get envelope(): Envelope {
    return (this.#envelope ??= decodeEnvelope(this.work.claimed.envelope));
  }

  /** The children that its handler fans out. */
  get family(): Family {
    return (this.#family ??= new Family(this.deps, this.cell, this.work.claimed.receipt.taskId));
  }

  /** How long its outcome is kept. */
  get resultTtlMs(): number {
    return this.#envelope?.policy?.resultTtlMs ?? this.#options?.resultTtlMs ?? this.deps.settings.resultTtlMs;
  }

  get attempt(): Attempt {
    const { claimed } = this.work;
    return {
      taskId: claimed.receipt.taskId,
      attempt: claimed.attempt,
      lost: claimed.lost?.length ?? 0,
      returned: claimed.returned ?? 0,
      retries: this.#envelope?.policy?.retries ?? this.#options?.retries ?? 0,
      backoff: this.#options?.backoff ?? defaultBackoff,
      resultTtlMs: this.resultTtlMs,
    };
  }

  get #options() {
    return this.cell.spec.table.tasks.get(this.#envelope?.name ?? '')?.options;
  }

  /** Ends it. Undefined when the next task may begin at once (E1), else a promise that resolves then; never rejects. */
  settle(verdict: Verdict): Promise<void> | undefined {
    const { deps, cell, work } = this;
    cell.noteTask(this.#tookMs);
    if (verdict.kind === 'abandon') {
      work.lease.letGo();
      this.#report('abandoned');
      void this.#family?.end(false);
      return undefined;
    }
    this.#verdict = verdict;
    cell.beginTrail();
    const { queue, receipt } = work.claimed;
    const notify = this.#envelope?.via;
    const op =
      notify === undefined || this.#isOwn ? { receipt, outcome: verdict } : { receipt, outcome: verdict, notify };
    deps.member.lanes.settle.post(queue, op, this);
    if (this.#hasEnded || cell.trailing < limits.settles) return undefined;
    return new Promise((resolve) => (this.#onSettled = resolve));
  }

  resolve(reply: SettleReply): void {
    this.work.lease.letGo();
    const last = reply === 'settled' ? lastWord(this.#verdict, this.work.claimed.attempt) : undefined;
    if (last !== undefined && this.#isOwn) this.deps.member.tasks.onSettled(this.work.claimed.receipt.taskId, last);
    this.#report(reply === 'settled' ? String(this.#verdict?.kind) : reply);
    this.#end(reply === 'cancelled' || last !== undefined);
  }

  /** Where the broker says so, the lease ends and another node takes the task. */
  reject(failure: unknown): void {
    this.work.lease.letGo();
    this.#report('unsettled');
    if (!(failure instanceof OwnershipError || failure instanceof BrokerError))
      reportFailure(this.deps, this.cell, this.work.kind, failure);
    this.#end(false);
  }

  /** The answer to its settle tells who waits for it what became of it: that is this process. */
  get #isOwn(): boolean {
    return !this.hasReported && this.#envelope?.via === this.deps.member.deps.address;
  }

  #end(isOver: boolean): void {
    const ended = (): void => {
      this.#hasEnded = true;
      this.cell.endTrail();
      this.#onSettled?.();
    };
    const ending = this.#family?.end(isOver);
    if (ending === undefined) ended();
    else void ending.then(ended);
  }

  get #tookMs(): number {
    return this.deps.member.deps.clock.monotonic() - this.#startedAt;
  }

  #report(outcome: string): void {
    const verdict = this.#verdict;
    observe(this.deps.member.deps.observer, 'task.settled', {
      agent: this.cell.id,
      task: this.work.claimed.receipt.taskId,
      name: this.#envelope?.name ?? '?',
      outcome,
      tookMs: this.#tookMs,
      ...(verdict !== undefined && 'error' in verdict && { error: verdict.error }),
    });
  }
}

/** What everybody will know of a task that ends with `verdict`; undefined when it goes on. */
function lastWord(verdict: Verdict | undefined, attempts: number): TaskOutcome | undefined {
  if (verdict?.kind === 'complete') return { kind: 'completed', result: verdict.result, attempts };
  if (verdict?.kind === 'dead') return { kind: 'dead', reason: verdict.reason, error: verdict.error, attempts };
  return undefined;
}
