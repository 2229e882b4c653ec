/**
 * Durations as users write them: `'30s'`, `'2m'`, `1500`.
 *
 * One parser for options, decorators and the command line, so that every duration in the project reads alike.
 */
import { ConfigError } from './errors.ts';

/** Milliseconds, or a number with a unit: `ms`, `s`, `m`, `h`, `d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The duration in milliseconds, or undefined when `value` is not a duration. Negative and infinite spans are none. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value.trim());
  const unit = match?.[2] === undefined ? undefined : units[match[2]];
  return match && unit !== undefined ? Math.round(Number(match[1]) * unit) : undefined;
}

/** The duration in milliseconds. Throws `ConfigError` naming `option` when it is not one. */
export function durationMs(value: Duration, option: string): number {
  const parsed = parseDuration(value);
  if (parsed !== undefined) return parsed;
  throw new ConfigError([
    `expected ${option} to be a duration such as 1500, '30s' or '2m', got: ${JSON.stringify(value)}`,
  ]);
}
