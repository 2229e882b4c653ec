/**
 * What is left of options when everything that is wrong in itself is taken out: so that relations between the others are checked in the
 * same pass, and one error can list everything.
 */
import type * as z from 'zod';

export interface Readable {
  readonly options: unknown;
  /** The options that were taken out, as in `timing.heartbeat`. */
  readonly removed: readonly string[];
}

/** A copy of `options` without what `issues` are about. An agent of the list that is wrong goes as a whole. */
export function readablePart(options: unknown, issues: readonly z.core.$ZodIssue[]): Readable {
  const removed: string[] = [];
  let copy = options;
  for (const issue of issues) {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    for (const path of paths) {
      const whole = path[0] === 'agents' ? path.slice(0, 2) : path;
      removed.push(whole.map(String).join('.'));
      copy = without(copy, whole);
    }
  }
  return { options: withoutHoles(copy), removed };
}

function without(value: unknown, path: readonly PropertyKey[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === first ? without(item, rest) : item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, item]) => {
    if (key !== first) return [[key, item] as const];
    return rest.length === 0 ? [] : [[key, without(item, rest)] as const];
  });
  return Object.fromEntries(entries);
}

function withoutHoles(options: unknown): unknown {
  const agents: unknown = (options as { agents?: unknown } | undefined)?.agents;
  if (!Array.isArray(agents)) return options;
  return { ...(options as object), agents: agents.filter((agent) => agent !== undefined) };
}
