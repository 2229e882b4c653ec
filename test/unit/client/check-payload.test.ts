/**
 * Checking a payload: at once where the schema can say at once, later where it cannot, and whatever kind of promise it gives.
 */
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Schema } from '../../../src/agent/contract.ts';
import { checkPayload, checkSoon } from '../../../src/client/check-payload.ts';

type Result = Awaited<ReturnType<Schema['~standard']['validate']>>;

function schemaOf(validate: (value: unknown) => Result | Promise<Result>): Schema {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

const even = (value: unknown): Result =>
  Number(value) % 2 === 0 ? { value: Number(value) } : { issues: [{ message: 'it is odd' }] };
/** A promise that is no instance of this realm's. */
const foreign = (result: Result): Promise<Result> =>
  runInNewContext('Promise.resolve(result)', { result }) as Promise<Result>;

const schemas = {
  'a value': schemaOf(even),
  'a promise': schemaOf((value) => Promise.resolve(even(value))),
  'a promise of another realm': schemaOf((value) => foreign(even(value))),
};

test.each(Object.entries(schemas))('what a schema says by %s counts', async (_, schema) => {
  expect(await checkPayload(schema, '4', 'the input')).toBe(4);
  await expect(checkPayload(schema, 3, 'the input')).rejects.toThrow(
    'expected the input to fit its schema, got: it is odd',
  );
});

test('a schema that can say at once is not waited for', () => {
  expect(checkSoon(schemas['a value'], 2, 'the input')).toBe(2);
  expect(() => checkSoon(schemas['a value'], 1, 'the input')).toThrow('it is odd');
  expect(checkSoon(schemas['a promise of another realm'], 2, 'the input')).toBeInstanceOf(Promise);
});
