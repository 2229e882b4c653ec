/**
 * Handlers that yield: the schema of their parts, by decorator, by list and by contract, and what is wrong with one.
 */
import {
  Agent,
  defineMessage,
  defineTask,
  type Message,
  message,
  onMessage,
  onTask,
  type Task,
  task,
} from 'agent-runtime';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { handlersOf } from '../../../src/agent/handlers.ts';
import { DefinitionError } from '../../../src/core/errors.ts';

const [In, Out, Part] = [z.object({}), z.number(), z.string()];
const draft = defineMessage('draft', { data: In, part: Part });
const write = defineTask('write', { input: In, output: Out, part: Part });

test('the schema of parts comes from decorator, list and contract alike', () => {
  class DecoratedAgent extends Agent {
    @onMessage('inline', In, { part: Part }) async *inline(_message: Message<typeof In>): AsyncGenerator<string> {}
    @onMessage(draft) async *drafts(_message: Message<typeof draft>): AsyncGenerator<string> {}
    @onTask('report', In, Out, { part: Part, retries: 7 })
    async *report(_task: Task<typeof In>): AsyncGenerator<string, number> {
      yield '';
      return 1;
    }
    @onTask(write) async *writes(_task: Task<typeof write>): AsyncGenerator<string, number> {
      yield '';
      return 1;
    }
    @onMessage('plain', In, Out) plain(_message: Message<typeof In>): number {
      return 1;
    }
  }
  class ListedAgent extends DecoratedAgent {
    static readonly role = 'decorated';
    static readonly handlers = {
      inline: message(In, { part: Part }),
      drafts: message(draft),
      report: task(In, Out, { part: Part, retries: 7 }),
      writes: task(write),
      plain: message(In, Out),
    };
  }
  for (const Class of [DecoratedAgent, ListedAgent]) {
    const { messages, tasks } = handlersOf(Class);
    expect([messages.get('inline')?.part, messages.get('draft')?.part]).toEqual([Part, Part]);
    expect([messages.get('inline')?.reply, messages.get('plain')?.reply]).toEqual([undefined, Out]);
    expect(messages.get('plain')).not.toHaveProperty('part');
    expect([tasks.get('report')?.part, tasks.get('write')?.part]).toEqual([Part, Part]);
    expect([tasks.get('report')?.output, tasks.get('report')?.options.retries]).toEqual([Out, 7]);
  }
});

test('what is no schema in their place is told', () => {
  class WrongAgent extends Agent {
    static readonly handlers = {
      part: message(In, { part: 'text' as never }),
      reply: message(In, {} as never),
      none: message(In, null as never),
      task: task(In, Out, { part: 7 as never }),
    };
    part(): void {}
    reply(): void {}
    none(): void {}
    task(): void {}
  }
  const told = ['part schema of "part"', 'reply schema of "reply"', 'reply schema of "none"', 'part schema of "task"'];
  for (const one of told) expect(() => handlersOf(WrongAgent)).toThrow(`expected the ${one} to be a Standard Schema`);
});

test('a message has a reply or parts', () => {
  expect(() => defineMessage('both', { data: In, reply: Out, part: Part })).toThrow(DefinitionError);
});
