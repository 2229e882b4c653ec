/**
 * Gathers the registrations of a class and of those it extends, base classes first.
 *
 * A subclass that registers a method again, or lists it again, replaces what its base said about that method; a method it
 * merely overrides keeps its registration.
 */
import { isAgentBase, isAgentClass, reservedNames } from './agent.ts';
import { isSchema } from './contract.ts';
import { type MethodRecord, recordsOf } from './metadata.ts';
import type { RegistrationRecord } from './registration.ts';
import type { AgentClass } from './task-types.ts';

/** Everything that is registered for `Class`; what is wrong with it is added to `problems`. */
export function collectRecords(Class: AgentClass, problems: string[]): readonly MethodRecord[] {
  let records: readonly MethodRecord[] = [];
  for (const each of lineage(Class)) {
    const own = [...recordsOf(each), ...listedRecords(each, problems)];
    records = [...records.filter((inherited) => !own.some((entry) => replaces(entry, inherited))), ...own];
  }
  const methods = new Set(records.map(({ method }) => method));
  problems.push(...[...methods].flatMap((method) => methodProblem(Class, method) ?? []));
  problems.push(...records.flatMap(schemaProblems));
  return records;
}

/** The class and the agent classes it extends, base first, without `Agent` itself. */
function lineage(Class: AgentClass): readonly AgentClass[] {
  const parent: unknown = Object.getPrototypeOf(Class);
  return isAgentClass(parent) ? [...lineage(parent), Class] : [];
}

function replaces(own: MethodRecord, inherited: MethodRecord): boolean {
  return own.method === inherited.method && own.record.kind === inherited.record.kind;
}

/** The class's own `static handlers`. */
function listedRecords(Class: AgentClass, problems: string[]): readonly MethodRecord[] {
  const listed: unknown = Object.hasOwn(Class, 'handlers') ? Reflect.get(Class, 'handlers') : undefined;
  if (listed === undefined) return [];
  if (typeof listed !== 'object' || listed === null) {
    problems.push(`expected static handlers to be an object of registrations, got: ${typeof listed}`);
    return [];
  }
  return Object.entries(listed).flatMap(([method, record]) => {
    if (isRecord(record)) return [{ method, record }];
    problems.push(
      `expected static handlers.${method} to be made by task(), message(), broadcast(), start(), stop(), down() or timer(), got: ${typeof record}`,
    );
    return [];
  });
}

function isRecord(value: unknown): value is RegistrationRecord {
  const kinds = ['task', 'message', 'broadcast', 'start', 'stop', 'down', 'timer'];
  return typeof value === 'object' && value !== null && 'kind' in value && kinds.includes(String(value.kind));
}

function methodProblem(Class: AgentClass, method: string): string | undefined {
  if (reservedNames.has(method))
    return `expected a handler's name not to be one that every agent has, got: "${method}"\nRename the method, or serve a contract.`;
  const value: unknown = Object.getOwnPropertyDescriptor(holder(Class.prototype, method) ?? {}, method)?.value;
  if (typeof value === 'function') return undefined;
  return `expected "${method}" to be a method of the class, got: ${value === undefined ? 'nothing of that name' : typeof value}`;
}

/** The prototype in the chain that defines `method`. */
function holder(prototype: object | null, method: string): object | undefined {
  if (prototype === null || isAgentBase(prototype)) return undefined;
  return Object.hasOwn(prototype, method)
    ? prototype
    : holder(Object.getPrototypeOf(prototype) as object | null, method);
}

/** Catches what only JavaScript lets through: something else in the place of a schema. */
function schemaProblems({ method, record }: MethodRecord): readonly string[] {
  const places = ['input', 'output', 'data', 'reply', 'part'] as const;
  const values: Readonly<Record<string, unknown>> = { ...record };
  return places
    .filter((place) => values[place] !== undefined && !isSchema(values[place]))
    .map(
      (place) => `expected the ${place} schema of "${method}" to be a Standard Schema, got: ${typeof values[place]}`,
    );
}
