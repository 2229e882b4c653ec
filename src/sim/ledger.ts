/**
 * The books of a simulation: what the broker was asked and answered, and what handlers were given, in the order of virtual time.
 *
 * Invariants are checked against these, not against what the fleet believes.
 */
import type { Frame } from '../broker/frame.ts';
import type { AcquireReply, AcquireRequest } from '../broker/locks.ts';
import type { NewMessage, SendOp, SendReply } from '../broker/mail.ts';
import type {
  ClaimRenewal,
  ClaimedTask,
  Claims,
  EnqueueOp,
  EnqueueReply,
  HeldReceipt,
  RecoverRequest,
  SettleOp,
  SettleReply,
} from '../broker/tasks.ts';
import type { Notice } from '../broker/notices.ts';
import { AskBook } from './ask-book.ts';
import { decodeEnvelope } from '../core/envelope.ts';
import type { MemoryFleet } from '../memory/fleet.ts';
import type { Carried } from './faulty-broker.ts';
import type { Handled } from './instrument.ts';
import type { Scheduler } from './scheduler.ts';

/** One task, from what the broker was told of it. */
export interface TaskRecord {
  readonly id: string;
  readonly queue: string;
  /** The task that fanned it out. */
  readonly parent: string | undefined;
  /** Id of its trace; of a scheduled run it names the time. */
  readonly trace: string;
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
  /** The same by the id of their envelope. */
  readonly runsById = new Map<string, Handled[]>();
  /** What was found in the step that broke it. */
  readonly violations: Violation[] = [];
  readonly losses: Loss[] = [];
  readonly #tokens = new Map<string, number>();
  readonly #granted = new Set<string>();
  /** Replies to frames, by lane, tag, sender and sequence. */
  readonly #replies = new Map<string, string>();
  readonly #scheduler: Scheduler;
  readonly #fleet: Pick<MemoryFleet, 'clock' | 'directory'>;
  /** By the operation that enqueued them. */
  readonly #taskOf = new Map<string, string>();
  /** By task: when its holder got it or renewed it last, by the broker's clock. */
  readonly #renewedAt = new Map<string, { readonly at: number; readonly byBroker: number }>();

  constructor(scheduler: Scheduler, fleet: Pick<MemoryFleet, 'clock' | 'directory'>) {
    this.#scheduler = scheduler;
    this.asks = new AskBook(() => this.#now);
    this.#fleet = fleet;
  }

  get #now(): number {
    return this.#scheduler.nowMs;
  }

  readonly handled = (run: Handled): void => {
    this.runs.push(run);
    const known = this.runsById.get(run.id);
    if (known === undefined) this.runsById.set(run.id, [run]);
    else known.push(run);
  };

  /** The broker has lost what happened since then; everything, if that is not said. */
  noteLoss(since = -Infinity): void {
    for (const [id, { at }] of this.#renewedAt) if (at >= since) this.#renewedAt.delete(id);
    this.losses.push({ since, at: this.#now });
  }

  violate(invariant: string, what: string): void {
    this.violations.push({ invariant, what });
  }

  /** Called in the step of the broker that carried it out. */
  carried(address: string, { name, args, reply, isFrame }: Carried): void {
    if (isFrame) this.#replied(name, args[0] as Frame<unknown>, reply);
    else this.#called(name, args[0]);
    switch (name) {
      case 'tasks.enqueue':
        return this.#enqueued(args[0] as Frame<EnqueueOp>, reply as readonly EnqueueReply[]);
      case 'tasks.claim':
        return this.#claimed(address, (reply as Claims).tasks);
      case 'tasks.wait':
        return this.#claimed(address, reply as readonly ClaimedTask[]);
      case 'tasks.recover':
        this.#recovered(args[0] as RecoverRequest, reply as readonly ClaimedTask[]);
        return this.#claimed(address, reply as readonly ClaimedTask[]);
      case 'tasks.renew':
        return this.#renewed(args[0] as { receipts: readonly HeldReceipt[] }, reply as readonly ClaimRenewal[]);
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

  /** A repeated frame gets the reply of the first. After a loss of data it is carried out again. */
  #replied(lane: string, { tag, sender, seq, leased }: Frame<unknown>, reply: unknown): void {
    if (leased) this.#demandPresence(lane, sender);
    const frame = `${lane} ${tag} ${sender}#${seq}`;
    const text = JSON.stringify(reply);
    const known = this.#replies.get(frame);
    if (known !== undefined && known !== text && this.losses.length === 0)
      this.violate('a repeated frame changes nothing', `${frame} was answered ${known}, and then ${text}`);
    this.#replies.set(frame, text);
  }

  #enqueued({ tag, ops }: Frame<EnqueueOp>, replies: readonly EnqueueReply[]): void {
    replies.forEach((reply, index) => {
      if (reply.kind !== 'enqueued' || this.tasks.has(reply.taskId)) return;
      const { taskId: id } = reply;
      const { parent, trace, opId } = decodeEnvelope(ops[index]?.envelope ?? '');
      const first = this.#taskOf.get(opId) ?? id;
      if (first !== id && this.losses.length === 0)
        this.violate('an enqueue makes one task', `${opId} made ${first} and ${id}`);
      this.#taskOf.set(opId, first);
      this.tasks.set(id, { id, queue: tag, parent, trace: trace.id, acceptedAt: this.#now, ends: [], holders: [] });
    });
  }

  #claimed(by: string, tasks: readonly ClaimedTask[]): void {
    for (const { receipt } of tasks) {
      this.tasks.get(receipt.taskId)?.holders.push(by);
      this.#noteRenewal(receipt.taskId);
    }
  }

  #renewed({ receipts }: { readonly receipts: readonly HeldReceipt[] }, replies: readonly ClaimRenewal[]): void {
    receipts.forEach(({ taskId }, index) => {
      if (replies[index] !== 'stale') this.#noteRenewal(taskId);
    });
  }

  #noteRenewal(taskId: string): void {
    this.#renewedAt.set(taskId, { at: this.#now, byBroker: this.#fleet.clock.now() });
  }

  /** Asked before the tasks count as those of who took them over. */
  #recovered({ leaseMs }: RecoverRequest, tasks: readonly ClaimedTask[]): void {
    for (const { receipt } of tasks) {
      const holder = this.tasks.get(receipt.taskId)?.holders.at(-1);
      const agoMs = this.#fleet.clock.now() - (this.#renewedAt.get(receipt.taskId)?.byBroker ?? 0);
      if (holder !== undefined && agoMs < leaseMs && this.#fleet.directory.isPresent(holder))
        this.violate(
          'a claim stands while it is renewed',
          `${receipt.taskId} of ${holder} was taken over ${agoMs} ms later`,
        );
    }
  }

  #called(name: string, request: unknown): void {
    if (name !== 'tasks.claim' && name !== 'tasks.recover' && name !== 'tasks.renew') return;
    const node: unknown = typeof request === 'object' && request !== null ? Reflect.get(request, 'node') : undefined;
    if (typeof node === 'string') this.#demandPresence(name, node);
  }

  /** Called in the step that carried it out. */
  #demandPresence(what: string, node: string): void {
    if (!this.#fleet.directory.isPresent(node))
      this.violate('who has lost its presence is refused', `${what} of ${node} was carried out`);
  }

  /** A repeated frame gets the reply of the first: its end is one. */
  #settled({ sender, seq, ops }: Frame<SettleOp>, replies: readonly SettleReply[]): void {
    ops.forEach(({ receipt, outcome }, index) => {
      const reply = replies[index];
      const task = this.tasks.get(receipt.taskId);
      if (task === undefined || (reply !== 'settled' && reply !== 'cancelled')) return;
      const isEnd = reply === 'cancelled' || outcome.kind === 'complete' || outcome.kind === 'dead';
      const frame = `${sender}#${seq}`;
      const isDone = this.runsById.get(task.id)?.some(({ end }) => end === 'returned');
      if (reply === 'settled' && outcome.kind === 'complete' && isDone !== true)
        this.violate('a task is completed by a run that has returned', `${task.id} was settled by ${sender} before`);
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
