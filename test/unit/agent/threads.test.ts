/**
 * The option `thread`: what a registration knows of the module of its class, and what cannot run in a thread.
 */
import { Agent, defineTask, onTask, task } from 'agent-runtime';
import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { handlersOf } from '../../../src/agent/handlers.ts';
import { DefinitionError } from '../../../src/core/errors.ts';

const here = import.meta.url;
const Text = z.string();
const contract = defineTask('by-contract', { input: Text, output: Text });

describe('the module of a class', () => {
  class HashAgent extends Agent {
    static readonly handlers = { listed: task(Text, Text, { thread: true }), served: task(contract, { thread: {} }) };
    @onTask('decorated', Text, Text, { thread: { memory: '1.5gb' } }) decorated() {
      return '';
    }
    @onTask('inPlace', Text, Text, { thread: false }) inPlace() {
      return '';
    }
    listed() {
      return '';
    }
    served() {
      return '';
    }
  }
  const place = { role: 'hash', className: 'HashAgent', module: here };

  test('is the one that calls the decorator or task(), and only for handlers in threads', () => {
    const { tasks } = handlersOf(HashAgent);
    expect(tasks.get('decorated')?.thread).toEqual({ ...place, memoryMb: 1_536 });
    expect(tasks.get('listed')?.thread).toEqual(place);
    expect(tasks.get('by-contract')?.thread).toEqual(place);
    expect(tasks.get('inPlace')).not.toHaveProperty('thread');
  });

  test('is what the class itself says, and not what its base says', () => {
    class ElsewhereAgent extends HashAgent {
      static readonly module: string = 'file:///elsewhere.js';
    }
    class FurtherAgent extends ElsewhereAgent {}
    const moduleOf = (Class: typeof HashAgent) => handlersOf(Class).tasks.get('decorated')?.thread?.module;
    expect([moduleOf(ElsewhereAgent), moduleOf(FurtherAgent)]).toEqual(['file:///elsewhere.js', here]);
  });

  test('is read without leaving a mark on how stacks are made', () => {
    const before = [Error.stackTraceLimit, Reflect.get(Error, 'prepareStackTrace')];
    task(Text, Text, { thread: true });
    expect([Error.stackTraceLimit, Reflect.get(Error, 'prepareStackTrace')]).toEqual(before);
    expect(new Error('x').stack).toContain('threads.test.ts');
  });
});

test('what cannot run in a thread is told at once', () => {
  class BadAgent extends Agent {
    static readonly module = 7;
    static readonly handlers = {
      parts: task(Text, Text, { thread: true, part: Text }),
      yields: task(Text, Text, { thread: true }),
      memory: task(Text, Text, { thread: { memory: '8mb' } }),
      odd: task(Text, Text, { thread: { memori: '1gb' } as object }),
      word: task(Text, Text, { thread: 'yes' as never }),
    };
    parts() {}
    async *yields() {}
    memory() {}
    odd() {}
    word() {}
  }
  let error: unknown;
  try {
    handlersOf(BadAgent);
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof DefinitionError)) throw new Error('expected a DefinitionError');
  for (const part of [
    '"parts" to return its result, because it runs in a thread, got: a handler that yields',
    '"yields" to return its result, because it runs in a thread',
    `thread of "memory" to be true, false or { memory } with a text such as '512mb' or '2gb', of at least 32 MB, got: {"memory":"8mb"}`,
    'thread of "odd" to be true',
    'of at least 32 MB, got: "yes"',
    'static module to be a URL such as import.meta.url, got: 7',
  ])
    expect(error.message).toContain(part);
});
