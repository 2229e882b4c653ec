/**
 * Mail and owners: live copies to the node that runs the agent, marks of redelivery, and asks.
 */
import { expect, test } from 'vitest';
import type { Notice } from '../../src/broker/notices.ts';
import { describeBrokers, frame } from './harness.ts';
import { acknowledge, giveBack, inbox, listen, message, own, send } from './post.ts';
import { numbered } from './work.ts';

const docs = 'docs';

describeBrokers('owners', (open) => {
  test('M3: the owner hears each message live, in order, with the entry under which it is stored', async () => {
    const fleet = await open();
    const [client, node] = [await fleet.connect(), await fleet.join()];
    const heard = await listen(node);
    const epoch = await own(node, docs);
    await send(client, docs, numbered(200));
    const mail = (): readonly Notice[] => heard.filter(({ kind }) => kind === 'mail');
    await fleet.eventually(() => mail().length >= 200, 'every message to be heard');
    const stored = await inbox(node, docs, epoch);
    expect(mail()).toMatchObject(
      stored.map(({ entry, envelope }) => ({ kind: 'mail', agentId: docs, entry, envelope })),
    );
    expect(stored.map(({ envelope }) => envelope)).toEqual(numbered(200));
  });

  test('M3: after a take-over the new owner hears, the old one does not', async () => {
    const fleet = await open();
    const [old, next] = [await fleet.join('old'), await fleet.join('next')];
    const [atOld, atNext] = [await listen(old), await listen(next)];
    const epoch = await own(old, docs);
    await giveBack(old, docs, epoch);
    await own(next, docs);
    await send(old, docs, ['x']);
    await fleet.eventually(() => atNext.some(({ kind }) => kind === 'mail'), 'the message to be heard');
    const mailIn = (heard: readonly Notice[]): readonly Notice[] => heard.filter(({ kind }) => kind === 'mail');
    expect(mailIn(atNext)).toMatchObject([{ kind: 'mail', agentId: docs, envelope: 'x' }]);
    expect(mailIn(atOld)).toEqual([]);
  });

  test('M5: what an earlier epoch was handed live is redelivered to the next, what nobody was handed is not', async () => {
    const fleet = await open();
    const [old, next] = [await fleet.join('old'), await fleet.join('next')];
    await own(old, docs);
    await send(next, docs, ['heard by old']);
    await next.presence.leave('old');
    await send(next, docs, ['heard by nobody']);
    const epoch = await own(next, docs);
    await send(next, docs, ['heard by next']);
    const expected = [
      { envelope: 'heard by old', redelivered: true },
      { envelope: 'heard by nobody', redelivered: false },
      { envelope: 'heard by next', redelivered: false },
    ];
    expect(await inbox(next, docs, epoch)).toMatchObject(expected);
    expect(await inbox(next, docs, epoch)).toMatchObject(expected);
  });

  test('M5: who reads an entry counts as having been handed those before it, also when it left them out', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const replies = await send(node, docs, numbered(4));
    const [, second] = replies.map((reply) => (reply.kind === 'stored' ? reply.entry : expect.fail(reply.kind)));
    expect(await inbox(node, docs, 0, second, 1)).toMatchObject([{ envelope: 't2' }]);
    const marks = (await inbox(node, docs, await own(node, docs))).map(({ redelivered }) => redelivered);
    expect(marks).toEqual([true, true, true, false]);
  });

  test('M5: what an earlier epoch has read is redelivered to the next, what it has not is not', async () => {
    const fleet = await open();
    const [old, next] = [await fleet.join('old'), await fleet.join('next')];
    await send(next, docs, numbered(3));
    const epoch = await own(old, docs);
    expect(await inbox(old, docs, epoch, '', 2)).toMatchObject([{ redelivered: false }, { redelivered: false }]);
    expect(await inbox(old, docs, epoch, '', 1)).toMatchObject([{ redelivered: false }]);
    await next.presence.leave('old');
    const newer = await own(next, docs);
    const marks = (await inbox(next, docs, newer)).map(({ redelivered }) => redelivered);
    expect(marks).toEqual([true, true, false]);
    await giveBack(next, docs, newer);
    const newest = await own(next, docs);
    expect((await inbox(next, docs, newest)).map(({ redelivered }) => redelivered)).toEqual([true, true, true]);
  });

  test('waiting: names the agents of a node whose inbox is not empty', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join('node'), await fleet.join('other')];
    const ids = numbered(20, 'agent');
    for (const id of ids) await own(node, id);
    await own(other, docs);
    await send(other, docs, ['x']);
    await send(other, 'nobody', ['x']);
    expect(await node.mail.waiting('node')).toEqual([]);
    for (const id of ids) await send(other, id, ['x', 'y']);
    expect((await node.mail.waiting('node')).toSorted()).toEqual(ids.toSorted());
    expect(await node.mail.waiting('other')).toEqual([docs]);
    const [emptied = '', half = ''] = ids;
    const epochs = (await node.presence.lookup([emptied, half])).map((activation) => activation?.epoch ?? 0);
    for (const entry of await inbox(node, emptied, epochs[0] ?? 0))
      await acknowledge(node, emptied, epochs[0] ?? 0, entry);
    const [one] = await inbox(node, half, epochs[1] ?? 0);
    expect(one && (await acknowledge(node, half, epochs[1] ?? 0, one))).toBe('acknowledged');
    expect((await node.mail.waiting('node')).toSorted()).toEqual(ids.slice(1).toSorted());
  });

  test('waiting: a new owner sees what was stored while nobody or another node owned the agent', async () => {
    const fleet = await open();
    const [old, next] = [await fleet.join('old'), await fleet.join('next')];
    await send(next, 'unowned', ['x']);
    await own(next, 'unowned');
    await own(old, 'taken');
    await send(next, 'taken', ['x']);
    const epoch = await own(old, 'given');
    await send(next, 'given', ['x']);
    await giveBack(old, 'given', epoch);
    await own(next, 'given');
    expect((await next.mail.waiting('next')).toSorted()).toEqual(['given', 'unowned']);
    expect(await next.mail.waiting('old')).toEqual(['taken']);
    await next.presence.leave('old');
    await own(next, 'taken');
    expect((await next.mail.waiting('next')).toSorted()).toEqual(['given', 'taken', 'unowned']);
  });

  test('M7: an ask is published to the owner once, and stored nowhere', async () => {
    const fleet = await open();
    const [client, node] = [await fleet.connect(), await fleet.join('node')];
    const heard = await listen(node);
    const epoch = await own(node, docs);
    const asks = numbered(5).map((envelope) => ({ to: docs, envelope }));
    const replies = await client.mail.ask(frame(client.mail.tagOf(docs), asks));
    expect(replies).toEqual(asks.map(() => ({ kind: 'sent', owner: 'node' })));
    await fleet.eventually(() => heard.length >= 5, 'every ask to be heard');
    expect(heard).toEqual(asks.map(({ envelope }) => ({ kind: 'ask', envelope })));
    expect(await inbox(node, docs, epoch)).toEqual([]);
    expect(await node.mail.waiting('node')).toEqual([]);
  });

  test('M7: an ask to an id without owner is told so, each operation for itself', async () => {
    const fleet = await open();
    const [client, node] = [await fleet.connect(), await fleet.join('node')];
    await own(node, docs);
    const tag = client.mail.tagOf(docs);
    const free = numbered(100, 'free').find((id) => client.mail.tagOf(id) === tag) ?? expect.fail('no such id');
    const asks = [free, docs].map((to) => ({ to, envelope: 'x' }));
    const replies = await client.mail.ask(frame(tag, asks));
    expect(replies).toEqual([{ kind: 'no-owner' }, { kind: 'sent', owner: 'node' }]);
  });

  test('M7: an ask to an id whose owner has lost its presence, left or given the id back finds no owner', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    const ask = async () => (await client.mail.ask(frame(client.mail.tagOf(docs), [{ to: docs, envelope: 'x' }])))[0];
    const crashed = await fleet.join('crashed', 500);
    await own(crashed, docs);
    expect(await ask()).toMatchObject({ kind: 'sent' });
    await fleet.eventually(async () => (await ask())?.kind === 'no-owner', 'the presence of the owner to end');
    const leaver = await fleet.join('leaver');
    await own(leaver, docs);
    expect(await ask()).toMatchObject({ kind: 'sent', owner: 'leaver' });
    await leaver.presence.leave('leaver');
    expect(await ask()).toEqual({ kind: 'no-owner' });
    const giver = await fleet.join('giver');
    await giveBack(giver, docs, await own(giver, docs));
    expect(await ask()).toEqual({ kind: 'no-owner' });
  });

  test('M3: a message to an id whose owner has lost its presence is stored and not handed to it', async () => {
    const fleet = await open();
    const [crashed, next] = [await fleet.join('crashed', 400), await fleet.join('next')];
    await own(crashed, docs);
    await fleet.eventually(async () => (await next.presence.lookup([docs]))[0] === undefined, 'the owner to be gone');
    const op = message(docs, 'x');
    expect(await next.mail.send(frame(next.mail.tagOf(docs), [op]))).toMatchObject([{ kind: 'stored' }]);
    const entries = await inbox(next, docs, await own(next, docs));
    expect(entries).toMatchObject([{ opId: op.opId, redelivered: false }]);
  });
});
