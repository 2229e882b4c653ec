/**
 * The trace of a run: every step as a line, hashed as it comes, with the newest lines kept.
 *
 * Two runs of one seed have the same hash, or something in them did not come from the seed.
 */
import type { Step } from './scheduler.ts';
import { hash, mix } from './seeded-random.ts';

export interface TraceLine {
  /** Virtual time in milliseconds since 1970. */
  readonly at: number;
  readonly place: string;
  readonly text: string;
  /** `note` is what was said of a step, not a step. */
  readonly kind: 'step' | 'note';
}

/** Rounded away from the tail, so that a sum of fractions is the same text everywhere. */
const perMs = 1_000;

export class Trace {
  readonly #most: number;
  #lines: TraceLine[] = [];
  #high = 0;
  #low = 1;
  readonly #hashes = new Map<string, number>();
  steps = 0;

  constructor(most: number) {
    this.#most = most;
  }

  step({ at, place, label }: Step): void {
    this.steps++;
    this.#add(at, place.name, label);
    if (this.#most > 0) this.#keep({ at, place: place.name, text: label, kind: 'step' });
  }

  note(place: string, text: string, at: number): void {
    this.#add(at, place, text);
    if (this.#most > 0) this.#keep({ at, place, text, kind: 'note' });
  }

  /** 64 bits, as 16 hexadecimal digits. */
  get hash(): string {
    return [this.#high, this.#low].map((part) => part.toString(16).padStart(8, '0')).join('');
  }

  /** The newest lines, the oldest of them first. */
  get lines(): readonly TraceLine[] {
    return this.#lines.slice(-this.#most);
  }

  #add(at: number, place: string, text: string): void {
    const time = Math.round(at * perMs);
    const what = mix(this.#hashOf(place), this.#hashOf(text));
    this.#low = mix(mix(this.#low, what), time % 2 ** 32);
    this.#high = mix(this.#high ^ this.#low, what);
  }

  #keep(line: TraceLine): void {
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#most) this.#lines = this.#lines.slice(-this.#most);
  }

  /** Most texts come again and again. */
  #hashOf(text: string): number {
    let known = this.#hashes.get(text);
    if (known === undefined) {
      known = hash(text);
      if (this.#hashes.size < 10_000) this.#hashes.set(text, known);
    }
    return known;
  }
}
