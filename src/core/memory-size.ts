/**
 * Limits of a JavaScript heap as users write them: `'512mb'`, `'2gb'`.
 *
 * A number alone is none: nobody could tell bytes from megabytes when reading it.
 */

/** Megabytes or gigabytes. */
export type MemorySize = `${number}${'mb' | 'gb'}`;

/** With less, Node itself hardly starts. */
export const leastMemoryMb = 32;
export const memoryRule = `a text such as '512mb' or '2gb', of at least ${leastMemoryMb} MB`;

const units: Readonly<Record<string, number>> = { mb: 1, gb: 1024 };

/** The limit in megabytes, or undefined when `value` does not keep `memoryRule`. */
export function parseMemory(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^(\d{1,6}(?:\.\d+)?)(mb|gb)$/.exec(value) : null;
  const unit = units[match?.[2] ?? ''];
  const megabytes = match && unit !== undefined ? Math.floor(Number(match[1]) * unit) : 0;
  return megabytes >= leastMemoryMb ? megabytes : undefined;
}
