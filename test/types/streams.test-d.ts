/**
 * Streams: what a handler of parts must yield, and what callers read.
 */
import {
  Agent,
  defineMessage,
  defineTask,
  type Handlers,
  type Message,
  message,
  onMessage,
  onTask,
  type Task,
  task,
} from 'agent-runtime';
import { z } from 'zod';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_equal: Equal<A, B>): void {}

const Data = z.object({ about: z.string() });
const Token = z.object({ text: z.string(), score: z.number().default(0) });
const Draft = z.object({ length: z.number() });
type Token = { text: string; score?: number | undefined };

const draft = defineMessage('draft', { data: Data, part: Token });
const write = defineTask('write', { role: 'writer', input: Data, output: Draft, part: Token });
const homeless = defineTask('homeless', { input: Data, output: Draft, part: Token });
const whole = defineMessage('whole', { data: Data, reply: Draft });

export class WriterAgent extends Agent {
  @onMessage(draft)
  async *drafts(message: Message<typeof draft>) {
    yield { text: message.data.about };
  }
  @onMessage('inline', Data, { part: Token })
  async *inline(message: Message<typeof Data>): AsyncGenerator<Token> {
    yield { text: message.data.about };
  }
  @onMessage('untyped')
  async *untyped(_message: Message) {
    yield 1;
  }
  @onTask(write)
  async *write(task: Task<typeof write>) {
    yield { text: task.input.about };
    return { length: 1 };
  }
  @onTask('report', Data, Draft, { part: Token, retries: 1, lock: (t) => t.input.about })
  async *report(task: Task<typeof Data, typeof Draft>): AsyncGenerator<Token, { length: number }> {
    yield { text: task.input.about, score: 1 };
    return { length: 1 };
  }
  @onTask('bare')
  async *bare(_task: Task) {
    yield 'a';
    return 1;
  }
}

export class WrongAgent extends Agent {
  // @ts-expect-error: a handler of parts yields them
  @onMessage(draft)
  drafts(_message: Message<typeof draft>) {
    return { text: '' };
  }
  // @ts-expect-error: another part
  @onMessage(draft)
  async *others(_message: Message<typeof draft>) {
    yield { words: '' };
  }
  // @ts-expect-error: another part
  @onMessage('inline', Data, { part: Token })
  async *inline(_message: Message<typeof Data>) {
    yield 1;
  }
  // @ts-expect-error: a handler of one reply yields nothing
  @onMessage(whole)
  async *whole(_message: Message<typeof whole>) {
    yield { length: 1 };
  }
  // @ts-expect-error: a handler of parts is a generator
  @onTask(write)
  async write(_task: Task<typeof write>) {
    return { length: 1 };
  }
  // @ts-expect-error: the result is missing
  @onTask(write)
  async *unfinished(_task: Task<typeof write>) {
    yield { text: '' };
  }
  // @ts-expect-error: another part
  @onTask('report', Data, Draft, { part: Token })
  async *report(_task: Task<typeof Data>) {
    yield 1;
    return { length: 1 };
  }
  // @ts-expect-error: who names the result and yields parts names them, too
  @onTask('silent', Data, Draft)
  async *silent(_task: Task<typeof Data>) {
    yield { text: '' };
    return { length: 1 };
  }
}

export class ListedAgent extends Agent {
  static readonly handlers = {
    drafts: message(draft),
    inline: message(Data, { part: Token }),
    write: task(write),
    report: task(Data, Draft, { part: Token }),
    // @ts-expect-error: another part
    wrong: message(Data, { part: Token }),
  } satisfies Handlers<ListedAgent>;

  async *drafts(_message: Message<typeof draft>) {
    yield { text: '' };
  }
  async *inline(_message: Message<typeof Data>) {
    yield { text: '' };
  }
  async *write(_task: Task<typeof write>) {
    yield { text: '' };
    return { length: 1 };
  }
  async *report(_task: Task<typeof Data>) {
    yield { text: '' };
    return { length: 1 };
  }
  async *wrong(_message: Message<typeof Data>) {
    yield 1;
  }
}

export async function callers(agent: Agent): Promise<void> {
  for await (const token of agent.stream('writer', draft, { about: '' }, { deadline: '5m' }))
    same<typeof token, { text: string; score: number }>(true);
  for await (const part of agent.stream('writer', whole, { about: '' })) same<typeof part, { length: number }>(true);
  for await (const part of agent.stream('writer', 'anything')) same<typeof part, unknown>(true);
  const tokens = await agent.ask('writer', draft, { about: '' });
  same<typeof tokens, readonly { text: string; score: number }[]>(true);
  const reply = await agent.ask('writer', whole, { about: '' });
  same<typeof reply, { length: number }>(true);

  const handle = await agent.enqueue(write, { about: '' });
  for await (const part of handle.stream()) {
    same<typeof part.data, { text: string; score: number }>(true);
    same<typeof part.missed, number | undefined>(true);
  }
  same<Awaited<ReturnType<typeof handle.result>>, { length: number }>(true);
  const addressed = await agent.enqueue(homeless, { about: '' }, { to: 'writer' });
  for await (const { data } of addressed.stream()) same<typeof data.score, number>(true);
  const report = await agent.enqueue(WriterAgent, 'report', { about: '' });
  for await (const { data } of report.stream()) same<typeof data, Token>(true);
  same<Awaited<ReturnType<typeof report.result>>, { length: number }>(true);
  const bare = await agent.enqueue(WriterAgent, 'bare', null);
  for await (const { data } of bare.stream()) same<typeof data, string>(true);
  same<Awaited<ReturnType<typeof bare.result>>, number>(true);

  // @ts-expect-error: a field is missing
  agent.stream('writer', draft, {});
  // @ts-expect-error: a task is no message
  agent.stream('writer', write, { about: '' });
}
