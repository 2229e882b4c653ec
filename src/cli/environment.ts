/**
 * Options from the environment: every variable that the configuration's schema names beside an option, read as the kind
 * of value that the option has.
 *
 * The one place that turns variables into options; what is wrong with a value is for the configuration to say, which names
 * the variable along with the option.
 */
import { type OptionDescription, describeOptions } from '../config/schema.ts';

type Options = Readonly<Record<string, unknown>>;

/** `options` with those laid over that the environment sets. A variable that is empty sets nothing. */
export function withEnvironment(options: Options, env: NodeJS.ProcessEnv): Options {
  return describeOptions().reduce((all, option) => {
    const text = option.variable === undefined ? undefined : env[option.variable];
    return text === undefined || text === '' ? all : withValue(all, option.path.split('.'), valueOf(option, text));
  }, options);
}

/** `options` with one value set; objects on the way are copied, never changed. */
export function withValue(options: Options, path: readonly string[], value: unknown): Options {
  const [key, ...rest] = path;
  if (key === undefined) return options;
  const inner = options[key];
  if (rest.length === 0) return { ...options, [key]: value };
  return { ...options, [key]: withValue(isRecord(inner) ? inner : {}, rest, value) };
}

function valueOf({ default: fallback, path }: OptionDescription, text: string): unknown {
  if (typeof fallback === 'boolean') return booleans[text.toLowerCase()] ?? text;
  const isNumber = typeof fallback === 'number' || path.startsWith('timing.') || path === 'limits.eventsAge';
  return isNumber && /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

const booleans: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };

function isRecord(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
