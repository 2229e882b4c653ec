import { Agent, onMessage, onTask, start } from 'agent-runtime';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineBroadcast, defineMessage, defineTask } from '../../../src/agent/contract.ts';
import { onStart } from '../../../src/agent/decorators.ts';
import { DefinitionError } from '../../../src/core/errors.ts';

type Loose = (...args: readonly unknown[]) => unknown;

describe('decorators', () => {
  test('called in the legacy way say how to mend tsconfig', () => {
    const target = class extends Agent {}.prototype;
    const descriptor = { value: () => {}, writable: true, enumerable: false, configurable: true };
    expect(() => (onTask('audit') as Loose)(target, 'audit', descriptor)).toThrow(DefinitionError);
    expect(() => (onStart() as Loose)(target, 'open', descriptor)).toThrow(/experimentalDecorators.*tsconfig/s);
    expect(() => (onMessage('status') as Loose)(target, Symbol('status'), descriptor)).toThrow(
      /static readonly handlers/,
    );
  });

  test('refuse a toolchain without metadata', () => {
    const context = { kind: 'method', name: 'audit', static: false, private: false };
    expect(() => (onTask('audit') as Loose)(() => {}, context)).toThrow(/context to have metadata/);
  });

  test('refuse a method that is not called like the task', () => {
    const context = { kind: 'method', name: 'audits', static: false, private: false, metadata: {} };
    expect(() => (onTask('audit') as Loose)(() => {}, context)).toThrow(/to be called "audit", got: "audits"/);
  });

  test.each([
    { kind: 'method', name: 'audit', static: true, private: false },
    { kind: 'method', name: '#audit', static: false, private: true },
    { kind: 'getter', name: 'audit', static: false, private: false },
    { kind: 'method', name: Symbol('audit'), static: false, private: false },
    { kind: 'class', name: 'Audit' },
  ])('refuse what is no public method: $kind', (context) => {
    expect(() => (onStart() as Loose)(() => {}, { ...context, metadata: {} })).toThrow(/to be a public method/);
  });

  test('leave the method as it is', () => {
    const context = { kind: 'method', name: 'open', static: false, private: false, metadata: {} };
    expect((onStart() as Loose)(() => {}, context)).toBeUndefined();
  });

  test('find the metadata symbol that other toolchains fall back to', () => {
    expect(Symbol.metadata).toBe(Symbol.for('Symbol.metadata'));
  });

  test('of a second copy of the package are read by the first', async () => {
    const { handlersOf } = await import('../../../src/agent/handlers.ts');
    vi.resetModules();
    const copy = await import('../../../src/index.ts');
    expect(copy.Agent).not.toBe(Agent);
    class AuditAgent extends copy.Agent {
      @copy.onStart() open(): void {}
    }
    expect(handlersOf(AuditAgent).start).toEqual(['open']);
    const { attachContext } = await import('../../../src/agent/agent.ts');
    const agent = new AuditAgent();
    attachContext(agent, { id: 'audit@1' } as never);
    expect(agent.id).toBe('audit@1');
  });
});

describe('contracts', () => {
  const schema = z.string();

  test('keep name, role, schemas and options', () => {
    expect(defineTask('a', { role: 'b', input: schema, output: schema, retries: 1 })).toEqual({
      kind: 'task',
      name: 'a',
      role: 'b',
      input: schema,
      output: schema,
      options: { retries: 1 },
    });
  });

  test('need a name, and a broadcast one topic', () => {
    expect(() => defineTask('', { input: schema, output: schema })).toThrow(DefinitionError);
    expect(() => defineMessage(' ', { data: schema })).toThrow(DefinitionError);
    expect(() => defineBroadcast('docs.*', { data: schema })).toThrow(/without wildcards/);
  });

  test('without decorators are plain records', () => {
    expect(start()).toEqual({ kind: 'start' });
  });
});
