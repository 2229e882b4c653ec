/**
 * The captured wire forms of the classic clients, and how a record is held against their schemas.
 *
 * `wire-vectors.json` holds what each method of the PHP and Python classes sent in a real run, with a field table per record. Our records
 * may have more fields behind the classic ones; the classic ones must stand first, in order, and have the type and form of PHP's.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

interface Field {
  readonly type: string;
  readonly regex?: string;
}

interface Vectors {
  readonly schemas: Readonly<
    Record<string, { readonly order: readonly string[] | null; readonly fields: Readonly<Record<string, Field>> }>
  >;
  readonly vectors: readonly {
    readonly id: string;
    readonly commands: readonly { readonly conn: number; readonly argv: readonly string[] }[];
  }[];
}

export const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'wire-vectors.json'), 'utf8')) as Vectors;

/** The commands that a classic method sent, those of one name. */
export function sent(id: string, command: string): readonly (readonly string[])[] {
  const vector = vectors.vectors.find((one) => one.id === id);
  if (vector === undefined) throw new Error(`no vector ${id}`);
  const found = vector.commands.map(({ argv }) => argv).filter(([name]) => name === command);
  if (found.length === 0) throw new Error(`vector ${id} holds no ${command}`);
  return found;
}

const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  'array|object': (value) => typeof value === 'object' && value !== null,
  'json-string': (value) => typeof value === 'string' && typeof JSON.parse(value) === 'object',
  any: () => true,
};

/** Fails unless `record` is what the classic readers of `schema` expect. */
export function expectClassic(record: Readonly<Record<string, unknown>>, schema: string): void {
  const { order, fields } = vectors.schemas[schema] ?? { order: null, fields: {} };
  if (order !== null) expect(Object.keys(record).slice(0, order.length)).toEqual(order);
  for (const [name, { type, regex }] of Object.entries(fields)) {
    expect(checks[type]?.(record[name]), `${schema}.${name} is ${type}, got: ${JSON.stringify(record[name])}`).toBe(
      true,
    );
    if (regex !== undefined) expect(record[name]).toMatch(new RegExp(regex));
  }
}
