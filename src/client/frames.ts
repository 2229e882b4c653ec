/**
 * The collector: gathers what one process sends through one lane in one tick and carries it to the broker in frames.
 *
 * It stands above the ports, so that batching and the repeat of unknown outcomes run in simulation too. This, one script
 * call per tick instead of one per operation, is where the speed of the runtime comes from.
 */
import type { Frame } from '../broker/frame.ts';
import type { Clock } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Random } from '../core/random.ts';
import type { BringingBack, LineLegacy } from './frame-history.ts';
import { type Answer, FrameLine, type Sender } from './frame-line.ts';
import type { Outbox } from './outbox.ts';

export interface FramesDeps<Op, Reply> extends BringingBack<Op, Reply> {
  readonly clock: Clock;
  readonly random: Random;
  readonly sender: Sender;
  readonly deliver: (frame: Frame<Op>) => Promise<readonly Reply[]>;
  /** Approximate size of one operation on the wire. */
  readonly bytesOf: (op: Op) => number;
  /** How long an operation may wait for a broker that cannot be reached, in milliseconds. */
  readonly patienceMs: number;
  /** Nobody waits for the answers: what others wait for goes first. */
  readonly isUnawaited?: boolean;
  readonly outbox: Outbox;
  /** No operation waits for an answer any more. */
  readonly onIdle?: () => void;
}

const linesKept = 1_000;

export class Frames<Op, Reply> {
  readonly #deps: FramesDeps<Op, Reply>;
  readonly #lines = new Map<string, FrameLine<Op, Reply>>();
  #waiting = 0;
  #closed = false;
  /** When there are as many, the silent ones go. */
  #mostLines = linesKept;
  #legacies: readonly LineLegacy[] = [];

  constructor(deps: FramesDeps<Op, Reply>) {
    this.#deps = deps;
  }

  /**
   * Sends `op` to `tag` with this tick's others. Resolves to the broker's reply; operations of one tag are applied in
   * order. Rejects with `BrokerError('overloaded')` when too many wait, with what the port says when the frame is refused, and
   * with `unreachable` or `unknown-outcome` when the broker stayed away longer than the patience, with `full` when it had no room.
   */
  submit(tag: string, op: Op): Promise<Reply> {
    return new Promise((resolve, reject) => this.post(tag, op, { resolve, reject }));
  }

  /** The same for who needs no promise; what is refused at once is told at once. */
  post(tag: string, op: Op, answer: Answer<Reply>): void {
    if (this.#closed)
      return answer.reject(new BrokerError('closed', 'expected the process to be in the fleet, got: it has left'));
    if (this.#waiting >= limits.collectorOps) {
      const rule = `expected at most ${limits.collectorOps} operations to wait for the broker, got: more`;
      return answer.reject(new BrokerError('overloaded', rule));
    }
    const { bytesOf, clock } = this.#deps;
    const submission = { op, bytes: bytesOf(op), since: clock.monotonic(), answer };
    this.#waiting++;
    this.#line(tag).submit(submission);
  }

  /** Looks whether the broker still knows what it answered lately; what it has lost is sent again. */
  check(): void {
    for (const line of this.#lines.values()) line.check();
  }

  /** What is kept of the lines of a process that is gone, for the one that follows it. */
  get legacies(): readonly LineLegacy[] {
    return this.#closed ? this.#legacies : this.#heritable();
  }

  /**
   * Goes on with the lines of a process that is gone, in its name: what the broker has lost of them is sent again. That process has lost
   * its presence, but what it was told is accepted was accepted while it had it.
   */
  inherit(legacies: readonly LineLegacy[]): void {
    for (const legacy of legacies) {
      const line = this.#open(legacy.tag, { address: legacy.sender, leased: false });
      line.inherit(legacy);
      this.#lines.set(`${legacy.tag} ${legacy.sender}`, line);
    }
  }

  #heritable(): readonly LineLegacy[] {
    return [...this.#lines.values()].map((line) => line.legacy()).filter(({ kept }) => kept.length > 0);
  }

  /** Something that was lost is on its way back. */
  get isBringingBack(): boolean {
    return [...this.#lines.values()].some((line) => line.isBringingBack);
  }

  /** Tags that are remembered. */
  get lines(): number {
    return this.#lines.size;
  }

  /** Operations without an answer. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Rejects what is not answered and refuses everything from now on. */
  close(): void {
    if (this.#closed) return;
    this.#legacies = this.#heritable();
    this.#closed = true;
    const error = new BrokerError('closed', 'expected an answer before the process left the fleet, got: none');
    for (const line of this.#lines.values()) line.abandon(error, this.#deps.sender.leased);
    this.#lines.clear();
  }

  #line(tag: string): FrameLine<Op, Reply> {
    const known = this.#lines.get(tag);
    if (known !== undefined) return known;
    this.#forgetSilent();
    const line = this.#open(tag, this.#deps.sender);
    this.#lines.set(tag, line);
    return line;
  }

  /** Lines that the broker has forgotten, too: a fleet may use a queue for each of its customers. */
  #forgetSilent(): void {
    if (this.#lines.size < this.#mostLines) return;
    for (const [name, line] of this.#lines) if (line.isForgettable) this.#lines.delete(name);
    this.#mostLines = Math.max(linesKept, 2 * this.#lines.size);
  }

  #open(tag: string, sender: Sender): FrameLine<Op, Reply> {
    const onChange = (operations: number): void => {
      this.#waiting += operations;
      if (this.#waiting === 0) this.#deps.onIdle?.();
    };
    return new FrameLine<Op, Reply>(tag, { ...this.#deps, sender, onChange });
  }
}
