/**
 * Messages in a fleet that fails: durable, in order per sender, and never twice within one activation.
 */
import { Agent, type Message, onMessage, onStart, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sleep } from '../../src/core/clock.ts';
import { gate, saidOf, World } from './world.ts';

interface Heard {
  readonly data: unknown;
  readonly redelivered: boolean;
}

function listener(handle: (message: Message, agent: Agent) => unknown = () => undefined) {
  const heard: Heard[] = [];
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('note') async note(message: Message): Promise<void> {
      await handle(message, this);
      heard.push({ data: message.data, redelivered: message.redelivered });
    }
  }
  return { heard, DocsAgent, numbers: () => heard.map(({ data }) => data) };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a message', () => {
  test('waits in the inbox until somebody owns the id', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    for (const number of upTo(3)) await world.until(fleet.send('docs', 'note', number));
    const { heard, DocsAgent } = listener();
    await world.start('n1', [single(DocsAgent)]);
    await world.eventually(() => heard.length === 3, 'three messages');
    expect(heard).toEqual(upTo(3).map((data) => ({ data, redelivered: false })));
  });

  test('keeps the order of its sender, also with many senders and a tiny mailbox', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener(async (_, agent) => sleep(agent.clock, 5));
    await world.start('n1', [single(DocsAgent, { mailbox: 2 })]);
    const clients = [await world.connect('a'), await world.connect('b'), await world.connect('c')];
    const sends = upTo(50).flatMap((number) =>
      clients.map(({ fleet }) => fleet.send('docs', 'note', [fleet.name, number])),
    );
    await world.until(Promise.all(sends));
    await world.eventually(() => heard.length === 150, 'all messages');
    for (const { fleet } of clients) {
      const own = heard.map(({ data }) => data as [string, number]).filter(([from]) => from === fleet.name);
      expect(own.map(([, number]) => number)).toEqual(upTo(50));
    }
    expect(await world.until(clients[0]!.broker.mail.waiting('n1'))).toEqual([]);
  });

  test('comes once and in order within an activation although links are cut again and again', async () => {
    const world = new World({ seed: 7 });
    const { heard, DocsAgent, numbers } = listener();
    const node = await world.start('n1', [single(DocsAgent)]);
    const client = await world.connect();
    const sends: Promise<unknown>[] = [];
    for (const number of upTo(200)) {
      sends.push(client.fleet.send('docs', 'note', number));
      const cut = [node.broker, client.broker][number % 3];
      if (number % 5 === 0) cut?.cutLink();
      await world.advance(number % 7 === 0 ? 40 : 3);
      cut?.restoreLink();
    }
    await world.until(Promise.all(sends));
    await world.eventually(() => heard.length >= 200, 'all messages');
    await world.advance(5_000);
    expect(numbers()).toEqual(upTo(200));
    expect(heard.every(({ redelivered }) => !redelivered)).toBe(true);
    expect(node.ends).toEqual([]);
  });

  test('that was not handled when its owner crashed comes again to the next one, and says so', async () => {
    const world = new World();
    const first = listener((message) => (message.data === 1 ? gate().passed : undefined));
    const node = await world.start('n1', [single(first.DocsAgent)]);
    const { fleet } = await world.connect();
    for (const number of upTo(3)) await world.until(fleet.send('docs', 'note', number));
    await world.eventually(() => first.heard.length === 1, 'the first message');
    await world.advance(100);
    const second = listener();
    await world.start('n2', [single(second.DocsAgent)]);
    world.crash(node);
    await world.until(fleet.send('docs', 'note', 3));
    await world.eventually(() => second.heard.length === 3, 'the take-over');
    expect(second.heard).toEqual([
      { data: 1, redelivered: true },
      { data: 2, redelivered: true },
      { data: 3, redelivered: expect.any(Boolean) as boolean },
    ]);
  });

  test('survives that its receiver fails to start a few times', async () => {
    const world = new World();
    const heard: unknown[] = [];
    let starts = 0;
    class DocsAgent extends Agent {
      static readonly role = 'docs';
      @onStart() begin(): void {
        if (++starts < 4) throw new Error('not yet');
      }
      @onMessage('note') note(message: Message): void {
        heard.push(message.data);
      }
    }
    const { fleet } = await world.connect();
    await world.until(fleet.send('docs', 'note', 'before'));
    const node = await world.start('n1', [single(DocsAgent)]);
    await world.until(fleet.send('docs', 'note', 'meanwhile'));
    await world.eventually(() => heard.length === 2, 'both messages');
    expect(heard).toEqual(['before', 'meanwhile']);
    expect(saidOf(node, 'agent.restarting')).toHaveLength(3);
  });

  test('whose handler throws is reported and does not hold up those behind it', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener((message) => {
      if (message.data === 1) throw new Error('poison');
    });
    const node = await world.start('n1', [single(DocsAgent)]);
    const { fleet, broker } = await world.connect();
    for (const number of upTo(3)) await world.until(fleet.send('docs', 'note', number));
    await world.eventually(() => heard.length === 2, 'the others');
    expect(saidOf(node, 'message.failed')).toMatchObject([{ name: 'note', error: { message: 'poison' } }]);
    await world.advance(100);
    expect(await world.until(broker.mail.waiting('n1'))).toEqual([]);
  });

  test('that does not fit its contract or finds no handler is refused where that is known', async () => {
    const world = new World();
    const { DocsAgent } = listener();
    const node = await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const contract = { kind: 'message', name: 'note', data: z.number(), reply: undefined, part: undefined } as const;
    await expect(world.until(fleet.send('docs', contract, 'x' as never))).rejects.toMatchObject({
      code: 'invalid-payload',
    });
    await world.until(fleet.send('docs', 'unknown'));
    await world.eventually(() => saidOf(node, 'message.failed').length === 1, 'the report');
    expect(saidOf(node, 'message.failed')).toMatchObject([{ error: { code: 'no-handler' } }]);
  });

  test('outlives the deadline of the call in which it was sent', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener(async (message, agent) => sleep(agent.clock, 10_000, message.signal));
    class RelayAgent extends Agent {
      static readonly role = 'relay';
      @onMessage('pass') async pass(): Promise<void> {
        await this.send('docs', 'note', 'late');
      }
    }
    await world.start('n1', [single(DocsAgent), single(RelayAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.ask('relay', 'pass', {}, { deadline: '2s' }));
    await world.eventually(() => heard.length === 1, 'the message');
  });
});
