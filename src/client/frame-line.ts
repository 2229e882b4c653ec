/**
 * The frames of one sender to one tag: cut from what was collected, sent in order, repeated until their outcome is known.
 *
 * C1  At most `limits.framesInFlight` frames are unresolved; frames are cut and first sent in the order of submission.
 * C2  A frame whose outcome is unknown is repeated as the same frame (same seq, same operations), in order, one at a time,
 *     before any newer frame is sent.
 * C3  `prev` names the frame before it while that one is unresolved, else nothing: so the broker applies in order, and a
 *     frame that was refused or given up holds up no other.
 * C4  What has waited longer than `patienceMs` through failures is given up; its submitter is told that the outcome is unknown,
 *     or that it was never sent.
 */
import type { Frame } from '../broker/frame.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Random } from '../core/random.ts';

/** Who sends: the process's address, and whether it must hold a presence lease. */
export interface Sender {
  readonly address: string;
  readonly leased: boolean;
}

export interface LineDeps<Op, Reply> {
  readonly clock: Clock;
  readonly random: Random;
  readonly sender: Sender;
  readonly deliver: (frame: Frame<Op>) => Promise<readonly Reply[]>;
  readonly patienceMs: number;
  /** Called when an operation leaves the line, answered or not. */
  readonly onGone: (operations: number) => void;
}

export interface Submission<Op, Reply> {
  readonly op: Op;
  readonly bytes: number;
  readonly since: number;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

interface Unresolved<Op, Reply> {
  readonly seq: number;
  readonly parts: readonly Submission<Op, Reply>[];
  /** The failure that left the outcome open; undefined while in flight. */
  failure?: BrokerError;
  /** Some reply was lost: the broker may have applied it, whatever later tries say. */
  maybeApplied: boolean;
}

const repeatBackoff: Backoff = { kind: 'exponential', baseMs: 25, maxMs: 1_000, jitter: true };

export class FrameLine<Op, Reply> {
  readonly #tag: string;
  readonly #deps: LineDeps<Op, Reply>;
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
  }

  submit(submission: Submission<Op, Reply>): void {
    this.#collected.push(submission);
    if (this.#flushing) return;
    this.#flushing = true;
    this.#deps.clock.endOfTick(() => {
      this.#flushing = false;
      this.#pump();
    });
  }

  /** Rejects everything that is not answered yet. */
  abandon(error: unknown): void {
    this.#repeat?.cancel();
    const parts = [...this.#unresolved.flatMap((frame) => frame.parts), ...this.#collected];
    this.#unresolved = [];
    this.#collected = [];
    for (const part of parts) part.reject(error);
    this.#deps.onGone(parts.length);
  }

  #pump(): void {
    const open = this.#failures > 0 || this.#unresolved.some((frame) => frame.failure !== undefined);
    while (!open && this.#collected.length > 0 && this.#unresolved.length < limits.framesInFlight) {
      const frame: Unresolved<Op, Reply> = { seq: ++this.#seq, parts: this.#cut(), maybeApplied: false };
      this.#unresolved.push(frame);
      void this.#send(frame);
    }
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
    try {
      const ops = frame.parts.map((part) => part.op);
      const replies = await deliver({
        tag: this.#tag,
        sender: sender.address,
        seq: frame.seq,
        prev: before?.seq ?? 0,
        leased: sender.leased,
        ops,
      });
      frame.parts.forEach((part, index) => part.resolve(replies[index] as Reply));
      this.#failures = 0;
      this.#remove(frame);
    } catch (error) {
      frame.maybeApplied ||= error instanceof BrokerError && error.code === 'unknown-outcome';
      if (error instanceof BrokerError && error.repeatable) frame.failure = error;
      else this.#refuse(frame, error);
    }
    this.#next();
  }

  /** Goes on with newer frames when none is open; repeats the oldest open one when nothing is in flight any more (C2). */
  #next(): void {
    const open = this.#unresolved.filter((frame) => frame.failure !== undefined);
    const failure = open[0]?.failure;
    if (failure === undefined) return this.#resume();
    if (open.length < this.#unresolved.length) return;
    this.#failures++;
    this.#giveUpLate(failure);
    const oldest = this.#unresolved[0];
    if (oldest === undefined) return this.#resume();
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
    const limit = this.#deps.clock.monotonic() - this.#deps.patienceMs;
    for (const frame of this.#unresolved.slice()) {
      const newest = frame.parts.at(-1);
      if (newest !== undefined && newest.since <= limit)
        this.#refuse(frame, this.#tooLate(frame.maybeApplied ? 'unknown-outcome' : 'unreachable', frame.failure));
    }
    const late = this.#collected.filter((part) => part.since <= limit);
    if (late.length === 0) return;
    this.#collected = this.#collected.filter((part) => part.since > limit);
    for (const part of late) part.reject(this.#tooLate('unreachable', failure));
    this.#deps.onGone(late.length);
  }

  #tooLate(code: 'unreachable' | 'unknown-outcome', cause: BrokerError | undefined): BrokerError {
    const got = cause?.message ?? 'no answer';
    const message = `expected the broker to answer within ${this.#deps.patienceMs} ms, got: ${got}`;
    return new BrokerError(code, message, { cause });
  }

  #refuse(frame: Unresolved<Op, Reply>, error: unknown): void {
    for (const part of frame.parts) part.reject(error);
    this.#remove(frame);
  }

  #remove(frame: Unresolved<Op, Reply>): void {
    const at = this.#unresolved.indexOf(frame);
    if (at < 0) return;
    this.#unresolved.splice(at, 1);
    this.#deps.onGone(frame.parts.length);
  }
}
