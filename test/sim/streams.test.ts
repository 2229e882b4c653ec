/**
 * Streamed answers in a fleet that fails: every part once and in order, the handler never far ahead, and every way to an end.
 */
import { Agent, AgentUnavailable, defineMessage, HandlerError, type Message, onMessage, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { limits } from '../../src/core/limits.ts';
import { gate, saidOf, type SimClient, World } from './world.ts';

const count = defineMessage('count', { data: z.object({ to: z.number() }), part: z.number() });

/** What the handlers of a test have done. */
interface Book {
  yielded: number;
  closed: number;
  aborted: unknown[];
}

function writer() {
  const book: Book = { yielded: 0, closed: 0, aborted: [] };
  class WriterAgent extends Agent {
    static readonly role = 'writer';
    @onMessage(count) async *counts(message: Message<typeof count>): AsyncGenerator<number> {
      yield* this.#numbers(message.data.to, message.signal);
    }
    @onMessage('slow') async *slow(message: Message): AsyncGenerator<number> {
      for await (const number of this.#numbers(Number(message.data), message.signal)) {
        yield number;
        await new Promise<void>((resolve) => void this.clock.setTimer(100, resolve));
      }
    }
    @onMessage('fail') async *fail(): AsyncGenerator<number> {
      yield 1;
      yield 2;
      await Promise.resolve();
      throw new TypeError('out of ink');
    }
    @onMessage('hang') async *hang(message: Message): AsyncGenerator<number> {
      yield 1;
      message.signal.addEventListener('abort', () => book.aborted.push(message.signal.reason));
      await gate().passed;
    }
    @onMessage('big') async *big(message: Message): AsyncGenerator<string> {
      for (let i = 0; i < Number(message.data); i++) {
        book.yielded++;
        yield 'x'.repeat(100_000);
      }
      await Promise.resolve();
    }
    @onMessage('wrong', z.unknown(), { part: z.number() }) async *wrong(): AsyncGenerator<number> {
      yield 1;
      await Promise.resolve();
      yield 'two' as never;
    }
    @onMessage('one') one(message: Message): unknown {
      return { one: message.data };
    }
    @onMessage('relay') async *relay(message: Message): AsyncGenerator<unknown> {
      yield* this.stream(String(message.data), 'one', 'relayed');
    }

    async *#numbers(to: number, signal: AbortSignal): AsyncGenerator<number> {
      signal.addEventListener('abort', () => book.aborted.push(signal.reason));
      try {
        for (let number = 1; number <= to; number++) {
          book.yielded++;
          yield number;
        }
      } finally {
        await Promise.resolve();
        book.closed++;
      }
    }
  }
  return { WriterAgent, book };
}

/** What a loop read, and how it ended. */
interface Read {
  readonly parts: unknown[];
  error?: unknown;
  over: boolean;
}

function read(stream: AsyncIterable<unknown>, onPart: (part: unknown) => void | Promise<void> = () => {}): Read {
  const result: Read = { parts: [], over: false };
  const loop = async (): Promise<void> => {
    for await (const part of stream) {
      result.parts.push(part);
      await onPart(part);
    }
  };
  loop()
    .catch((error: unknown) => (result.error = error))
    .finally(() => (result.over = true));
  return result;
}

async function open() {
  const world = new World();
  const { WriterAgent, book } = writer();
  const node = await world.start('n1', [single(WriterAgent)]);
  const client = await world.connect('me');
  const ended = (result: Read): Promise<void> => world.eventually(() => result.over, 'the loop to end');
  return { world, node, client, book, ended };
}

const upTo = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);
const second = (client: SimClient): Promise<void> =>
  new Promise((resolve) => void client.clock.setTimer(1_000, resolve));

describe('a stream', () => {
  test('gives every part that the handler yields, once and in order, thousands of them', async () => {
    const { world, client, book, ended } = await open();
    const result = read(client.fleet.stream('writer', count, { to: 5_000 }));
    await ended(result);
    expect(result).toEqual({ parts: upTo(5_000), over: true });
    expect(book).toEqual({ yielded: 5_000, closed: 1, aborted: [] });
    await world.advance(2_000);
    expect(client.clock.pending).toBe(0);
  });

  test(`J4: is never more than ${limits.streamParts} parts ahead of a slow reader`, async () => {
    const { client, book, ended } = await open();
    let ahead = 0;
    const result = read(client.fleet.stream('writer', count, { to: 100 }, { deadline: '10m' }), async (part) => {
      await second(client);
      ahead = Math.max(ahead, book.yielded - Number(part));
    });
    await ended(result);
    expect(result.parts).toEqual(upTo(100));
    expect(ahead).toBeLessThanOrEqual(limits.streamParts);
    expect(ahead).toBeGreaterThan(limits.streamParts / 2);
  });

  test('J4: is bounded in bytes, too', async () => {
    const { client, book, ended } = await open();
    let ahead = 0;
    let read_ = 0;
    const result = read(client.fleet.stream('writer', 'big', 20, { deadline: '10m' }), async () => {
      read_++;
      await second(client);
      ahead = Math.max(ahead, book.yielded - read_);
    });
    await ended(result);
    expect(result.parts).toHaveLength(20);
    expect(ahead).toBeLessThanOrEqual(3);
  });

  test('loses and repeats nothing when the link of its reader is cut again and again', async () => {
    const { world, client, ended } = await open();
    const result = read(client.fleet.stream('writer', 'slow', 300, { deadline: '10m' }));
    for (let cut = 0; cut < 8; cut++) {
      await world.advance(700);
      client.broker.cutLink();
      await world.advance(1_500);
      client.broker.restoreLink();
    }
    await ended(result);
    expect(result).toEqual({ parts: upTo(300), over: true });
  });

  test('loses and repeats nothing when the link of its owner is cut for a moment', async () => {
    const { world, node, client, ended } = await open();
    const result = read(client.fleet.stream('writer', 'slow', 300, { deadline: '10m' }));
    for (let cut = 0; cut < 8; cut++) {
      await world.advance(1_700);
      node.broker.cutLink();
      await world.advance(300);
      node.broker.restoreLink();
    }
    await ended(result);
    expect(result).toEqual({ parts: upTo(300), over: true });
  });

  test('gives what was yielded before the handler failed, and then its error', async () => {
    const { client, ended } = await open();
    const result = read(client.fleet.stream('writer', 'fail'), () => second(client));
    await ended(result);
    expect(result.parts).toEqual([1, 2]);
    expect(result.error).toBeInstanceOf(HandlerError);
    expect(result.error).toMatchObject({ cause: { name: 'TypeError', message: 'out of ink' } });
  });

  test('ends with invalid-payload at a part that does not fit its schema', async () => {
    const { client, ended } = await open();
    const result = read(client.fleet.stream('writer', 'wrong'));
    await ended(result);
    expect(result).toMatchObject({ parts: [1], error: { name: 'DeliveryError', code: 'invalid-payload' } });
  });

  test('J6: whose loop is left ends its handler at once, which runs its finally', async () => {
    const { world, client, book } = await open();
    let seen = 0;
    for (let round = 0; round < 2; round++) {
      const loop = async (): Promise<void> => {
        for await (const part of client.fleet.stream('writer', count, { to: 1_000 })) if ((seen = part) === 3) break;
      };
      await world.until(loop());
      await world.advance(50);
      expect([seen, book.closed]).toEqual([3, round + 1]);
    }
    expect(book.aborted).toHaveLength(2);
    expect(book.yielded).toBeLessThan(100);
    await world.advance(2_000);
    expect(client.clock.pending).toBe(0);
  });

  test('J6: whose reader leaves or aborts while the handler works has its signal aborted', async () => {
    const { world, client, book, ended } = await open();
    const abort = new AbortController();
    const result = read(client.fleet.stream('writer', 'hang', {}, { signal: abort.signal }));
    await world.advance(100);
    abort.abort(new Error('never mind'));
    await ended(result);
    expect(result).toMatchObject({ parts: [1], error: { message: 'never mind' } });
    await world.advance(50);
    expect(book.aborted).toMatchObject([{ code: 'stopped' }]);
  });

  test('J6: whose reader dies without a word ends its handler', async () => {
    const { world, client, book } = await open();
    read(client.fleet.stream('writer', count, { to: 1_000 }, { deadline: '10m' }), () => gate().passed);
    await world.advance(100);
    world.crash(client);
    await world.advance(5_000);
    expect(book.closed).toBe(0);
    await world.advance(8_000);
    expect(book.closed).toBe(1);
  });

  test('J6: that is left while it waits for its handler is ended as soon as it begins', async () => {
    const { world, client, book } = await open();
    const [first, abort] = [new AbortController(), new AbortController()];
    read(client.fleet.stream('writer', 'hang', {}, { signal: first.signal }));
    await world.advance(100);
    read(client.fleet.stream('writer', count, { to: 1_000 }, { signal: abort.signal }));
    await world.advance(100);
    abort.abort(new Error('never mind'));
    await world.advance(100);
    first.abort(new Error('never mind'));
    await world.advance(2_000);
    expect(await world.until(client.fleet.ask('writer', 'one', 1))).toEqual({ one: 1 });
    expect(book.yielded).toBe(0);
  });

  test('ends at its deadline for both sides', async () => {
    const { world, client, book, ended } = await open();
    const startedAt = world.clock.monotonic();
    const result = read(client.fleet.stream('writer', 'hang', {}, { deadline: '7s' }));
    await ended(result);
    expect(result).toMatchObject({ parts: [1], error: { code: 'reply-timeout' } });
    expect(world.clock.monotonic() - startedAt).toBeLessThanOrEqual(7_010);
    await world.advance(50);
    expect(book.aborted).toHaveLength(1);
  });

  test('to an id that nobody owns fails at once, and so does one that would wait for itself', async () => {
    const { world, client, ended } = await open();
    const startedAt = world.clock.monotonic();
    const nobody = read(client.fleet.stream('nobody', 'one'));
    await ended(nobody);
    expect(nobody.error).toBeInstanceOf(AgentUnavailable);
    expect(world.clock.monotonic() - startedAt).toBeLessThan(50);
    const cycle = read(client.fleet.stream('writer', 'relay', 'writer'));
    await ended(cycle);
    expect(cycle.error).toMatchObject({ message: expect.stringContaining('writer asks writer') as string });
  });

  test('whose owner crashes in the middle fails when its presence has ended', async () => {
    const { world, node, client, ended } = await open();
    const result = read(client.fleet.stream('writer', 'slow', 1_000, { deadline: '10m' }));
    await world.advance(1_000);
    world.crash(node);
    const crashedAt = world.clock.monotonic();
    await ended(result);
    expect(result.error).toBeInstanceOf(AgentUnavailable);
    expect(result.parts.length).toBeGreaterThan(5);
    expect(world.clock.monotonic() - crashedAt).toBeLessThan(7_000);
  });

  test('whose owner drains is told so, behind the parts before', async () => {
    const { world, node, client, ended } = await open();
    const result = read(client.fleet.stream('writer', 'slow', 1_000, { deadline: '10m' }));
    await world.advance(1_000);
    await world.until(node.node.stop({ graceMs: 500 }));
    await ended(result);
    expect(result.error).toBeInstanceOf(AgentUnavailable);
    expect(node.clock.pending).toBe(0);
  });

  test('of a handler that yields nothing has what it returned as its only part', async () => {
    const { client, ended } = await open();
    const result = read(client.fleet.stream('writer', 'one', 7));
    await ended(result);
    expect(result).toEqual({ parts: [{ one: 7 }], over: true });
  });

  test('of a handler that is asked or sent to is run to its end: an ask gets the list', async () => {
    const { world, node, client, book } = await open();
    expect(await world.until(client.fleet.ask('writer', count, { to: 40 }))).toEqual(upTo(40));
    await world.until(client.fleet.send('writer', count, { to: 10 }));
    await world.eventually(() => book.yielded === 50, 'the message to be handled');
    await expect(world.until(client.fleet.ask('writer', 'big', 5))).rejects.toMatchObject({
      code: 'payload-too-large',
    });
    expect(saidOf(node, 'message.failed')).toEqual([]);
  });
});
