/**
 * Chance, as every part of the runtime sees it.
 *
 * A draw may name its purpose. The system source ignores the name; simulation derives the value from (seed, purpose), so
 * that removing one fault leaves every other draw as it was (facts: keyed faults shrink, counted ones do not).
 */
export interface Random {
  /** A number in [0, 1). */
  fraction(purpose?: string): number;
  /** A new identifier: letters, digits, `-` and `_` only, at least 60 bits of chance. */
  id(purpose?: string): string;
}

/** A whole number in [0, below). */
export function integer(random: Random, below: number, purpose?: string): number {
  return Math.floor(random.fraction(purpose) * below);
}
