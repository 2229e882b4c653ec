/**
 * Keys of messages: sending twice under one key stores one message, for as long as the key is remembered.
 */
import { expect, test } from 'vitest';
import { describeBrokers, frame } from './harness.ts';
import { acknowledge, inbox, listen, message, own, send } from './post.ts';
import { numbered } from './work.ts';

const docs = 'docs';
const key = { name: 'order-17', ttlMs: 60_000 };
const stored = expect.objectContaining({ kind: 'stored' }) as object;

describeBrokers('keys of messages', (open) => {
  test('M8: the same key stores no second message, whoever sends it, and tells the first operation id', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.join()];
    const heard = await listen(b);
    const epoch = await own(b, docs);
    const tag = a.mail.tagOf(docs);
    const first = message(docs, 'first', { key });
    expect(await a.mail.send(frame(tag, [first]))).toEqual([stored]);
    const known = { kind: 'known', opId: first.opId };
    expect(await send(b, docs, ['second'], { key })).toEqual([known]);
    expect(await send(a, docs, ['third'], { key })).toEqual([known]);
    await send(a, docs, ['last']);
    await fleet.eventually(() => heard.length >= 2, 'the stored ones to be heard');
    expect(heard).toMatchObject([{ envelope: 'first' }, { envelope: 'last' }]);
    expect((await inbox(b, docs, epoch)).map(({ envelope }) => envelope)).toEqual(['first', 'last']);
  });

  test('M8: of two messages under one key in one frame the first is stored', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const tag = node.mail.tagOf(docs);
    const [first, second] = [message(docs, 'first', { key }), message(docs, 'second', { key })];
    const replies = await node.mail.send(frame(tag, [first, second]));
    expect(replies).toEqual([stored, { kind: 'known', opId: first.opId }]);
    expect(await inbox(node, docs, await own(node, docs))).toMatchObject([{ envelope: 'first' }]);
  });

  test('M8: a key is known also when the first message was acknowledged', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    await send(node, docs, ['first'], { key });
    const [entry] = await inbox(node, docs, epoch);
    expect(entry && (await acknowledge(node, docs, epoch, entry))).toBe('acknowledged');
    expect(await send(node, docs, ['second'], { key })).toMatchObject([{ kind: 'known' }]);
    expect(await inbox(node, docs, epoch)).toEqual([]);
  });

  test('M8: a known key is no overflow, and a message that found no room leaves its key free', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    await send(node, docs, ['first'], { key });
    const other = { name: 'order-18', ttlMs: 60_000 };
    expect(await send(node, docs, ['again'], { key, limit: 1 })).toMatchObject([{ kind: 'known' }]);
    expect(await send(node, docs, ['refused'], { key: other, limit: 1 })).toEqual([{ kind: 'inbox-full', entries: 1 }]);
    expect(await send(node, docs, ['other'], { key: other, limit: 2 })).toEqual([stored]);
    expect((await inbox(node, docs, epoch)).map(({ envelope }) => envelope)).toEqual(['first', 'other']);
  });

  test('M8: a key is forgotten when its time has passed since the first message, however often it was tried', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const short = { name: 'short', ttlMs: 400 };
    const tag = node.mail.tagOf(docs);
    await node.mail.send(frame(tag, [message(docs, 'first', { key: short })]));
    const again = async (): Promise<boolean> => {
      const [reply] = await node.mail.send(frame(tag, [message(docs, 'second', { key: short })]));
      return reply?.kind === 'stored';
    };
    await fleet.eventually(again, 'the key to be forgotten');
    const entries = await inbox(node, docs, await own(node, docs));
    expect(entries.map(({ envelope }) => envelope)).toEqual(['first', 'second']);
  });

  test('M8: keys are the agent’s own: other agents and other keys are not known', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const same = numbered(40, 'agent').filter((id) => node.mail.tagOf(id) === node.mail.tagOf(docs));
    expect(same.length).toBeGreaterThan(0);
    for (const id of [docs, ...same]) expect(await send(node, id, ['x'], { key })).toEqual([stored]);
    expect(await send(node, docs, ['x'], { key: { ...key, name: 'order-18' } })).toEqual([stored]);
  });

  test('M8: an agent id and a key that are written alike are not taken for each other', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const pairs = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a%3Ab', 'c'],
    ] as const;
    for (const [to, name] of pairs)
      expect(await send(node, to, ['x'], { key: { name, ttlMs: 60_000 } })).toEqual([stored]);
  });

  test('M8: a repeated frame with a key gets its first reply and stores nothing', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const sent = frame(node.mail.tagOf(docs), [message(docs, 'first', { key })], { sender: 'a', seq: 1 });
    const reply = await node.mail.send(sent);
    expect(reply).toEqual([stored]);
    expect(await node.mail.send(sent)).toEqual(reply);
    expect(await inbox(node, docs, await own(node, docs))).toHaveLength(1);
  });
});
