/**
 * Messages that no handler takes: kept as dead letters, put back when the agent has learnt to take them, or forgotten.
 */
import { Agent, type Message, onMessage, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { frame } from '../contract/harness.ts';
import { message } from '../contract/post.ts';
import { saidOf, World } from './world.ts';

const Note = z.number();

/** Takes notes, and once it `learnt` to, also poems. */
function docs(learnt: { readonly poem: boolean } = { poem: false }) {
  const heard: unknown[] = [];
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('note', Note) note({ data, redelivered }: Message<typeof Note>): void {
      if (data === 13) throw new Error('unlucky');
      heard.push(redelivered ? `${data} again` : data);
    }
  }
  class PoetAgent extends DocsAgent {
    static override readonly role = 'docs';
    @onMessage('poem') poem({ id, data }: Message): void {
      heard.push([id, data]);
    }
  }
  return { heard, Docs: learnt.poem ? PoetAgent : DocsAgent };
}

describe('a message that no handler takes', () => {
  test('is kept with its reason while those behind it are handled, and what a handler threw is not', async () => {
    const world = new World();
    const { heard, Docs } = docs();
    const node = await world.start('n1', [single(Docs)]);
    const { fleet, broker } = await world.connect('me');
    const poem = await world.until(fleet.send('docs', 'poem', 'roses'));
    await world.until(fleet.send('docs', 'note', 'no number'));
    const broken = message('docs', '{"v":', { opId: 'broken' });
    await world.until(broker.mail.send(frame(broker.mail.tagOf('docs'), [broken])));
    await world.until(fleet.send('docs', 'note', 13));
    await world.until(fleet.send('docs', 'note', 1));
    await world.eventually(() => heard.length === 1, 'the last one');
    await world.advance(100);
    const { letters, total, dropped } = await world.until(fleet.deadMessages('docs', { count: 10 }));
    expect(letters.map(({ reason }) => reason)).toEqual(['malformed', 'invalid-payload', 'no-handler']);
    expect({ total, dropped }).toEqual({ total: 3, dropped: 0 });
    expect(letters[2]).toMatchObject({ opId: poem.id, error: { name: 'DeliveryError', code: 'no-handler' } });
    expect(JSON.parse(letters[2]?.envelope ?? '')).toMatchObject({ from: 'me', name: 'poem', data: 'roses' });
    expect(saidOf(node, 'message.failed').map(({ dead }) => dead ?? false)).toEqual([true, true, true, false]);
    expect(world.fleet.inboxes.size).toBe(0);
  });

  test('is put back to the same agent as it was, and is a dead letter again when still nobody takes it', async () => {
    const world = new World();
    const { Docs } = docs();
    const node = await world.start('n1', [single(Docs)]);
    const { fleet } = await world.connect();
    const { id } = await world.until(fleet.send('docs', 'poem', 'roses'));
    await world.eventually(() => saidOf(node, 'message.failed').length === 1, 'the failure');
    const list = async () => (await world.until(fleet.deadMessages('docs', { count: 10 }))).letters;
    await world.advance(100);
    const [first] = await list();
    expect(await world.until(fleet.requeueMessages('docs', [first?.letter ?? '', 'nonsense']))).toEqual([
      first?.letter,
    ]);
    await world.eventually(() => saidOf(node, 'message.failed').length === 2, 'the second failure');
    await world.advance(100);
    const again = await list();
    expect(again).toMatchObject([{ opId: id, reason: 'no-handler' }]);
    expect(again[0]?.letter).not.toBe(first?.letter);
    expect(await world.until(fleet.dropMessages('docs', [again[0]?.letter ?? '']))).toEqual([again[0]?.letter]);
    expect(await list()).toEqual([]);
  });

  test('is handled by a newer version of its agent once it is put back', async () => {
    const world = new World();
    const old = docs();
    const node = await world.start('n1', [single(old.Docs)]);
    const { fleet } = await world.connect();
    const { id } = await world.until(fleet.send('docs', 'poem', 'roses'));
    await world.eventually(() => saidOf(node, 'message.failed').length === 1, 'the failure');
    await world.until(node.node.stop());
    const { heard, Docs } = docs({ poem: true });
    await world.start('n2', [single(Docs)]);
    await world.advance(1_000);
    expect(heard).toEqual([]);
    const { letters } = await world.until(fleet.deadMessages('docs', { count: 10 }));
    await world.until(
      fleet.requeueMessages(
        'docs',
        letters.map(({ letter }) => letter),
      ),
    );
    await world.eventually(() => heard.length === 1, 'the message');
    expect(heard).toEqual([[id, 'roses']]);
  });

  test('survives that its node crashes before the acknowledgement: it dies at the next one', async () => {
    const world = new World();
    const { Docs } = docs();
    const node = await world.start('n1', [single(Docs)]);
    const { fleet } = await world.connect();
    node.broker.mail.acknowledge = () => new Promise(() => {}); // it never arrives
    await world.until(fleet.send('docs', 'poem', 'roses'));
    await world.eventually(() => saidOf(node, 'message.failed').length === 1, 'the failure');
    expect(await world.until(fleet.deadMessages('docs', { count: 10 }))).toMatchObject({ total: 0 });
    await world.start('n2', [single(Docs)]);
    world.crash(node);
    await world.advance(20_000);
    expect(await world.until(fleet.deadMessages('docs', { count: 10 }))).toMatchObject({
      total: 1,
      letters: [{ reason: 'no-handler' }],
    });
    expect(world.fleet.inboxes.size).toBe(0);
  });

  test('stays a dead letter while the inbox is full, and the operator is told', async () => {
    const world = new World();
    const { Docs } = docs();
    const node = await world.start('n1', [single(Docs)]);
    const { fleet } = await world.connect('me', { inboxLimit: 2 });
    await world.until(fleet.send('docs', 'poem', 'roses'));
    await world.eventually(() => saidOf(node, 'message.failed').length === 1, 'the failure');
    await world.until(node.node.stop());
    for (const number of [1, 2]) await world.until(fleet.send('docs', 'note', number));
    const { letters } = await world.until(fleet.deadMessages('docs', { count: 10 }));
    const requeued = world.until(fleet.requeueMessages('docs', [letters[0]?.letter ?? '']));
    await expect(requeued).rejects.toMatchObject({ name: 'DeliveryError', code: 'inbox-full' });
    expect(await world.until(fleet.deadMessages('docs', { count: 10 }))).toMatchObject({ total: 1 });
  });
});
