/**
 * From a schema's issue to a sentence: `expected <option> to be <rule>, got: <value>`, with the variable that may have set
 * it, and a suggestion for a name that does not exist. Secrets in values are removed before anything is shown.
 */
import type * as z from 'zod';
import { redact } from '../core/errors.ts';
import { describeOptions, hostingRule } from './schema.ts';

/** The messages of one issue found in `options`. */
export function describeProblem(issue: z.core.$ZodIssue, options: unknown): readonly string[] {
  const path = pathText(issue.path);
  if (issue.code === 'invalid_key')
    return [
      `expected the name of a ${issue.path[0] === 'schedules' ? 'schedule' : 'queue'} in ${pathText(issue.path.slice(0, -1))} to be ${issue.issues[0]?.message}, got: ${show(issue.path.at(-1), path)}`,
    ];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path, options);
    return issue.keys.map((key) => unknownOption(path === '' ? key : `${path}.${key}`, key, known));
  }
  const what = path === '' ? 'the configuration' : optionName(path);
  const got = show(valueAt(options, issue.path), path);
  return [`expected ${what} to be ${ruleOf(issue)}, got: ${got}${mendOf(issue.path, options)}`];
}

function ruleOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type' || issue.expected !== 'object') return issue.message;
  return isHosting(issue.path) ? hostingRule : 'an object of options';
}

function isHosting(path: readonly PropertyKey[]): boolean {
  return path.at(-2) === 'agents' && typeof path.at(-1) === 'number';
}

/** The path of the innermost hosting that an option belongs to: groups hold hostings. */
function hostingPath(path: readonly PropertyKey[]): readonly PropertyKey[] {
  return path.slice(0, path.lastIndexOf('agents') + 2);
}

/** How to mend it: a default is named where there is one. */
function mendOf(path: readonly PropertyKey[], options: unknown): string {
  if (isHosting(path)) return "\nWrite pool(YourAgent), single(YourAgent) or group('name', 'one-for-all', [...]).";
  const own = `${prefixOf(path, options)}${String(path.at(-1))}`;
  const fallback = describeOptions().find((option) => option.path === own)?.default;
  return fallback === undefined ? '' : `\nLeave it out for the default: ${fallback}.`;
}

/** An option with its variable: `redis (REDIS_URL)`. */
export function optionName(path: string): string {
  const variable = describeOptions().find((option) => option.path === path && option.variable)?.variable;
  return variable === undefined ? path : `${path} (${variable})`;
}

function unknownOption(path: string, key: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: editDistance(name.toLowerCase(), key.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const mend =
    near && near.distance <= Math.max(2, key.length / 3)
      ? `Did you mean "${near.name}"?`
      : `There are: ${known.join(', ')}.`;
  return `expected ${path} to be an option, got: a name that is none\n${mend}`;
}

/** The names that are allowed where an unknown one was found. */
function knownKeys(path: readonly PropertyKey[], options: unknown): readonly string[] {
  const prefix = prefixOf([...path, ''], options);
  const names = describeOptions()
    .filter((option) => option.path.startsWith(prefix))
    .map((option) => option.path.slice(prefix.length))
    .filter((name) => !name.includes('.'));
  if (path.length === 0) return [...new Set([...names, 'tls', 'timing', 'limits', 'queues', 'schedules'])];
  if (prefix === 'queues.') return [...names, 'rate'];
  if (prefix.split('.').length > 2) return names;
  return [...names.filter((name) => name !== 'role'), ...(path[0] === 'agents' ? ['intensity'] : [])];
}

/** Where the option at `path` stands in `describeOptions`. */
function prefixOf(path: readonly PropertyKey[], options: unknown): string {
  if (path.length < 2) return '';
  if (path[0] === 'queues') return ['queues', ...path.slice(2, -1), ''].join('.');
  if (path[0] !== 'agents') return `${String(path[0])}.`;
  const hosting = hostingPath(path);
  const kind = valueAt(options, [...hosting, 'kind']);
  return typeof kind === 'string' ? [kind, ...path.slice(hosting.length, -1), ''].join('.') : '';
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

/** What was given, as JSON. Of an address that is no URL nothing is shown: it may be a password. */
function show(value: unknown, path: string): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (path === 'redis' && typeof value === 'string') {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[0];
    return scheme === undefined ? 'a text without a scheme' : `"${scheme}..."`;
  }
  try {
    return redact(String(JSON.stringify(value))).slice(0, 200);
  } catch {
    return typeof value;
  }
}

/** Levenshtein's distance with swaps of neighbours counted once (Damerau, 1964). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, changed);
      rows[i]?.push(swapped ? Math.min(best, at(i - 2, j - 2) + 1) : best);
    }
  }
  return at(a.length, b.length);
}
