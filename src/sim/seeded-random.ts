/**
 * Chance from a seed: every draw is a hash of (seed, purpose, how often that purpose was drawn).
 *
 * Draws with different purposes do not disturb one another, so leaving one out keeps all others as they were.
 */
import type { Random } from '../core/random.ts';

export class SeededRandom implements Random {
  readonly #seed: number;
  readonly #drawn = new Map<string, number>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  fraction(purpose = 'any'): number {
    return toFraction(this.#next(purpose));
  }

  id(purpose = 'id'): string {
    return [0, 1].map((part) => this.#next(`${purpose}/${part}`).toString(36).padStart(7, '0')).join('');
  }

  #next(purpose: string): number {
    const count = this.#drawn.get(purpose) ?? 0;
    this.#drawn.set(purpose, count + 1);
    return hash(`${this.#seed}/${purpose}/${count}`);
  }
}

/** FNV-1a with a final mix (MurmurHash3's), 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return mix(value, 0);
}

/** One number of 32 bits from two, by the final mix of MurmurHash3. */
export function mix(a: number, b: number): number {
  let value = a ^ Math.imul(b, 0x9e3779b1);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** A fraction in [0, 1) of such a number. */
export function toFraction(number: number): number {
  return number / 2 ** 32;
}
