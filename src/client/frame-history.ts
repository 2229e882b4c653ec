/**
 * What one line of frames remembers of those that were answered: how far the broker has come, and what to send again if it
 * turns out to have lost them.
 *
 * Replication and files lose the end of what was written, never the middle: what is lost of one sender's line is what is behind the
 * last frame that the tag still knows (F6 of broker/frame.ts).
 */
import type { Clock } from '../core/clock.ts';
import { Fifo } from '../core/fifo.ts';
import { limits } from '../core/limits.ts';
import { type Exchange, type KeptCodec, type KeptOps, keepOps, plainCodec, readKept } from './kept-ops.ts';
import type { Outbox } from './outbox.ts';

/** How operations come back that the broker had accepted and has lost. */
export interface BringingBack<Op, Reply> {
  /**
   * What brings an operation back that was lost `elapsedMs` after it was answered; undefined when nothing is to. Absent for live operations:
   * nothing of them is stored that could be lost.
   */
  readonly again?: (op: Op, reply: Reply, elapsedMs: number) => Op | undefined;
  /** How they are kept; absent: as JSON. */
  readonly kept?: KeptCodec<Op, Reply>;
  /** An operation as one that may have been carried out before, and forgotten. */
  readonly mark?: (op: Op) => Op;
  /** Accepted operations were lost: `found` are sent again, `gone` could not be brought back. */
  readonly onLost: (loss: { readonly tag: string; readonly found: number; readonly gone: number }) => void;
}

/** A frame that was answered. */
export interface KeptFrame {
  readonly seq: number;
  readonly ops: KeptOps;
  readonly bytes: number;
  /** Monotonic milliseconds at which the answer came. */
  readonly at: number;
}

/** The newest frame that was answered, and when: on the clock that stands still while the machine sleeps, and on the other one. */
interface Newest {
  readonly seq: number;
  readonly at: number;
  readonly wallAt: number;
}

/** The line of a process that is gone, for the one that follows it. */
export interface LineLegacy {
  readonly tag: string;
  /** Address of the process. */
  readonly sender: string;
  /** The last number it gave to a frame. */
  readonly seq: number;
  readonly newest: Newest;
  readonly kept: readonly KeptFrame[];
}

/** A tag is asked for what it knows only while it surely remembers. */
const namedMs = limits.framesRememberedMs / 2;

export class FrameHistory<Op, Reply> {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  /** Absent: nothing is kept. */
  readonly #codec: KeptCodec<Op, Reply> | undefined;
  readonly #kept = new Fifo<KeptFrame>();
  #newest: Newest = { seq: 0, at: 0, wallAt: 0 };

  /** Nothing is kept where nothing would be sent `again`. */
  constructor(deps: { clock: Clock; outbox: Outbox } & Pick<BringingBack<Op, Reply>, 'again' | 'kept'>) {
    this.#clock = deps.clock;
    this.#outbox = deps.outbox;
    if (deps.again !== undefined) this.#codec = deps.kept ?? plainCodec();
  }

  /** The newest frame that was answered, 0 when the tag may have forgotten it by right. */
  get known(): number {
    return this.#silentMs < namedMs ? this.#newest.seq : 0;
  }

  get newest(): Newest {
    return this.#newest;
  }

  /** The tag has forgotten this sender by right, and so may we. */
  get isForgettable(): boolean {
    return !this.hasKept && this.#silentMs > limits.framesRememberedMs + namedMs;
  }

  get #silentMs(): number {
    const { at, wallAt } = this.#newest;
    return Math.max(this.#clock.monotonic() - at, this.#clock.now() - wallAt);
  }

  get kept(): readonly KeptFrame[] {
    this.#outbox.evict();
    return this.#kept.toArray();
  }

  get hasKept(): boolean {
    this.#outbox.evict();
    return this.#kept.size > 0;
  }

  note(seq: number, ops: readonly Op[], replies: readonly Reply[], bytes: number): void {
    this.#newest = this.#answered(seq);
    if (ops.length === 0 || this.#codec === undefined) return;
    this.#keep({ seq, ops: keepOps(this.#codec, ops, replies), bytes, at: this.#newest.at });
  }

  /** What was asked and answered. */
  read(frame: KeptFrame): readonly Exchange<Op, Reply>[] {
    return this.#codec === undefined ? [] : readKept(this.#codec, frame.ops);
  }

  inherit({ kept, newest }: LineLegacy): void {
    for (const frame of kept) this.#keep(frame);
    this.#newest = newest;
  }

  /** What the tag has lost when `last` is the newest frame it knows. It is forgotten here, too. */
  takeLost(last: number): readonly KeptFrame[] {
    this.#newest = this.#answered(last);
    const { kept } = this;
    const lost = kept.filter((frame) => frame.seq > last);
    this.#kept.replace(kept.filter((frame) => frame.seq <= last));
    return lost;
  }

  /** It could not be sent again by this process. */
  putBack(lost: KeptFrame): void {
    this.#keep(lost);
    this.#newest = answeredOnce(this.#newest, [lost]);
  }

  /** For the next incarnation, with `coming`, which is being brought back. */
  legacy(coming: readonly KeptFrame[]): Pick<LineLegacy, 'newest' | 'kept'> {
    return { newest: answeredOnce(this.#newest, coming), kept: [...this.kept, ...coming] };
  }

  #answered(seq: number): Newest {
    return { seq, at: this.#clock.monotonic(), wallAt: this.#clock.now() };
  }

  #keep(frame: KeptFrame): void {
    this.#kept.push(frame);
    this.#outbox.keep(frame.bytes, () => {
      if (this.#kept.first === frame) this.#kept.shift();
    });
  }
}

/**
 * What is being brought back was answered once. A line that did not name it any more would never hear that it is missing: a tag that knows
 * it has nothing to say, a tag that does not says how far it has come.
 */
function answeredOnce(newest: Newest, frames: readonly { readonly seq: number }[]): Newest {
  return { ...newest, seq: Math.max(newest.seq, ...frames.map(({ seq }) => seq)) };
}
