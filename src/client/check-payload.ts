/**
 * Payloads against schemas: checked at the sender, checked and transformed at the receiver.
 *
 * Any Standard Schema v1 (standardschema.dev): only its `~standard.validate` is used.
 */
import type { Schema } from '../agent/contract.ts';
import { DeliveryError } from '../core/errors.ts';
import { isThenable } from '../core/thenable.ts';

type Checked = Awaited<ReturnType<Schema['~standard']['validate']>>;

/** The value in the schema's output form. Rejects with `DeliveryError('invalid-payload')` that lists every issue. */
export async function checkPayload(schema: Schema | undefined, value: unknown, what: string): Promise<unknown> {
  return await checkSoon(schema, value, what);
}

/** The same at once, where the schema can say at once; then it throws. Else a promise. What every task pays for is worth the two ways. */
export function checkSoon(schema: Schema | undefined, value: unknown, what: string): unknown {
  if (schema === undefined) return value;
  const result = schema['~standard'].validate(value);
  if (!isThenable(result)) return valueOf(result, what);
  return Promise.resolve(result).then((later) => valueOf(later, what));
}

function valueOf(result: Checked, what: string): unknown {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => `${pathOf(issue.path)}${issue.message}`);
  throw new DeliveryError('invalid-payload', `expected ${what} to fit its schema, got: ${issues.join('; ')}`, {
    details: { issues },
  });
}

function pathOf(path: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined): string {
  if (path === undefined || path.length === 0) return '';
  return `${path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')}: `;
}
