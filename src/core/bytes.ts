/**
 * Amounts of memory as users write them: `'512mb'`, `'2gb'`.
 *
 * A number alone is no amount: nobody could tell bytes from megabytes when reading it.
 */

/** A whole number or a fraction of mebibytes or gibibytes. */
export type ByteSize = `${number}${'mb' | 'gb'}`;

const units: Readonly<Record<string, number>> = { mb: 1024 ** 2, gb: 1024 ** 3 };

/** The amount in bytes, or undefined when `value` is none. */
export function parseBytes(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^(\d+(?:\.\d+)?)(mb|gb)$/.exec(value.trim());
  const unit = match?.[2] === undefined ? undefined : units[match[2]];
  return match && unit !== undefined ? Math.round(Number(match[1]) * unit) : undefined;
}
