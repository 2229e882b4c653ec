/**
 * Draws of one history: a seeded source of chance with the few words that a generator needs.
 */
import { SeededRandom } from '../../src/sim/seeded-random.ts';

export class Chance {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** A whole number in [0, below). */
  below(below: number, purpose?: string): number {
    return Math.floor(this.#random.fraction(purpose) * below);
  }

  is(probability: number, purpose?: string): boolean {
    return this.#random.fraction(purpose) < probability;
  }

  of<T>(...items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** One of the newest few, most of the time. */
  recent<T>(items: readonly T[]): T | undefined {
    const reach = this.is(0.8) ? Math.min(items.length, 4) : items.length;
    return items[items.length - 1 - this.below(reach)];
  }

  some<T>(items: readonly T[], most: number): T[] {
    return items.length === 0 ? [] : Array.from({ length: 1 + this.below(most) }, () => this.recent(items) as T);
  }
}
