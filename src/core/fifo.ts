/**
 * A list that grows at its end and is used up from its front, both in constant time.
 *
 * An array moves all that is left with each `shift` once it is long.
 */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Undefined when it is empty. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first one out; undefined when there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const first = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) this.replace(this.toArray());
    return first;
  }

  /** The first one first. */
  toArray(): T[] {
    return this.#items.slice(this.#head) as T[];
  }

  /** Puts others in the place of all there are. */
  replace(items: T[]): void {
    this.#items = items;
    this.#head = 0;
  }
}
