/**
 * A binary heap of steps by (time, tie, order): what is due next, in a few comparisons however much is planned.
 *
 * Cancelled steps stay until they come up, or until they are more than half of all.
 */
export interface Due {
  /** Virtual time in milliseconds. */
  at: number;
  /** Among steps of one time. */
  tie: number;
  /** Among steps of one time and tie: in the order in which they were planned. */
  order: number;
  cancelled: boolean;
}

/** Fewer are never worth the trouble. */
const leastSwept = 1_024;

export class Heap<Step extends Due> {
  #steps: Step[] = [];
  #cancelled = 0;

  /** Those that are not cancelled. */
  get size(): number {
    return this.#steps.length - this.#cancelled;
  }

  push(step: Step): void {
    this.#steps.push(step);
    this.#rise(this.#steps.length - 1);
  }

  cancel(step: Step): void {
    if (step.cancelled) return;
    step.cancelled = true;
    if (++this.#cancelled > leastSwept && this.#cancelled * 2 > this.#steps.length) this.#sweep();
  }

  /** The next one, left where it is. */
  peek(): Step | undefined {
    for (;;) {
      const first = this.#steps[0];
      if (first?.cancelled !== true) return first;
      this.#takeFirst();
      this.#cancelled--;
    }
  }

  pop(): Step | undefined {
    const first = this.peek();
    if (first !== undefined) {
      this.#takeFirst();
      first.cancelled = true; // who cancels it later changes nothing
    }
    return first;
  }

  /** In no order. */
  *[Symbol.iterator](): Generator<Step> {
    for (const step of this.#steps) if (!step.cancelled) yield step;
  }

  #takeFirst(): void {
    const last = this.#steps.pop();
    if (last === undefined || this.#steps.length === 0) return;
    this.#steps[0] = last;
    this.#sink(0);
  }

  #sweep(): void {
    this.#steps = this.#steps.filter((step) => !step.cancelled);
    this.#cancelled = 0;
    for (let at = this.#steps.length >> 1; at >= 0; at--) this.#sink(at);
  }

  #rise(from: number): void {
    const steps = this.#steps;
    const step = steps[from];
    if (step === undefined) return;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = steps[above];
      if (other === undefined || !isBefore(step, other)) break;
      steps[at] = other;
      at = above;
    }
    steps[at] = step;
  }

  #sink(from: number): void {
    const steps = this.#steps;
    const step = steps[from];
    if (step === undefined) return;
    let at = from;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const [first, second] = [steps[left], steps[right]];
      if (first === undefined) break;
      const [below, other] = second !== undefined && isBefore(second, first) ? [right, second] : [left, first];
      if (!isBefore(other, step)) break;
      steps[at] = other;
      at = below;
    }
    steps[at] = step;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at !== b.at ? a.at < b.at : a.tie !== b.tie ? a.tie < b.tie : a.order < b.order;
}
