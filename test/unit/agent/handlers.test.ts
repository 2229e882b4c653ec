import { DefinitionError } from '../../../src/core/errors.ts';
import { Agent, type Down, every, onBroadcast, onDown, onMessage, onStart, onStop, onTask } from 'agent-runtime';
import { broadcast, defineMessage, defineTask, down, message, start, stop, task, timer } from 'agent-runtime';
import type { Broadcast, Message, Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { handlersOf, type HandlerTable } from '../../../src/agent/handlers.ts';
import type { AgentClass } from '../../../src/agent/task-types.ts';

const In = z.object({ path: z.string() });
const Out = z.object({ score: z.number() });
const summarise = defineTask('summarise.v2', { role: 'audit', input: In, output: Out, retries: 1, priority: 'low' });
const whoEdits = defineMessage('who-edits', { data: In, reply: Out });

class AuditAgent extends Agent {
  @onTask('audit', In, Out, { timeout: '2m', resultTtl: '5m', backoff: '1s', lock: (t) => `repo:${t.input.path}` })
  audit(_task: Task<typeof In>) {
    return { score: 1 };
  }
  @onTask(summarise, { priority: 'high' })
  anyName(_task: Task<typeof summarise>) {
    return { score: 2 };
  }
  @onMessage('status')
  override status(_message: Message) {
    return 'fine';
  }
  @onMessage(whoEdits)
  editor(_message: Message<typeof whoEdits>) {
    return { score: 3 };
  }
  @onBroadcast('docs.*')
  @onBroadcast('code.**')
  heard(_event: Broadcast): void {}
  @onStart() open(): void {}
  @onStop() close(): void {}
  @onDown() lost(_down: Down): void {}
  @every('30s') tick(): void {}
}

class ListedAgent extends Agent {
  static readonly role = 'audit';
  static readonly handlers = {
    audit: task(In, Out, { timeout: '2m', resultTtl: '5m', backoff: '1s', lock: (t) => `repo:${t.input.path}` }),
    anyName: task(summarise, { priority: 'high' }),
    status: message(),
    editor: message(whoEdits),
    heard: broadcast('code.**', In),
    open: start(),
    close: stop(),
    lost: down(),
    tick: timer('30s'),
  };
  audit() {}
  anyName() {}
  override status() {}
  editor() {}
  heard() {}
  open() {}
  close() {}
  lost() {}
  tick() {}
}

function problemsOf(Class: AgentClass): string {
  try {
    handlersOf(Class);
  } catch (error) {
    if (error instanceof DefinitionError) return error.message;
    throw error;
  }
  return '';
}

describe('handlersOf', () => {
  test('reads tasks with their resolved options', () => {
    const table = handlersOf(AuditAgent);
    const audit = table.tasks.get('audit');
    expect(audit).toMatchObject({ name: 'audit', method: 'audit', input: In, output: Out });
    expect(audit?.options).toMatchObject({ retries: 3, priority: 'normal', timeoutMs: 120_000, resultTtlMs: 300_000 });
    expect(audit?.options.backoff).toEqual({ kind: 'fixed', baseMs: 1_000, maxMs: 1_000, jitter: false });
    expect(audit?.options.lockName?.({ input: { path: 'x' } } as never)).toBe('repo:x');
  });

  test('lets options at the handler win over those of the contract', () => {
    expect(handlersOf(AuditAgent).tasks.get('summarise.v2')).toMatchObject({
      method: 'anyName',
      options: { retries: 1, priority: 'high' },
    });
  });

  test('reads which broadcasts are heard durably, in every form, and refuses other options', () => {
    class Durable extends Agent {
      static readonly handlers = {
        plain: broadcast('a', In),
        pattern: broadcast('b', { durable: true }),
        schema: broadcast('c', In, { durable: true }),
      };
      plain(): void {}
      pattern(): void {}
      schema(): void {}
    }
    const { broadcasts } = handlersOf(Durable);
    expect(broadcasts.map(({ pattern, durable, data }) => [pattern, durable, data])).toEqual([
      ['a', false, In],
      ['b', true, undefined],
      ['c', true, In],
    ]);
    class Wrong extends Agent {
      static readonly handlers = { heard: broadcast('a', { durabel: true } as object) };
      heard(): void {}
    }
    expect(() => handlersOf(Wrong)).toThrow('expected the options of "heard" to be { durable: true } or none');
  });

  test('reads messages, broadcasts, hooks and timers', () => {
    const table = handlersOf(AuditAgent);
    expect(table.role).toBe('audit');
    expect([...table.messages.values()]).toEqual([
      { name: 'status', method: 'status' },
      { name: 'who-edits', method: 'editor', data: In, reply: Out },
    ]);
    expect(table.broadcasts.map(({ pattern }) => pattern).sort()).toEqual(['code.**', 'docs.*']);
    expect(table).toMatchObject({
      start: ['open'],
      stop: ['close'],
      down: ['lost'],
      timers: [{ everyMs: 30_000, method: 'tick' }],
    });
  });

  test('reads the same from static handlers, without decorators', () => {
    const plain = (table: HandlerTable) =>
      JSON.stringify([
        table.role,
        [...table.tasks],
        [...table.messages],
        table.start,
        table.stop,
        table.down,
        table.timers,
      ]);
    expect(plain(handlersOf(ListedAgent))).toBe(plain(handlersOf(AuditAgent)));
  });

  test('does not take the verb status for a handler that is missing', () => {
    class ForgetfulAgent extends Agent {
      static readonly handlers = { status: message() };
    }
    expect(() => handlersOf(ForgetfulAgent)).toThrow(/expected "status" to be a method.*nothing of that name/);
  });

  test('does not take names of Object.prototype for handlers', () => {
    expect(handlersOf(AuditAgent).tasks.get('constructor')).toBeUndefined();
  });
});

describe('inheritance', () => {
  class BaseAgent extends Agent {
    @onTask('work') work(_task: Task): string {
      return 'base';
    }
    @onMessage('status') override status(_message: Message): void {}
    @onStart() openBase(): void {}
    @onStop() closeBase(): void {}
  }
  class DerivedAgent extends BaseAgent {
    override work(_task: Task): string {
      return 'derived';
    }
    @onMessage('state') override status(_message: Message): void {}
    @onTask('more') more(_task: Task): void {}
    @onStart() open(): void {}
    @onStop() close(): void {}
  }
  class ListedDerivedAgent extends BaseAgent {
    static readonly handlers = { more: task() };
    more() {}
  }

  test('a subclass has the handlers of its base, and its own', () => {
    expect([...handlersOf(DerivedAgent).tasks.keys()]).toEqual(['work', 'more']);
    expect([...handlersOf(ListedDerivedAgent).tasks.keys()]).toEqual(['work', 'more']);
  });

  test('a base class is left as it was', () => {
    expect([...handlersOf(BaseAgent).tasks.keys()]).toEqual(['work']);
    expect([...handlersOf(BaseAgent).messages.keys()]).toEqual(['status']);
  });

  test('a method that is registered again is registered only so', () => {
    expect([...handlersOf(DerivedAgent).messages.keys()]).toEqual(['state']);
  });

  test('base classes start first and stop last', () => {
    expect(handlersOf(DerivedAgent)).toMatchObject({ start: ['openBase', 'open'], stop: ['close', 'closeBase'] });
  });

  test('a role is not inherited', () => {
    expect(handlersOf(DerivedAgent).role).toBe('derived');
  });
});

describe('roles', () => {
  test.each([
    ['AuditAgent', 'audit'],
    ['DocsWriterAgent', 'docs-writer'],
    ['HTTPServerAgent', 'http-server'],
    ['Reviewer', 'reviewer'],
    ['_AuditAgent', 'audit'],
  ])('class %s has the role %s', (name, role) => {
    const Class = { [name]: class extends Agent {} }[name] as typeof ListedAgent;
    Object.assign(Class, { handlers: { work: task() } });
    Class.prototype.audit = () => {};
    Object.defineProperty(Class.prototype, 'work', { value: () => {} });
    expect(handlersOf(Class).role).toBe(role);
  });

  test.each(['', 'a:b', '{a}', 'a@b', '-a', 'x'.repeat(65)])('"%s" is refused', (role) => {
    expect(
      problemsOf(
        class extends ListedAgent {
          static override readonly role = role as 'audit';
        },
      ),
    ).toContain('expected the role to be at most 64 letters');
  });
});

describe('a bad class is refused, and all its faults are listed', () => {
  test('duplicates, bad options, bad patterns, reserved and missing methods', () => {
    class BadAgent extends Agent {
      static readonly handlers = {
        run: task(),
        missing: task(),
        value: start(),
        a: message(whoEdits),
        b: message(whoEdits),
        c: task(defineTask('twice', { input: In, output: Out })),
        d: task(defineTask('twice', { input: In, output: Out })),
        elsewhere: task(defineTask('x', { role: 'docs', input: In, output: Out })),
        options: task(In, Out, { retries: -1, timeout: '0s', priority: 'urgent' as 'high', backoff: 'soon' as '1s' }),
        pattern: broadcast('doc*'),
        tick: timer(0),
        schema: task('In' as never),
        nothing: 1,
      };
      value = 1;
      a() {}
      b() {}
      c() {}
      d() {}
      elsewhere() {}
      options() {}
      pattern() {}
      tick() {}
      schema() {}
    }
    const problems = problemsOf(BadAgent);
    for (const part of [
      'name not to be one that every agent has, got: "run"',
      'expected "missing" to be a method of the class, got: nothing',
      'expected "value" to be a method of the class, got: nothing',
      'message "who-edits" to be handled once, got: the methods "a" and "b"',
      'task "twice" to be handled once, got: the methods "c" and "d"',
      'contract of task "x" to be for role "bad", got: "docs"',
      'retries of task "options" to be a whole number of 0 or more, got: -1',
      'timeout of task "options" to be a duration above 0',
      'priority of task "options"',
      'backoff of task "options"',
      'topic pattern of "pattern" to be segments between dots',
      'interval of "tick" to be a duration above 0, got: 0',
      'input schema of "schema" to be a Standard Schema, got: string',
      'static handlers.nothing to be made by task()',
    ])
      expect(problems).toContain(part);
    expect(problems.match(/expected /g)).toHaveLength(14);
  });

  test('a class that handles nothing', () => {
    expect(problemsOf(class IdleAgent extends Agent {})).toContain('got: no handlers');
  });

  test('a class that is no agent', () => {
    expect(problemsOf(Date as never)).toContain('a class that extends Agent, got: class Date');
    expect(problemsOf(undefined as never)).toContain('got: undefined');
    expect(problemsOf(Agent as never)).not.toBe('');
  });
});
