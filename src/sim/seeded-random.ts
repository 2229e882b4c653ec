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
    return this.#next(purpose) / 2 ** 32;
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
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
