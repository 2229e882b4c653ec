/**
 * What was asked for and what was done: the same input, handler and check for every system. A figure counts only when each task was
 * handled once and gave the right result.
 */
const text =
  'a payload of about two hundred bytes, as JSON, which is what the measured systems carry to and fro '.repeat(2);

/** 208 bytes as JSON, give or take a digit. */
export const inputOf = (n) => ({ n, text: text.slice(0, 184) });

export const outputOf = (n) => ({ n, twice: 2 * n });

export function checkOutput(n, output) {
  if (output?.n !== n || output.twice !== 2 * n)
    throw new Error(`expected the result of ${n} to be right, got: ${JSON.stringify(output)}`);
}

/** Counts how often each input was handled, and lets one wait until so many have come to their end. */
export class Tally {
  firstAt;
  lastAt;
  ended = 0;
  #handled = [];
  #waiting = [];

  /** The handler of every system. */
  work = ({ n }) => {
    this.firstAt ??= performance.now();
    this.#handled[n] = (this.#handled[n] ?? 0) + 1;
    return outputOf(n);
  };

  end = () => {
    this.ended += 1;
    this.lastAt = performance.now();
    while (this.#waiting.length > 0 && this.#waiting[0].count <= this.ended) this.#waiting.shift().resolve();
  };

  /** Waits are asked for in growing order. */
  reached(count) {
    if (this.ended >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  check(count) {
    for (let n = 0; n < count; n++)
      if (this.#handled[n] !== 1)
        throw new Error(`expected ${n} to be handled once, got: ${this.#handled[n] ?? 0} times`);
  }

  /** Where only some of them were to be handled, whichever came first. */
  checkNoneTwice() {
    this.#handled.forEach((times, n) => {
      if (times > 1) throw new Error(`expected ${n} to be handled at most once, got: ${times} times`);
    });
  }
}

/** Of a list that it sorts. */
export function quantile(values, part) {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * part))];
}
