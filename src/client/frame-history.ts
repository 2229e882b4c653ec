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
import type { Outbox } from './outbox.ts';

/** A frame that was answered. */
export interface KeptFrame<Op, Reply> {
  readonly seq: number;
  readonly ops: readonly Op[];
  readonly replies: readonly Reply[];
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
export interface LineLegacy<Op, Reply> {
  readonly tag: string;
  /** Address of the process. */
  readonly sender: string;
  /** The last number it gave to a frame. */
  readonly seq: number;
  readonly newest: Newest;
  readonly kept: readonly KeptFrame<Op, Reply>[];
}

/** A tag is asked for what it knows only while it surely remembers. */
const namedMs = limits.framesRememberedMs / 2;

export class FrameHistory<Op, Reply> {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #isKept: boolean;
  readonly #kept = new Fifo<KeptFrame<Op, Reply>>();
  #newest: Newest = { seq: 0, at: 0, wallAt: 0 };

  /** Nothing is kept where nothing would be sent `again`. */
  constructor(deps: { clock: Clock; outbox: Outbox; again?: unknown }) {
    this.#clock = deps.clock;
    this.#outbox = deps.outbox;
    this.#isKept = deps.again !== undefined;
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

  get kept(): readonly KeptFrame<Op, Reply>[] {
    this.#outbox.evict();
    return this.#kept.toArray();
  }

  get hasKept(): boolean {
    this.#outbox.evict();
    return this.#kept.size > 0;
  }

  note(seq: number, ops: readonly Op[], replies: readonly Reply[], bytes: number): void {
    this.#newest = this.#answered(seq);
    if (ops.length > 0 && this.#isKept) this.#keep({ seq, ops, replies, bytes, at: this.#newest.at });
  }

  inherit({ kept, newest }: LineLegacy<Op, Reply>): void {
    for (const frame of kept) this.#keep(frame);
    this.#newest = newest;
  }

  /** What the tag has lost when `last` is the newest frame it knows. It is forgotten here, too. */
  takeLost(last: number): readonly KeptFrame<Op, Reply>[] {
    this.#newest = this.#answered(last);
    const { kept } = this;
    const lost = kept.filter((frame) => frame.seq > last);
    this.#kept.replace(kept.filter((frame) => frame.seq <= last));
    return lost;
  }

  /** It could not be sent again by this process. */
  putBack(lost: KeptFrame<Op, Reply>): void {
    this.#keep(lost);
    this.#newest = answeredOnce(this.#newest, [lost]);
  }

  /** For the next incarnation, with `coming`, which is being brought back. */
  legacy(coming: readonly KeptFrame<Op, Reply>[]): Pick<LineLegacy<Op, Reply>, 'newest' | 'kept'> {
    return { newest: answeredOnce(this.#newest, coming), kept: [...this.kept, ...coming] };
  }

  #answered(seq: number): Newest {
    return { seq, at: this.#clock.monotonic(), wallAt: this.#clock.now() };
  }

  #keep(frame: KeptFrame<Op, Reply>): void {
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
