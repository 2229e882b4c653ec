/**
 * The books of a simulation: what the broker was asked and answered, and what handlers were given, in the order of virtual time.
 *
 * Invariants are checked against these, not against what the fleet believes.
 */
import type { Frame } from '../broker/frame.ts';
import type { AcquireReply, AcquireRequest } from '../broker/locks.ts';
import type { NewMessage, SendOp, SendReply } from '../broker/mail.ts';
import type { ClaimedTask, Claims, EnqueueOp, EnqueueReply, SettleOp, SettleReply } from '../broker/tasks.ts';
import type { Notice } from '../broker/notices.ts';
import { AskBook } from './ask-book.ts';
import type { Carried } from './faulty-broker.ts';
import type { Handled } from './instrument.ts';
import type { Scheduler } from './scheduler.ts';

/** One task, from what the broker was told of it. */
export interface TaskRecord {
  readonly id: string;
  readonly queue: string;
  readonly acceptedAt: number;
  /** Frames that ended it for good, by sender and sequence. */
  readonly ends: { readonly frame: string; readonly by: string; readonly kind: string; readonly at: number }[];
  /** Who got it, in order. */
  readonly holders: string[];
}

export interface MessageRecord {
  readonly to: string;
  readonly opId: string;
  readonly sender: string;
  readonly at: number;
}

export interface GrantRecord {
  readonly lock: string;
  readonly holder: string;
  readonly token: number;
}

/** What happened in the broker in this span of virtual time is lost. */
export interface Loss {
  readonly since: number;
  readonly at: number;
}

/** An invariant that does not hold. */
export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

export class Ledger {
  readonly tasks = new Map<string, TaskRecord>();
  /** By operation id. */
  readonly messages = new Map<string, MessageRecord>();
  readonly grants: GrantRecord[] = [];
  /** Address of the process by holder of a lock. */
  readonly holders = new Map<string, string>();
  readonly runs: Handled[] = [];
  readonly asks: AskBook;
  /** What was found in the step that broke it. */
  readonly violations: Violation[] = [];
  readonly losses: Loss[] = [];
  readonly #tokens = new Map<string, number>();
  readonly #granted = new Set<string>();
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.asks = new AskBook(() => this.#now);
  }

  get #now(): number {
    return this.#scheduler.nowMs;
  }

  readonly handled = (run: Handled): void => void this.runs.push(run);

  /** The broker has lost what happened since then; everything, if that is not said. */
  noteLoss(since = -Infinity): void {
    this.losses.push({ since, at: this.#now });
  }

  violate(invariant: string, what: string): void {
    this.violations.push({ invariant, what });
  }

  /** Called in the step of the broker that carried it out. */
  carried(address: string, { name, args, reply }: Carried): void {
    switch (name) {
      case 'tasks.enqueue':
        return this.#enqueued(args[0] as Frame<EnqueueOp>, reply as readonly EnqueueReply[]);
      case 'tasks.claim':
        return this.#claimed(address, (reply as Claims).tasks);
      case 'tasks.wait':
      case 'tasks.recover':
        return this.#claimed(address, reply as readonly ClaimedTask[]);
      case 'tasks.settle':
        return this.#settled(args[0] as Frame<SettleOp>, reply as readonly SettleReply[]);
      case 'mail.send':
        return this.#sent(args[0] as Frame<SendOp>, reply as readonly SendReply[]);
      case 'notices.post':
        return this.#posted(args[0] as readonly { readonly notice: Notice }[]);
      case 'locks.acquire':
        return this.#acquired(args[0] as AcquireRequest, reply as AcquireReply);
    }
  }

  #enqueued({ tag }: Frame<EnqueueOp>, replies: readonly EnqueueReply[]): void {
    for (const reply of replies) {
      if (reply.kind !== 'enqueued' || this.tasks.has(reply.taskId)) continue;
      this.tasks.set(reply.taskId, { id: reply.taskId, queue: tag, acceptedAt: this.#now, ends: [], holders: [] });
    }
  }

  #claimed(by: string, tasks: readonly ClaimedTask[]): void {
    for (const { receipt } of tasks) this.tasks.get(receipt.taskId)?.holders.push(by);
  }

  /** A repeated frame gets the reply of the first: its end is one. */
  #settled({ sender, seq, ops }: Frame<SettleOp>, replies: readonly SettleReply[]): void {
    ops.forEach(({ receipt, outcome }, index) => {
      const reply = replies[index];
      const task = this.tasks.get(receipt.taskId);
      if (task === undefined || (reply !== 'settled' && reply !== 'cancelled')) return;
      const isEnd = reply === 'cancelled' || outcome.kind === 'complete' || outcome.kind === 'dead';
      const frame = `${sender}#${seq}`;
      if (!isEnd || task.ends.some((end) => end.frame === frame)) return;
      if (!task.holders.includes(sender))
        this.violate('one holder', `${task.id} was settled by ${sender}, who never held it`);
      else if (task.holders.at(-1) !== sender)
        this.violate('one holder', `${task.id} was settled by ${sender} after ${task.holders.at(-1)} had got it`);
      task.ends.push({ frame, by: sender, kind: reply === 'cancelled' ? 'cancelled' : outcome.kind, at: this.#now });
    });
  }

  #sent({ ops, sender }: Frame<SendOp>, replies: readonly SendReply[]): void {
    ops.forEach((op, index) => {
      if ('letter' in op || replies[index]?.kind !== 'stored') return;
      const { to, opId }: NewMessage = op;
      if (!this.messages.has(opId)) this.messages.set(opId, { to, opId, sender, at: this.#now });
    });
  }

  #posted(notices: readonly { readonly notice: Notice }[]): void {
    for (const { notice } of notices)
      if (notice.kind === 'reply' && notice.ok) this.asks.answered(notice.askId, notice.body);
  }

  /** Repeating an acquire changes nothing: the same holder has the same token. */
  #acquired({ name, holder, address }: AcquireRequest, reply: AcquireReply): void {
    this.holders.set(holder, address);
    if (reply.kind !== 'granted' || reply.token === 0) return;
    const last = this.#tokens.get(name) ?? 0;
    const grant = JSON.stringify([name, holder, reply.token]);
    if (this.#granted.has(grant)) return;
    this.#granted.add(grant);
    if (reply.token <= last)
      this.violate('tokens grow', `lock ${name}: token ${reply.token} for ${holder} after ${last}`);
    this.#tokens.set(name, Math.max(last, reply.token));
    this.grants.push({ lock: name, holder, token: reply.token });
  }
}
