/**
 * A key made from what a task is for: equal inputs make equal keys, in every process and on every machine.
 *
 * Equal means the same JSON, whatever the order of the fields; a digest keeps the key short and tells nothing of the input.
 */
import { createHash } from 'node:crypto';

/** `<prefix>:` and 43 characters. `input` has been encoded before, so it is JSON. */
export function inputKey(prefix: string, parts: readonly (string | number)[], input: unknown): string {
  const carried = input === undefined ? [] : [canonical(JSON.parse(JSON.stringify(input)))];
  const text = JSON.stringify([parts, carried]);
  return `${prefix}:${createHash('sha256').update(text).digest('base64url')}`;
}

/** With the fields of every object in one order. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, canonical(field)]));
}
