/**
 * The mailbox: the bounded queue in front of a cell, first in first out.
 *
 * A full one refuses; what that means is the sender's affair: an ask is told, a durable message waits in its inbox, a broadcast is
 * read from the stream later. It drops nothing of what it has taken, unless its cell makes room for newer live mail.
 */
export class Mailbox<Work> {
  readonly #limit: number;
  #items: Work[] = [];
  #head = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.length - this.#head;
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
    const work = this.#items[this.#head];
    if (work === undefined) return undefined;
    this.#head++;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return work;
  }

  /** Takes out the oldest work that `matches`, or undefined when there is none. */
  evict(matches: (work: Work) => boolean): Work | undefined {
    const at = this.#items.findIndex((work, index) => index >= this.#head && matches(work));
    return at < 0 ? undefined : this.#items.splice(at, 1)[0];
  }

  /** Takes out all work that `matches`, the oldest first. */
  takeAll<W extends Work>(matches: (work: Work) => work is W): W[] {
    const all = this.drain();
    this.#items = all.filter((work) => !matches(work));
    return all.filter(matches);
  }

  /** Takes everything. */
  drain(): Work[] {
    const rest = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return rest;
  }
}
