/**
 * The version of a role's contract: what changes it, and what does not.
 */
import { Agent, broadcast, message, task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { contractOf } from '../../../src/agent/contract-version.ts';
import { handlersOf } from '../../../src/agent/handlers.ts';
import type { RegistrationRecord } from '../../../src/agent/registration.ts';

function contract(handlers: Readonly<Record<string, RegistrationRecord>>, role = 'audit') {
  class TestAgent extends Agent {
    static readonly role = role;
    static readonly handlers = handlers;
    audit(): void {}
    check(): void {}
    who(): void {}
    hear(): void {}
  }
  return contractOf(handlersOf(TestAgent));
}

const versionOf = (...handlers: Parameters<typeof contract>): string => contract(...handlers).version;
const input = z.object({ path: z.string(), deep: z.boolean().default(false), kind: z.enum(['a', 'b']) });
const output = z.object({ findings: z.number() });
const base = { audit: task(input, output), who: message(z.string(), z.number()), hear: broadcast('docs.*') };

test('a contract names what the role takes, in alphabetical order', () => {
  expect(contract({ ...base, check: task() })).toEqual({
    role: 'audit',
    version: expect.stringMatching(/^[0-9a-f]{8}$/),
    tasks: ['audit', 'check'],
    messages: ['who'],
    topics: ['docs.*'],
  });
});

test('its version is the same from run to run', () => {
  expect(versionOf(base)).toBe('5ce5f63c');
});

describe('the version stays the same when', () => {
  const { version } = contract(base);
  test.each<[string, Readonly<Record<string, RegistrationRecord>>]>([
    ['handlers are declared in another order', { hear: base.hear, who: base.who, audit: base.audit }],
    [
      'fields and values of a schema are declared in another order',
      {
        ...base,
        audit: task(z.object({ kind: z.enum(['b', 'a']), deep: z.boolean().default(false), path: z.string() }), output),
      },
    ],
    [
      'words are added for readers',
      { ...base, audit: task(input.describe('what is audited').meta({ title: 'Audit' }), output) },
    ],
    [
      'only the handler notices it',
      { ...base, audit: task(input, output, { lock: 'repo', backoff: '2s', grace: '3s' }) },
    ],
    ['default options are written out', { ...base, audit: task(input, output, { retries: 3, priority: 'normal' }) }],
    ['an agent keeps the time', { ...base, check: { kind: 'timer', every: '1m' } }],
  ])('%s', (_, handlers) => expect(versionOf(handlers)).toBe(version));
});

test('every change that a caller could notice makes another version', () => {
  const described = (name: string) => z.object({ [name]: z.string() });
  const versions = [
    versionOf(base),
    versionOf(base, 'other'),
    versionOf({ audit: base.audit, who: base.who }),
    versionOf({ ...base, check: task() }),
    versionOf({ ...base, hear: broadcast('docs.**') }),
    versionOf({ ...base, hear: broadcast('docs.*', z.string()) }),
    versionOf({ ...base, who: message(z.string(), z.string()) }),
    versionOf({ ...base, who: message(z.number(), z.number()) }),
    versionOf({ ...base, audit: task(input, input) }),
    versionOf({ ...base, audit: task(input.extend({ more: z.string() }), output) }),
    versionOf({ ...base, audit: task(input.extend({ deep: z.boolean().default(true) }), output) }),
    versionOf({ ...base, audit: task(input.extend({ path: z.string().min(1) }), output) }),
    versionOf({ ...base, audit: task(input, output, { retries: 0 }) }),
    versionOf({ ...base, audit: task(input, output, { priority: 'high' }) }),
    versionOf({ ...base, audit: task(input, output, { timeout: '1m' }) }),
    versionOf({ ...base, audit: task(input, output, { concurrencyKey: 'one' }) }),
    versionOf({ ...base, audit: task(input, output, { concurrencyKey: ({ path }) => path }) }),
    versionOf({ ...base, audit: task(described('title'), output) }),
    versionOf({ ...base, audit: task(described('description'), output) }),
  ];
  expect(new Set(versions).size).toBe(versions.length);
});

test('a schema that JSON Schema cannot tell takes part as far as it can', () => {
  const dated = (field: z.ZodType) => versionOf({ audit: task(z.object({ at: field }), output) });
  expect(dated(z.date())).toBe(dated(z.date()));
  const strange = (vendor: string) =>
    ({ '~standard': { version: 1, vendor, validate: (value: unknown) => ({ value }) } }) as const;
  expect(versionOf({ audit: task(strange('a')) })).toBe(versionOf({ audit: task(strange('a')) }));
  expect(versionOf({ audit: task(strange('a')) })).not.toBe(versionOf({ audit: task(strange('b')) }));
  const refuses = {
    '~standard': {
      ...strange('a')['~standard'],
      jsonSchema: {
        input: () => {
          throw new Error('cannot');
        },
        output: () => ({}),
      },
    },
  } as const;
  expect(versionOf({ audit: task(refuses) })).toBe(versionOf({ audit: task(strange('a')) }));
});
