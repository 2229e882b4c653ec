/**
 * The parts of one streamed answer on their way out, and all such answers of a node.
 *
 * J4  No part is asked of the handler while `limits.streamParts` parts or `limits.streamBytes` bytes are sent and not taken.
 * J5  What is not taken is kept and sent again when the reader asks, with the number it had; the end of the answer likewise.
 * J6  When the reader says that it left, when its process has gone, or when it was not heard of for `silenceMs`, `signal` aborts and
 *     the answer is forgotten. Readers that left before the answer began are remembered, the last 1,000 of them.
 */
import type { Notice } from '../broker/notices.ts';
import type { Post } from '../client/post.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { encodePayload, type Envelope } from '../core/envelope.ts';
import { abortReason, CancelledError, describeError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { PartSink } from './pump.ts';

type PartNotice = Notice & { readonly kind: 'part' };

export interface PartStreamsDeps {
  readonly clock: Clock;
  readonly replies: Post<{ readonly address: string; readonly notice: Notice }>;
}

/** J6 */
const silenceMs = 10_000;
const mostLeft = 1_000;

export class OutgoingParts implements PartSink {
  readonly #envelope: Envelope;
  readonly #send: (notice: PartNotice) => void;
  readonly #onOver: () => void;
  readonly #left = new AbortController();
  /** J5, oldest first. */
  #kept: PartNotice[] = [];
  #bytes = 0;
  #number = 0;
  #hasEnded = false;
  #wake = (): void => {};
  lastHeardAt: number;

  constructor(
    envelope: Envelope,
    deps: { readonly now: number; readonly send: (notice: PartNotice) => void; readonly onOver: () => void },
  ) {
    this.#envelope = envelope;
    this.#send = deps.send;
    this.#onOver = deps.onOver;
    this.lastHeardAt = deps.now;
  }

  /** J6 */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  get via(): string {
    return this.#envelope.via;
  }

  /** J4 */
  async room(): Promise<void> {
    while (this.#kept.length >= limits.streamParts || this.#bytes >= limits.streamBytes)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.signal.aborted) throw abortReason(this.signal);
  }

  put(value: unknown): Promise<void> {
    const body = encodePayload(value ?? null, `a part of the answer to "${this.#envelope.name}"`);
    this.#add('more', body);
    return Promise.resolve();
  }

  end(): void {
    this.#add('end', 'null');
  }

  fail(error: unknown): void {
    this.#add('error', JSON.stringify(describeError(error)));
  }

  onCredit({ received, taken, again }: Notice & { readonly kind: 'credit' }): void {
    while (this.#kept[0] !== undefined && this.#kept[0].number <= taken)
      this.#bytes -= Buffer.byteLength(this.#kept.shift()?.body ?? '');
    if (this.#hasEnded && received >= this.#number) return this.#onOver();
    if (again) for (const notice of this.#kept) if (notice.number > received) this.#send(notice);
    this.#wake();
  }

  leave(why: string): void {
    this.#kept = [];
    this.#bytes = 0;
    this.#left.abort(new CancelledError('stopped', why));
    this.#onOver();
    this.#wake();
  }

  #add(state: PartNotice['state'], body: string): void {
    if (this.#hasEnded || this.signal.aborted) return;
    this.#hasEnded = state !== 'more';
    const notice = { kind: 'part', askId: this.#envelope.opId, number: ++this.#number, state, body } as const;
    this.#kept.push(notice);
    this.#bytes += Buffer.byteLength(body);
    this.#send(notice);
  }
}

export class PartStreams {
  readonly #deps: PartStreamsDeps;
  readonly #streams = new Map<string, OutgoingParts>();
  readonly #left = new Set<string>();
  #watch: Timer | undefined;

  constructor(deps: PartStreamsDeps) {
    this.#deps = deps;
  }

  /** Begins an answer in parts. */
  open(envelope: Envelope): OutgoingParts {
    const { clock, replies } = this.#deps;
    const { opId, via } = envelope;
    const parts = new OutgoingParts(envelope, {
      now: clock.monotonic(),
      send: (notice) => replies.send({ address: via, notice }),
      onOver: () => this.#streams.delete(opId),
    });
    if (this.#left.delete(opId)) parts.leave(nobodyReads);
    else {
      this.#streams.set(opId, parts);
      this.#watch ??= clock.setTimer(silenceMs, () => this.#dropSilent());
    }
    return parts;
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'credit') {
      const parts = this.#streams.get(notice.askId);
      if (parts === undefined) return; // over, or not begun
      parts.lastHeardAt = this.#deps.clock.monotonic();
      parts.onCredit(notice);
    } else if (notice.kind === 'left') {
      const parts = this.#streams.get(notice.askId);
      if (parts !== undefined) parts.leave(nobodyReads);
      else this.#remember(notice.askId);
    } else if (notice.kind === 'gone') {
      for (const parts of this.#streams.values()) if (parts.via === notice.node) parts.leave('its reader has gone');
    }
  }

  stop(): void {
    this.#watch?.cancel();
    for (const parts of this.#streams.values()) parts.leave('the node stops');
  }

  #dropSilent(): void {
    const before = this.#deps.clock.monotonic() - silenceMs;
    for (const parts of this.#streams.values())
      if (parts.lastHeardAt <= before) parts.leave(`its reader was not heard of for ${silenceMs} ms`);
    this.#watch = undefined;
    if (this.#streams.size > 0) this.#watch = this.#deps.clock.setTimer(silenceMs / 10, () => this.#dropSilent());
  }

  #remember(askId: string): void {
    this.#left.add(askId);
    const oldest = this.#left.values().next();
    if (this.#left.size > mostLeft && !oldest.done) this.#left.delete(oldest.value);
  }
}

const nobodyReads = 'nobody reads the answer any more';
