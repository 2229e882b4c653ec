/**
 * The parts of one streamed answer as they come in, for the one loop that reads them.
 *
 * J1  Every part is given out once and in the order of its number. One that came twice is ignored; behind one that is missing
 *     nothing is taken, and the sender is asked to repeat what is not acknowledged.
 * J2  The sender is told what was received and taken: when half of what it may send ahead is used up, when the link was restored, and
 *     every second, so that it also knows that somebody is there. A second without progress asks for a repetition.
 * J3  What was received before the end of the answer, or before its handler failed, is given out first. Deadline and signal of the
 *     caller end the loop at once.
 */
import type { Notice } from '../broker/notices.ts';
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import { decodePayload } from '../core/envelope.ts';
import { limits } from '../core/limits.ts';

export type PartNotice = Notice & { readonly kind: 'part' };
export type AnswerNotice = Notice & { readonly kind: 'credit' | 'left' };

export interface IncomingDeps {
  readonly askId: string;
  readonly clock: Clock;
  /** To the process that answers. */
  readonly tell: (address: string, notice: AnswerNotice) => void;
}

const beatMs = 1_000;

export class IncomingParts {
  readonly #deps: IncomingDeps;
  readonly #waiting: string[] = [];
  #owner: string | undefined;
  #beat: Timer | undefined;
  #received = 0;
  #taken = 0;
  #toldTaken = 0;
  /** Bytes taken since the sender was told. */
  #untold = 0;
  #receivedAtBeat = 0;
  /** The part behind which one was missing. */
  #missed = -1;
  /** Nothing is missing of the answer. */
  #isWhole = false;
  #end: { readonly error?: unknown } | undefined;
  #wake = (): void => {};

  constructor(deps: IncomingDeps) {
    this.#deps = deps;
  }

  /** Who answers, when it is known; another one when the first has refused. */
  open(owner: string): void {
    this.#owner = owner;
    if (this.#end !== undefined) return this.#sayEnd();
    this.#beat?.cancel();
    this.#beat = repeat(
      this.#deps.clock,
      () => beatMs,
      () => this.#onBeat(),
    );
  }

  /** J1. True for the one that ends the answer, when nothing before it is missing. */
  accept(notice: PartNotice): boolean {
    if (notice.number <= this.#received || this.#end !== undefined) return false;
    if (notice.number > this.#received + 1) {
      if (this.#missed !== this.#received) this.#tell(true); // once for each gap; the beat repeats it
      this.#missed = this.#received;
      return false;
    }
    this.#received = notice.number;
    this.#isWhole = notice.state !== 'more';
    if (this.#isWhole) return true;
    this.#waiting.push(notice.body);
    this.#wake();
    return false;
  }

  /** The link was restored: something may be missing. */
  onReset(): void {
    if (this.#end === undefined) this.#tell(true);
  }

  /** The answer has ended, well without `error`. With `atOnce`, what was not read is dropped (J3). */
  end(end: { readonly error?: unknown }, atOnce = false): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#beat?.cancel();
    if (atOnce) this.#waiting.length = 0;
    this.#sayEnd();
    this.#wake();
  }

  /** The reader has gone; the sender is told, unless the answer had ended. */
  leave(): void {
    if (this.#end !== undefined) return;
    this.#end = {};
    this.#beat?.cancel();
    this.#sayEnd();
  }

  /** The values, as they come. Rejects with the error of `end`. */
  async *read(): AsyncGenerator<unknown> {
    for (;;) {
      const body = this.#waiting.shift();
      if (body !== undefined) {
        this.#onTaken(body);
        yield decodePayload(body);
      } else if (this.#end === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('error' in this.#end) throw this.#end.error;
      else return;
    }
  }

  #onTaken(body: string): void {
    this.#taken++;
    this.#untold += Buffer.byteLength(body);
    const isHalf = this.#taken - this.#toldTaken >= limits.streamParts / 2 || this.#untold >= limits.streamBytes / 4;
    if (isHalf && this.#end === undefined) this.#tell(false);
  }

  /** J2 */
  #onBeat(): Promise<void> {
    this.#tell(this.#received === this.#receivedAtBeat);
    this.#receivedAtBeat = this.#received;
    return Promise.resolve();
  }

  /** The sender may forget what it has kept. */
  #sayEnd(): void {
    if (this.#isWhole) this.#tell(false);
    else if (this.#owner !== undefined) this.#deps.tell(this.#owner, { kind: 'left', askId: this.#deps.askId });
  }

  #tell(again: boolean): void {
    if (this.#owner === undefined) return;
    this.#toldTaken = this.#taken;
    this.#untold = 0;
    const counts = { received: this.#received, taken: this.#taken };
    this.#deps.tell(this.#owner, { kind: 'credit', askId: this.#deps.askId, ...counts, again });
  }
}
