/**
 * Where decorators leave what they saw: in the class's own metadata object, under a registered symbol.
 *
 * No Node has `Symbol.metadata` yet; the line below must run before the first decorated class is defined, and does, since
 * such a class imports a decorator. It is the symbol that esbuild falls back to, so all toolchains meet here. Each class
 * keeps only its own list: what is inherited is found by walking the classes, and no base class is ever written to.
 */
import type { RegistrationRecord } from './registration.ts';

(Symbol as { metadata?: symbol }).metadata ??= Symbol.for('Symbol.metadata');

const recordsKey = Symbol.for('agent-runtime.handlers');

/** A registration together with the method it is for. */
export interface MethodRecord {
  readonly method: string;
  readonly record: RegistrationRecord;
}

/** Adds to the list of the class that `metadata` belongs to. */
export function addRecord(metadata: object, entry: MethodRecord): void {
  const own = ownRecords(metadata);
  Object.defineProperty(metadata, recordsKey, { value: [...own, entry], configurable: true });
}

/** What decorators recorded for this very class, not for those it extends. */
export function recordsOf(Class: object): readonly MethodRecord[] {
  const metadata: unknown = Object.hasOwn(Class, Symbol.metadata) ? Reflect.get(Class, Symbol.metadata) : undefined;
  return typeof metadata === 'object' && metadata !== null ? ownRecords(metadata) : [];
}

function ownRecords(metadata: object): readonly MethodRecord[] {
  const own = Object.getOwnPropertyDescriptor(metadata, recordsKey)?.value as readonly MethodRecord[] | undefined;
  return own ?? [];
}
