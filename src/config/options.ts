/**
 * The kinds of options there are: each a zod schema that knows its rule in words, its default, what it is for, and the
 * environment variable that may set it.
 *
 * The words make error messages and the reference page alike, so neither can say something else than the check does.
 */
import * as z from 'zod';
import { type Duration, parseDuration } from '../core/duration.ts';

export interface OptionMeta {
  /** Completes "expected <option> to be ...". */
  readonly rule: string;
  readonly description: string;
  /** As users would write it; absent: none. */
  readonly default?: string | number | boolean;
  /** The environment variable that the command line reads for it. */
  readonly variable?: string;
}

/** What is known about each option's schema. */
export const optionRegistry = z.registry<OptionMeta>();

interface Words {
  readonly description: string;
  readonly variable?: string;
}

/** A duration of at least `leastMs`, resolved to milliseconds. */
export function duration(fallback: Duration, leastMs: number, words: Words) {
  const rule = `a duration such as '30s' or 1500, of at least ${leastMs} ms`;
  return z
    .custom<Duration>((value) => (parseDuration(value) ?? -1) >= leastMs, { error: rule })
    .transform((value) => parseDuration(value) ?? leastMs)
    .prefault(fallback)
    .register(optionRegistry, { rule, default: fallback, ...words });
}

/** A duration like `duration` that has no default. */
export function plainDuration(leastMs: number, words: Words) {
  const rule = `a duration such as '30s' or 1500, of at least ${leastMs} ms`;
  return z
    .custom<Duration>((value) => (parseDuration(value) ?? -1) >= leastMs, { error: rule })
    .transform((value) => parseDuration(value) ?? leastMs)
    .register(optionRegistry, { rule, ...words });
}

/** One that may be left out: it depends on another option then. */
export function derivedDuration(leastMs: number, words: Words) {
  return plainDuration(leastMs, words).optional();
}

/** A whole number from `least` to `most`. */
export function count(fallback: number, least: number, most: number, words: Words) {
  const rule = `a whole number from ${least} to ${most}`;
  return z
    .int({ error: rule })
    .min(least, { error: rule })
    .max(most, { error: rule })
    .default(fallback)
    .register(optionRegistry, { rule, default: fallback, ...words });
}

/** A whole number like `count` that has no default. */
export function plainCount(least: number, most: number, words: Words) {
  const rule = `a whole number from ${least} to ${most}`;
  return z
    .int({ error: rule })
    .min(least, { error: rule })
    .max(most, { error: rule })
    .register(optionRegistry, { rule, ...words });
}

/** One of a few words; the first is the default. */
export function choice<const Value extends string>(values: readonly [Value, ...Value[]], words: Words) {
  const rule = values.map((value) => `'${value}'`).join(' or ');
  return z
    .enum(values, { error: rule })
    .default(values[0] as never)
    .register(optionRegistry, { rule, default: values[0], ...words });
}

export function flag(fallback: boolean, words: Words) {
  const rule = 'true or false';
  return z
    .boolean({ error: rule })
    .default(fallback)
    .register(optionRegistry, { rule, default: fallback, ...words });
}

/** Text of a form. */
export function text(pattern: RegExp, rule: string, words: Words & { readonly default?: string }) {
  const schema = z.string({ error: rule }).regex(pattern, { error: rule });
  return schema.register(optionRegistry, { rule, ...words });
}
