/**
 * The frames of one sender to one tag: cut from what was collected, sent in order, repeated until their outcome is known.
 *
 * C1  At most `limits.framesInFlight` frames are unresolved; frames are cut and first sent in the order of submission: at the end of the
 *     tick, sooner when `limits.frameEarlyOps` operations wait. Where nobody waits for the answers, a tick later: what somebody waits for goes
 *     before it.
 * C2  A frame whose outcome is unknown is repeated as the same frame (same seq, same operations), in order, one at a time,
 *     before any newer frame is sent.
 * C3  `prev` names the frame before it while that one is unresolved, else nothing: so the broker applies in order, and a
 *     frame that was refused or given up holds up no other.
 * C4  What has waited longer than `patienceMs` through failures is given up; its submitter is told that the outcome is unknown,
 *     or that it was never sent. A broker that is full is given `limits.fullPatienceMs`, and the submitter is told that it is full.
 * C5  Every frame names the newest one that was answered. When the tag has forgotten that one, data was lost: what it has lost
 *     of this line and is still kept is sent again, in order and under the same numbers, before anything newer. What it may have applied
 *     without our hearing of it may have been lost as well: it is repeated marked.
 * C6  What comes back of a process that loses its presence meanwhile is kept for the incarnation after it, like what was never lost.
 */
import type { Frame } from '../broker/frame.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { BrokerError, OwnershipError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Random } from '../core/random.ts';
import { type BringingBack, FrameHistory, type KeptFrame, type LineLegacy } from './frame-history.ts';
import type { Outbox } from './outbox.ts';

/** Who sends: the process's address, and whether it must hold a presence lease. */
export interface Sender {
  readonly address: string;
  readonly leased: boolean;
}

export interface LineDeps<Op, Reply> extends BringingBack<Op, Reply> {
  readonly clock: Clock;
  readonly random: Random;
  readonly sender: Sender;
  readonly deliver: (frame: Frame<Op>) => Promise<readonly Reply[]>;
  readonly patienceMs: number;
  /** Nobody waits for the answers (C1). */
  readonly isUnawaited?: boolean;
  /** Operations that came into the line (C5), or left it (negative), answered or not. */
  readonly onChange: (operations: number) => void;
  /** What is kept of the frames that were answered (C5). */
  readonly outbox: Outbox;
}

/** Who hears what became of an operation, once. Neither throws. */
export interface Answer<Reply> {
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

export interface Submission<Op, Reply> {
  readonly op: Op;
  readonly bytes: number;
  readonly since: number;
  readonly answer: Answer<Reply>;
}

interface Unresolved<Op, Reply> {
  readonly seq: number;
  parts: readonly Submission<Op, Reply>[];
  readonly since: number;
  /** The failure that left the outcome open; undefined while in flight. */
  failure?: BrokerError;
  /** Some reply was lost: the broker may have applied it, whatever later tries say. */
  maybeApplied: boolean;
  /** What it brings back (C5). */
  readonly lost?: KeptFrame;
}

const repeatBackoff: Backoff = { kind: 'exponential', baseMs: 25, maxMs: 1_000, jitter: true };

export class FrameLine<Op, Reply> {
  readonly #tag: string;
  readonly #deps: LineDeps<Op, Reply>;
  readonly #history: FrameHistory<Op, Reply>;
  #collected: Submission<Op, Reply>[] = [];
  /** In order of seq. */
  #unresolved: Unresolved<Op, Reply>[] = [];
  #seq = 0;
  #flushing = false;
  /** Failures in a row; above 0 only repeats are sent (C2). */
  #failures = 0;
  #repeat: Timer | undefined;

  constructor(tag: string, deps: LineDeps<Op, Reply>) {
    this.#tag = tag;
    this.#deps = deps;
    this.#history = new FrameHistory(deps);
  }

  submit(submission: Submission<Op, Reply>): void {
    if (this.#collected.push(submission) >= limits.frameEarlyOps) this.#pump();
    if (this.#flushing) return;
    this.#flushing = true;
    const { clock, isUnawaited } = this.#deps;
    const flush = (): void => {
      this.#flushing = false;
      this.#pump();
    };
    clock.endOfTick(isUnawaited ? () => clock.endOfTick(flush) : flush);
  }

  /** Asks the tag whether it still knows what it answered lately (C5); an idle line would not find out. */
  check(): void {
    if (this.#unresolved.length === 0 && this.#collected.length === 0 && this.#history.hasKept) this.#begin([]);
  }

  /** Nothing is open or kept, and the tag has forgotten the sender, too. */
  get isForgettable(): boolean {
    return this.#unresolved.length === 0 && this.#collected.length === 0 && this.#history.isForgettable;
  }

  get isBringingBack(): boolean {
    return this.#unresolved.some(({ lost }) => lost !== undefined);
  }

  /** What the next incarnation of this process needs to go on asking. */
  legacy(): LineLegacy {
    const coming = this.#unresolved.flatMap(({ lost }) => lost ?? []);
    return { tag: this.#tag, sender: this.#deps.sender.address, seq: this.#seq, ...this.#history.legacy(coming) };
  }

  inherit(legacy: LineLegacy): void {
    this.#seq = legacy.seq;
    this.#history.inherit(legacy);
  }

  /** Rejects everything that is not answered yet; with `inherited`, all but what the next incarnation brings back (C6). */
  abandon(error: unknown, inherited: boolean): void {
    this.#repeat?.cancel();
    const open = this.#unresolved.filter(({ lost }) => !inherited || lost === undefined);
    const parts = [...open.flatMap((frame) => frame.parts), ...this.#collected];
    this.#unresolved = [];
    this.#collected = [];
    for (const part of parts) part.answer.reject(error);
    this.#deps.onChange(-parts.length);
  }

  #pump(): void {
    const open = this.#failures > 0 || this.#unresolved.some((frame) => frame.failure !== undefined);
    while (!open && this.#collected.length > 0 && this.#unresolved.length < limits.framesInFlight)
      this.#begin(this.#cut());
  }

  #begin(parts: readonly Submission<Op, Reply>[]): void {
    const since = parts.at(-1)?.since ?? this.#deps.clock.monotonic();
    const frame: Unresolved<Op, Reply> = { seq: ++this.#seq, parts, since, maybeApplied: false };
    this.#unresolved.push(frame);
    void this.#send(frame);
  }

  /** Takes the next frame's operations off the front: at least one, within the limits of a frame. */
  #cut(): Submission<Op, Reply>[] {
    let bytes = 0;
    const end = this.#collected.findIndex((part, index) => {
      bytes += part.bytes;
      return index >= limits.frameOps || (index > 0 && bytes > limits.frameBytes);
    });
    return this.#collected.splice(0, end < 0 ? this.#collected.length : end);
  }

  async #send(frame: Unresolved<Op, Reply>): Promise<void> {
    delete frame.failure;
    const before = this.#unresolved[this.#unresolved.indexOf(frame) - 1];
    const { sender, deliver } = this.#deps;
    const ops = frame.parts.map((part) => part.op);
    const { known } = this.#history;
    const whole = { tag: this.#tag, sender: sender.address, seq: frame.seq, prev: before?.seq ?? 0, known, ops };
    let replies: readonly Reply[];
    try {
      replies = await deliver({ ...whole, leased: sender.leased });
    } catch (error) {
      return this.#unresolved.includes(frame) ? this.#fail(frame, error) : undefined; // it was abandoned meanwhile
    }
    if (!this.#unresolved.includes(frame)) return;
    this.#history.note(frame.seq, ops, replies, sizeOf(frame.parts));
    this.#failures = 0;
    this.#remove(frame);
    frame.parts.forEach((part, index) => part.answer.resolve(replies[index] as Reply));
    this.#next(true);
  }

  #fail(frame: Unresolved<Op, Reply>, error: unknown): void {
    frame.maybeApplied ||= error instanceof BrokerError && error.code === 'unknown-outcome';
    if (error instanceof BrokerError && error.code === 'forgotten') this.#revive(frame, error);
    else if (error instanceof BrokerError && error.repeatable) frame.failure = error;
    else this.#refuse(frame, error);
    this.#next(false);
  }

  /** C5: the tag refused `frame`, since it has forgotten what it had answered. */
  #revive(frame: Unresolved<Op, Reply>, failure: BrokerError): void {
    frame.failure = failure;
    const { clock, again, onChange } = this.#deps;
    const since = clock.monotonic();
    const loss = { tag: this.#tag, found: 0, gone: 0 };
    const revived: Unresolved<Op, Reply>[] = [];
    const last = Number(failure.details.last);
    const isLoss = last < this.#history.known;
    for (const kept of this.#history.takeLost(last)) {
      const { seq, bytes, at } = kept;
      const lost = this.#history
        .read(kept)
        .map(({ op, reply }) => again?.(op, reply, since - at))
        .filter((op) => op !== undefined);
      if (lost.length === 0) continue;
      const parts = lost.map((op) => this.#bringingBack(op, bytes / lost.length));
      revived.push({ seq, parts, since, failure, maybeApplied: false, lost: kept });
      loss.found += lost.length;
    }
    this.#markApplied();
    this.#unresolved.unshift(...revived);
    onChange(loss.found);
    if (isLoss) this.#deps.onLost(loss);
  }

  /** C5: an answer that never came, to what was lost since. */
  #markApplied(): void {
    const { mark } = this.#deps;
    if (mark === undefined) return;
    for (const frame of this.#unresolved.filter(({ maybeApplied }) => maybeApplied))
      frame.parts = frame.parts.map((part) => ({ ...part, op: mark(part.op) }));
  }

  /** An operation that was accepted before: nobody waits for it any more, so whoever watches is told when it cannot come back. */
  #bringingBack(op: Op, bytes: number): Submission<Op, Reply> {
    const { clock, again, onLost } = this.#deps;
    const reject = (): void => onLost({ tag: this.#tag, found: 0, gone: 1 });
    const resolve = (reply: Reply): void => (again?.(op, reply, 0) === undefined ? reject() : undefined);
    return { op, bytes, since: clock.monotonic(), answer: { resolve, reject } };
  }

  /**
   * Goes on with newer frames when none is open; repeats the oldest open one when nothing is in flight any more (C2): at once
   * while the broker answers, else after a while.
   */
  #next(answered: boolean): void {
    const open = this.#unresolved.filter((frame) => frame.failure !== undefined);
    const failure = open[0]?.failure;
    if (failure === undefined) return this.#resume();
    if (open.length < this.#unresolved.length) return;
    this.#failures++;
    this.#giveUpLate(failure);
    const oldest = this.#unresolved[0];
    if (oldest === undefined) return this.#resume();
    if (answered) return void this.#send(oldest);
    const { clock, random } = this.#deps;
    const waitMs = backoffMs(repeatBackoff, this.#failures, random, `repeat:${this.#tag}#${oldest.seq}`);
    this.#repeat = clock.setTimer(waitMs, () => void this.#send(oldest));
  }

  #resume(): void {
    if (this.#unresolved.length === 0) this.#failures = 0;
    this.#pump();
  }

  /** C4 */
  #giveUpLate(failure: BrokerError): void {
    const limit = this.#deps.clock.monotonic() - this.#patienceMs(failure);
    for (const frame of this.#unresolved.slice())
      if (frame.since <= limit) this.#refuse(frame, this.#tooLate(frame.maybeApplied, frame.failure ?? failure));
    const late = this.#collected.filter((part) => part.since <= limit);
    if (late.length === 0) return;
    this.#collected = this.#collected.filter((part) => part.since > limit);
    for (const part of late) part.answer.reject(this.#tooLate(false, failure));
    this.#deps.onChange(-late.length);
  }

  #patienceMs({ code }: BrokerError): number {
    const { patienceMs } = this.#deps;
    return code === 'full' ? Math.min(patienceMs, limits.fullPatienceMs) : patienceMs;
  }

  #tooLate(maybeApplied: boolean, cause: BrokerError): BrokerError {
    if (cause.code === 'full' && !maybeApplied) return cause;
    const message = `expected the broker to answer within ${this.#patienceMs(cause)} ms, got: ${cause.message}`;
    return new BrokerError(maybeApplied ? 'unknown-outcome' : 'unreachable', message, { cause });
  }

  #refuse(frame: Unresolved<Op, Reply>, error: unknown): void {
    if (frame.lost !== undefined && error instanceof OwnershipError)
      this.#history.putBack(frame.lost); // C6
    else for (const part of frame.parts) part.answer.reject(error);
    this.#remove(frame);
  }

  #remove(frame: Unresolved<Op, Reply>): void {
    const at = this.#unresolved.indexOf(frame);
    if (at < 0) return;
    this.#unresolved.splice(at, 1);
    this.#deps.onChange(-frame.parts.length);
  }
}

function sizeOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, part) => sum + part.bytes, 0);
}
