/**
 * The book of asks: who asked what, and what each ask ended with, as its asker got it.
 *
 * Seen from the promise in the asker's hands, since that is where an ask that hangs, or gets the answer to another one, shows.
 */
import type { Asks } from '../client/asks.ts';
import type { Envelope } from '../core/envelope.ts';
import type { Place } from './scheduler.ts';

export interface AskRecord {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly name: string;
  /** Virtual time in milliseconds after which it has to have ended, had the asker a perfect clock. */
  readonly endsBy: number;
  /** Of the asker. */
  readonly place: Place;
  end?: { readonly isOk: boolean; readonly value: unknown };
}

export class AskBook {
  readonly asks = new Map<string, AskRecord>();
  /** Bodies of answers by the id of their ask. */
  readonly answers = new Map<string, Set<string>>();
  readonly #watched = new WeakSet<Asks>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Follows every ask that is made through `asks`. */
  watch(asks: Asks, place: Place): void {
    if (this.#watched.has(asks)) return;
    this.#watched.add(asks);
    const ask = asks.ask.bind(asks);
    const value = (envelope: Envelope, timeoutMs: number, signal?: AbortSignal): Promise<unknown> => {
      const record = this.#note(envelope, timeoutMs, place);
      const answer = ask(envelope, timeoutMs, signal);
      answer.then(
        (got) => (record.end = { isOk: true, value: got }),
        (error: unknown) => (record.end = { isOk: false, value: error }),
      );
      return answer;
    };
    Object.defineProperty(asks, 'ask', { value });
  }

  /** Somebody has answered. */
  answered(askId: string, body: string): void {
    const bodies = this.answers.get(askId) ?? new Set();
    this.answers.set(askId, bodies.add(body));
  }

  #note({ opId: id, from, to, name }: Envelope, timeoutMs: number, place: Place): AskRecord {
    const record: AskRecord = { id, from, to, name, endsBy: this.#nowMs() + timeoutMs, place };
    this.asks.set(id, record);
    return record;
  }
}
