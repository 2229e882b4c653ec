/**
 * Tasks that stream: every part of the last try once and in order, whatever is lost between, and a result that is as durable as ever.
 */
import { Agent, defineTask, HandlerError, onTask, pool, single, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { gate, outcomesOf, type SimClient, World } from './world.ts';

const draft = defineTask('draft', {
  role: 'writer',
  input: z.object({ words: z.number(), pauseMs: z.number().default(0) }),
  output: z.object({ words: z.number() }),
  part: z.string(),
  backoff: '1s',
});

interface Book {
  yielded: number;
  closed: number;
  /** Attempts that fail at their third part. */
  failing: number;
}

function writer() {
  const book: Book = { yielded: 0, closed: 0, failing: 0 };
  class WriterAgent extends Agent {
    static readonly role = 'writer';
    @onTask(draft) async *draft(task: Task<typeof draft>): AsyncGenerator<string, { words: number }> {
      const { words, pauseMs } = task.input;
      try {
        for (let number = 1; number <= words; number++) {
          if (number === 3 && task.attempt <= book.failing) throw new TypeError('out of ink');
          book.yielded++;
          yield `w${number}`;
          if (pauseMs > 0) await new Promise<void>((resolve) => void this.clock.setTimer(pauseMs, resolve));
        }
        return { words };
      } finally {
        book.closed++;
      }
    }
    @onTask('wrong', undefined, undefined, { part: z.number(), retries: 0 })
    async *wrong(_task: Task): AsyncGenerator<number, void> {
      yield 1;
      await Promise.resolve();
      yield 'two' as never;
    }
    @onTask('huge', undefined, undefined, { retries: 5 })
    async *huge(_task: Task): AsyncGenerator<string, void> {
      yield 'small';
      await Promise.resolve();
      yield 'x'.repeat(300_000);
    }
    @onTask('plain') plain(task: Task): unknown {
      return task.input;
    }
    @onTask('hang') async *hang(task: Task): AsyncGenerator<number, void> {
      yield task.attempt;
      await new Promise<void>((_, reject) => {
        task.signal.addEventListener('abort', () => reject(task.signal.reason as Error));
      });
    }
  }
  return { WriterAgent, book };
}

interface Read {
  readonly parts: unknown[];
  error?: unknown;
  over: boolean;
}

function read<P>(stream: AsyncIterable<P>, show: (part: P) => unknown): Read {
  const result: Read = { parts: [], over: false };
  const loop = async (): Promise<void> => {
    for await (const part of stream) result.parts.push(await show(part));
  };
  loop()
    .catch((error: unknown) => (result.error = error))
    .finally(() => (result.over = true));
  return result;
}

async function open() {
  const world = new World();
  const { WriterAgent, book } = writer();
  const node = await world.start('n1', [pool(WriterAgent, { size: 1 })]);
  const client = await world.connect('me');
  const ended = (result: Read): Promise<void> => world.eventually(() => result.over, 'the loop to end', 600_000);
  const begin = (input: { words: number; pauseMs?: number }, by: SimClient = client) =>
    world.until(by.fleet.enqueue(draft, input));
  return { world, node, client, book, ended, begin, WriterAgent };
}

const words = (to: number): string[] => Array.from({ length: to }, (_, index) => `w${index + 1}`);

describe('a task that streams', () => {
  test('gives every part once and in order, thousands of them, and then its result', async () => {
    const { world, client, node, ended, begin } = await open();
    const handle = await begin({ words: 5_000 });
    const result = read(handle.stream(), ({ data }) => data);
    await ended(result);
    expect(result).toEqual({ parts: words(5_000), over: true });
    expect(await world.until(handle.result())).toEqual({ words: 5_000 });
    await world.advance(10_000);
    expect([client.clock.pending, outcomesOf(node)]).toEqual([0, ['complete']]);
  });

  test('gives them also to those who come late, and numbers them', async () => {
    const { world, ended, begin } = await open();
    const handle = await begin({ words: 3 });
    await world.until(handle.result());
    for (let reader = 0; reader < 2; reader++) {
      const result = read(handle.stream(), (part) => part);
      await ended(result);
      expect(result.parts).toEqual([1, 2, 3].map((number) => ({ data: `w${number}`, attempt: 1, number })));
    }
  });

  test('gives them as they come, not at the end', async () => {
    const { world, begin } = await open();
    const handle = await begin({ words: 10, pauseMs: 1_000 });
    const result = read(handle.stream(), ({ data }) => data);
    await world.advance(4_500);
    expect(result).toEqual({ parts: words(5), over: false });
  });

  test('loses and repeats nothing when the link of its reader is cut', async () => {
    const { world, client, ended, begin } = await open();
    const handle = await begin({ words: 200, pauseMs: 100 });
    const result = read(handle.stream(), ({ data }) => data);
    for (let cut = 0; cut < 5; cut++) {
      await world.advance(1_200);
      client.broker.cutLink();
      await world.advance(2_000);
      client.broker.restoreLink();
    }
    await ended(result);
    expect(result).toEqual({ parts: words(200), over: true });
  });

  test('J10: loses and repeats nothing when the link of its node is cut for less than the lease', async () => {
    const { world, node, ended, begin } = await open();
    const handle = await begin({ words: 200, pauseMs: 100 });
    const result = read(handle.stream(), ({ data }) => data);
    for (let cut = 0; cut < 5; cut++) {
      await world.advance(2_200);
      node.broker.cutLink();
      await world.advance(600);
      node.broker.restoreLink();
    }
    await ended(result);
    expect(result).toEqual({ parts: words(200), over: true });
    expect(outcomesOf(node)).toEqual(['complete']);
  });

  test('J9: stops yielding while its node cannot store what it yields', async () => {
    const { world, node, book, begin } = await open();
    await begin({ words: 100_000, pauseMs: 1 });
    await world.advance(500);
    node.broker.cutLink();
    const before = book.yielded;
    await world.advance(2_000);
    const ahead = book.yielded - before;
    node.broker.restoreLink();
    expect(ahead).toBeGreaterThan(50);
    expect(ahead).toBeLessThanOrEqual(129);
  });

  test('that is tried again begins again with number 1, and says so', async () => {
    const { world, book, ended, begin } = await open();
    book.failing = 1;
    const handle = await begin({ words: 4 });
    const result = read(handle.stream(), ({ data, attempt, number, restarted }) => [attempt, number, data, restarted]);
    await ended(result);
    expect(result.parts).toEqual([
      [1, 1, 'w1', undefined],
      [1, 2, 'w2', undefined],
      [2, 1, 'w1', true],
      [2, 2, 'w2', undefined],
      [2, 3, 'w3', undefined],
      [2, 4, 'w4', undefined],
    ]);
    expect(await world.until(handle.result())).toEqual({ words: 4 });
  });

  test('whose node crashes is begun anew on another one, and its reader follows', async () => {
    const { world, node, ended, begin, WriterAgent } = await open();
    const handle = await begin({ words: 50, pauseMs: 100 });
    const result = read(handle.stream(), (part) => part);
    await world.advance(2_050);
    await world.start('n2', [pool(WriterAgent, { size: 1 })]);
    world.crash(node);
    await ended(result);
    const parts = result.parts as { data: string; attempt: number; restarted?: true }[];
    const again = parts.findIndex(({ restarted }) => restarted);
    expect(parts.slice(0, again).map(({ data }) => data)).toEqual(words(again));
    expect(again).toBeGreaterThan(10);
    expect(parts.slice(again).map(({ data }) => data)).toEqual(words(50));
    expect(parts.at(-1)).toMatchObject({ attempt: 2 });
  });

  test('J11: that fails for good gives what it yielded, and then its error', async () => {
    const { world, book, client, ended, begin } = await open();
    book.failing = 9;
    const failed = read((await begin({ words: 4 })).stream(), ({ data }) => data);
    await ended(failed);
    expect(failed.parts.slice(-2)).toEqual(['w1', 'w2']);
    expect(failed.error).toBeInstanceOf(HandlerError);
    const wrong = await world.until(client.fleet.enqueue({ role: 'writer', task: 'wrong' }, null));
    const misfit = read(wrong.stream(), ({ data }) => data);
    await ended(misfit);
    expect(misfit).toMatchObject({ parts: [1], error: { details: { reason: 'retries-exhausted' } } });
    const huge = await world.until(client.fleet.enqueue({ role: 'writer', task: 'huge' }, null));
    const tooLarge = read(huge.stream(), ({ data }) => data);
    await ended(tooLarge);
    expect(tooLarge).toMatchObject({ parts: ['small'], error: { details: { reason: 'terminal', attempts: 1 } } });
  });

  test('that is cancelled runs its finally and ends the loop', async () => {
    const { world, book, ended, begin } = await open();
    const handle = await begin({ words: 1_000, pauseMs: 100 });
    const result = read(handle.stream(), ({ data }) => data);
    await world.advance(1_000);
    await world.until(handle.cancel());
    await ended(result);
    expect(result.error).toMatchObject({ details: { reason: 'cancelled' } });
    expect(book.closed).toBe(1);
    expect(book.yielded).toBeLessThan(15);
  });

  test('whose reader is slower than what is kept tells how many parts it missed', async () => {
    const { world, client, ended, begin } = await open();
    const handle = await begin({ words: 10_500 });
    await world.until(handle.result());
    const pause = (): Promise<void> => new Promise((resolve) => void client.clock.setTimer(10, resolve));
    const result = read(handle.stream(), async ({ number, missed }) => {
      if (number % 1_000 === 0) await pause();
      return [number, missed];
    });
    await ended(result);
    expect(result.parts.slice(0, 2)).toEqual([
      [501, 500],
      [502, undefined],
    ]);
    expect(result.parts).toHaveLength(10_000);
    expect(client.said.filter(({ event }) => event === 'broker.trouble')).toEqual([]);
  });

  test('whose result is not kept is read to its end all the same', async () => {
    const { world, client, ended } = await open();
    const words3 = { words: 3, pauseMs: 100 };
    const handle = await world.until(client.fleet.enqueue({ role: 'writer', task: 'draft' }, words3, { resultTtl: 0 }));
    const result = read(handle.stream(), ({ data }) => data);
    await ended(result);
    expect(result).toEqual({ parts: words(3), over: true });
  });

  test('that yields nothing has no parts', async () => {
    const { world, client, ended } = await open();
    const handle = await world.until(client.fleet.enqueue({ role: 'writer', task: 'plain' }, 7));
    const result = read(handle.stream(), (part) => part);
    await ended(result);
    expect(result).toEqual({ parts: [], over: true });
    expect(await world.until(handle.result())).toBe(7);
  });

  test('is left by its reader, whose signal or process ends, and goes on', async () => {
    const { world, client, node, ended, begin } = await open();
    const handle = await begin({ words: 30, pauseMs: 100 });
    const abort = new AbortController();
    const aborted = read(handle.stream({ signal: abort.signal }), ({ data }) => data);
    const closed = read(handle.stream(), ({ data }) => data);
    await world.advance(1_000);
    abort.abort(new Error('never mind'));
    await ended(aborted);
    expect(aborted).toMatchObject({ error: { message: 'never mind' } });
    await world.until(client.fleet.close());
    await ended(closed);
    expect(closed).toMatchObject({ error: { code: 'closed' } });
    await world.eventually(() => outcomesOf(node).length > 0, 'the task to end');
    expect([outcomesOf(node), client.clock.pending]).toEqual([['complete'], 0]);
  });

  test('that an agent enqueues is read by the agent, until its own call ends', async () => {
    const { world, client, ended } = await open();
    const read_ = gate<unknown>();
    class ReaderAgent extends Agent {
      static readonly role = 'reader';
      @onTask('read', undefined, undefined, { timeout: '3s', retries: 0 }) async read(_task: Task): Promise<void> {
        const handle = await this.enqueue({ role: 'writer', task: 'hang' }, null);
        const result = read(handle.stream(), ({ data }) => data);
        await new Promise<void>((resolve) => void this.clock.setTimer(3_100, resolve));
        read_.open(result);
      }
    }
    await world.start('n2', [single(ReaderAgent)]);
    await world.until(client.fleet.enqueue({ role: 'reader', task: 'read' }, null));
    const result = (await world.until(read_.passed)) as Read;
    await ended(result);
    expect(result).toMatchObject({ parts: [1], error: { code: 'timeout' } });
  });
});
