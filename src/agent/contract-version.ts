/**
 * The version of a role's contract: a short hash over what its callers see of it.
 *
 * Nodes that run the same role from two versions of the code tell it by this hash, without comparing code. It covers the names, the
 * JSON Schemas of what goes in and comes out, and the options of tasks that a caller notices. It covers neither how a handler works
 * nor the order in which things are declared, nor titles and descriptions.
 */
import { createHash } from 'node:crypto';
import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import type { Schema } from './contract.ts';
import type { BroadcastHandler, HandlerTable, MessageHandler, TaskHandler } from './handlers.ts';

/** What a role takes, and the version of its contract. */
export interface RoleContract {
  readonly role: string;
  readonly version: string;
  readonly tasks: readonly string[];
  readonly messages: readonly string[];
  /** Patterns of the broadcasts that it hears. */
  readonly topics: readonly string[];
}

/** What the role of `table` takes, in alphabetical order. Pure: the same on every node that has the same contract. */
export function contractOf(table: HandlerTable): RoleContract {
  const tasks = [...table.tasks.values()];
  const messages = [...table.messages.values()];
  const seen = {
    role: table.role,
    tasks: byName(tasks, taskFace),
    messages: byName(messages, messageFace),
    broadcasts: table.broadcasts.map(broadcastFace).map(stable).sort(),
  };
  return {
    role: table.role,
    version: createHash('sha256').update(stable(seen)).digest('hex').slice(0, 8),
    tasks: tasks.map(({ name }) => name).sort(),
    messages: messages.map(({ name }) => name).sort(),
    topics: [...new Set(table.broadcasts.map(({ pattern }) => pattern))].sort(),
  };
}

function byName<H extends { readonly name: string }>(handlers: readonly H[], face: (handler: H) => object): object {
  return Object.fromEntries(handlers.map((handler) => [handler.name, face(handler)]));
}

/** How long a handler may take and how often it is tried is what its caller waits for; locks and pauses between tries are not seen. */
function taskFace({ input, output, part, options }: TaskHandler): object {
  const { retries, priority, timeoutMs, resultTtlMs, concurrencyKey: key } = options;
  return {
    input: schemaFace(input, 'input'),
    output: schemaFace(output, 'output'),
    part: schemaFace(part, 'output'),
    options: { retries, priority, timeoutMs, resultTtlMs, key: typeof key === 'function' ? true : key },
  };
}

function messageFace({ data, reply, part }: MessageHandler): object {
  return {
    data: schemaFace(data, 'input'),
    reply: schemaFace(reply, 'output'),
    part: schemaFace(part, 'output'),
  };
}

function broadcastFace({ pattern, data }: BroadcastHandler): object {
  return { pattern, data: schemaFace(data, 'input') };
}

/** The JSON Schema of the side that a caller sees; of a library that has none, only whose schema it is. */
function schemaFace(schema: Schema | undefined, side: 'input' | 'output'): unknown {
  if (schema === undefined) return undefined;
  const standard: Schema['~standard'] & Partial<StandardJSONSchemaV1.Props> = schema['~standard'];
  const options = { target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } } as const;
  try {
    const json = standard.jsonSchema?.[side](options);
    if (json !== undefined) return withoutWords(json);
  } catch {
    // a schema that cannot be written as JSON Schema says no more than its vendor
  }
  return { vendor: standard.vendor };
}

const words = new Set(['$schema', '$comment', 'title', 'description', 'examples']);
/** Their keys are names that somebody chose, not words of JSON Schema. */
const named = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
const values = new Set(['const', 'default']);
/** Lists whose order says nothing. */
const unordered = new Set(['required', 'enum', 'type', 'anyOf']);

/** A JSON Schema without what is written for readers, and with its unordered lists in one order. */
function withoutWords(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutWords);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key]) => !words.has(key));
  return Object.fromEntries(kept.map(([key, value]: [string, unknown]) => [key, keyword(key, value)]));
}

function keyword(key: string, value: unknown): unknown {
  if (values.has(key)) return value;
  if (named.has(key) && typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, withoutWords(schema)]));
  if (unordered.has(key) && Array.isArray(value)) return value.map(withoutWords).sort(byText);
  return withoutWords(value);
}

function byText(a: unknown, b: unknown): number {
  return stable(a) < stable(b) ? -1 : 1;
}

/** JSON with its keys in alphabetical order. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
