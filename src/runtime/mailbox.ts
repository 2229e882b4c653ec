/**
 * The mailbox: the bounded queue in front of a cell, first in first out.
 *
 * A full one refuses; what that means is the sender's affair: an ask is told, a durable message waits in its inbox, a broadcast is
 * read from the stream later. It drops nothing of what it has taken, unless its cell makes room for newer live mail.
 */
import { Fifo } from '../core/fifo.ts';

export class Mailbox<Work> {
  readonly #limit: number;
  readonly #items = new Fifo<Work>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.size;
  }

  get room(): number {
    return this.#limit - this.size;
  }

  /** Takes `work` in, or returns false when the mailbox is full. */
  offer(work: Work): boolean {
    if (this.room <= 0) return false;
    this.#items.push(work);
    return true;
  }

  /** The oldest work, or undefined when there is none. */
  take(): Work | undefined {
    return this.#items.shift();
  }

  /** Takes out the oldest work that `matches`, or undefined when there is none. */
  evict(matches: (work: Work) => boolean): Work | undefined {
    const all = this.#items.toArray();
    const at = all.findIndex(matches);
    const [evicted] = at < 0 ? [] : all.splice(at, 1);
    this.#items.replace(all);
    return evicted;
  }

  /** Takes out all work that `matches`, the oldest first. */
  takeAll<W extends Work>(matches: (work: Work) => work is W): W[] {
    const all = this.drain();
    this.#items.replace(all.filter((work) => !matches(work)));
    return all.filter(matches);
  }

  /** Takes everything. */
  drain(): Work[] {
    const all = this.#items.toArray();
    this.#items.replace([]);
    return all;
  }
}
