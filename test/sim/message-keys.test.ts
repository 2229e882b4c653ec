/**
 * Keys of messages, repeats in an inbox, and acknowledgements that travel behind the handlers.
 */
import { Agent, type Message, onMessage, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { frame } from '../contract/harness.ts';
import { message } from '../contract/post.ts';
import { gate, saidOf, World } from './world.ts';

function listener(wait?: Promise<void>) {
  const heard: unknown[] = [];
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('note') async note({ data, redelivered }: Message): Promise<void> {
      if (data === 'wait') await wait;
      heard.push(redelivered ? `${String(data)} again` : data);
    }
  }
  return { heard, DocsAgent };
}

describe('a key', () => {
  test('makes one message of many sends, by anybody, also after the first was handled, until its time is over', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener();
    await world.start('n1', [single(DocsAgent)]);
    const [a, b] = [await world.connect('a'), await world.connect('b')];
    const options = { key: 'order-17', keyTtl: '10m' } as const;
    const first = await world.until(a.fleet.send('docs', 'note', 1, options));
    expect(first.stored).toBe(true);
    await world.eventually(() => heard.length === 1, 'the message');
    for (const { fleet } of [a, b, a])
      expect(await world.until(fleet.send('docs', 'note', 2, options))).toEqual({ id: first.id, stored: false });
    await world.advance(599_000);
    expect(await world.until(b.fleet.send('docs', 'note', 3, options))).toEqual({ id: first.id, stored: false });
    await world.advance(2_000);
    expect(await world.until(b.fleet.send('docs', 'note', 4, options))).toMatchObject({ stored: true });
    await world.eventually(() => heard.length === 2, 'the next one');
    expect(heard).toEqual([1, 4]);
  });

  test('is refused when it is no name', async () => {
    const { fleet } = await new World().connect();
    for (const key of ['', 'x'.repeat(257)])
      await expect(fleet.send('docs', 'note', 1, { key })).rejects.toMatchObject({ code: 'malformed' });
    await expect(fleet.send('docs', 'note', 1, { key: 'k', keyTtl: 'soon' as '1s' })).rejects.toThrow('keyTtl');
  });
});

describe('an inbox', () => {
  test('is empty when a message that was stored twice has been handled once', async () => {
    const world = new World();
    const held = gate();
    const { heard, DocsAgent } = listener(held.passed);
    await world.start('n1', [single(DocsAgent)]);
    const { fleet, broker } = await world.connect();
    await world.until(fleet.send('docs', 'note', 'wait'));
    const [sent] = [...(world.fleet.inboxes.get('docs')?.values() ?? [])];
    const twice = message('docs', sent?.envelope ?? '', { opId: sent?.opId ?? '' });
    const replies = await world.until(broker.mail.send(frame(broker.mail.tagOf('docs'), [twice])));
    expect(replies).toMatchObject([{ kind: 'stored' }]);
    await world.eventually(() => world.fleet.inboxes.get('docs')?.size === 1, 'the repeat to go');
    expect([...(world.fleet.inboxes.get('docs')?.values() ?? [])][0]?.number).toBe(sent?.number);
    held.open();
    await world.eventually(() => world.fleet.inboxes.size === 0, 'the inbox to be empty');
    expect(heard).toEqual(['wait']);
  });

  test('holds the one message for the next owner when a repeat of it went and its handler did not end', async () => {
    const world = new World();
    const stuck = listener(gate().passed);
    const node = await world.start('n1', [single(stuck.DocsAgent)]);
    const { fleet, broker } = await world.connect();
    await world.until(fleet.send('docs', 'note', 'wait'));
    const [sent] = [...(world.fleet.inboxes.get('docs')?.values() ?? [])];
    const twice = message('docs', sent?.envelope ?? '', { opId: sent?.opId ?? '' });
    await world.until(broker.mail.send(frame(broker.mail.tagOf('docs'), [twice])));
    await world.eventually(() => world.fleet.inboxes.get('docs')?.size === 1, 'the repeat to go');
    const next = listener(Promise.resolve());
    await world.start('n2', [single(next.DocsAgent)]);
    world.crash(node);
    await world.eventually(() => next.heard.length === 1, 'the take-over');
    await world.advance(5_000);
    expect(next.heard).toEqual(['wait again']);
    expect(world.fleet.inboxes.size).toBe(0);
  });
});

describe('acknowledgements', () => {
  test('do not hold up the next message, and those of one tick travel in one frame', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener();
    const node = await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const { mail } = node.broker;
    const frames: number[] = [];
    const real = mail.acknowledge.bind(mail);
    mail.acknowledge = (sent) => {
      frames.push(sent.ops.length);
      return real(sent);
    };
    const sends = Array.from({ length: 100 }, (_, number) => fleet.send('docs', 'note', number));
    await world.until(Promise.all(sends));
    await world.eventually(() => world.fleet.inboxes.size === 0, 'the inbox to be empty');
    expect(heard).toHaveLength(100);
    expect(frames.reduce((sum, count) => sum + count, 0)).toBe(100);
    expect(frames.length).toBeLessThan(50);
  });

  test('are bounded: with no answer to them the agent stops taking messages, and all of them come again', async () => {
    const world = new World();
    const first = listener();
    const node = await world.start('n1', [single(first.DocsAgent)]);
    const { fleet } = await world.connect();
    node.broker.mail.acknowledge = () => new Promise(() => {});
    const sends = Array.from({ length: 300 }, (_, number) => fleet.send('docs', 'note', number));
    await world.until(Promise.all(sends));
    await world.advance(1_000);
    expect(first.heard).toHaveLength(128);
    const next = listener();
    await world.start('n2', [single(next.DocsAgent)]);
    world.crash(node);
    await world.eventually(() => next.heard.length === 300, 'the take-over');
    expect(next.heard.slice(0, 128)).toEqual(first.heard.map((number) => `${String(number)} again`));
  });

  test('are waited for by a stop, so that what was handled does not come again', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener();
    const node = await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const { mail } = node.broker;
    const real = mail.acknowledge.bind(mail);
    mail.acknowledge = async (sent) => {
      await new Promise<void>((resolve) => world.clock.setTimer(500, resolve));
      return real(sent);
    };
    for (const number of [1, 2, 3]) await world.until(fleet.send('docs', 'note', number));
    await world.eventually(() => heard.length === 3, 'the messages');
    await world.until(node.node.stop());
    expect(world.fleet.inboxes.size).toBe(0);
    await world.start('n2', [single(DocsAgent)]);
    await world.advance(5_000);
    expect(heard).toEqual([1, 2, 3]);
    expect(saidOf(node, 'message.failed')).toEqual([]);
  });
});
