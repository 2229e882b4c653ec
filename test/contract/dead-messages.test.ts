/**
 * Dead letters of agents: messages that no handler takes are kept, bounded, listed, put back or forgotten.
 */
import { expect, test } from 'vitest';
import { describeBrokers, frame, type Member } from './harness.ts';
import { acknowledge, inbox, listen, message, own, send } from './post.ts';
import { failure, numbered } from './work.ts';

const docs = 'docs';
const death = { reason: 'no-handler', error: failure, limit: 100 };

const letters = (by: Member, page: { count: number; before?: string } = { count: 1_000 }, id = docs) =>
  by.mail.deadLetters(id, page);

/** Sends messages and lets them die, the first one first. */
async function bury(node: Member, epoch: number, envelopes: readonly string[], limit = 100): Promise<string[]> {
  await send(node, docs, envelopes);
  const entries = (await inbox(node, docs, epoch)).filter(({ envelope }) => envelopes.includes(envelope));
  for (const entry of entries) await acknowledge(node, docs, epoch, entry, { ...death, limit });
  return entries.map(({ opId }) => opId);
}

const revive = async (by: Member, letter: string, limit = 100) =>
  (await by.mail.send(frame(by.mail.tagOf(docs), [{ to: docs, limit, letter }])))[0];

const forget = async (by: Member, letter: string) =>
  (await by.mail.acknowledge(frame(by.mail.tagOf(docs), [{ agentId: docs, letter }])))[0];

describeBrokers('dead messages', (open) => {
  test('M9: a dead message leaves the inbox and is kept with its envelope, reason, error and time', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    expect(await letters(node)).toEqual({ letters: [], total: 0, dropped: 0 });
    const [opId] = await bury(node, epoch, ['{"v":1}']);
    expect(await inbox(node, docs, epoch)).toEqual([]);
    expect(await node.mail.waiting(node.address)).toEqual([]);
    const { letters: kept, total, dropped } = await letters(node);
    expect(kept).toMatchObject([{ opId, envelope: '{"v":1}', reason: 'no-handler', error: failure }]);
    expect({ total, dropped }).toEqual({ total: 1, dropped: 0 });
    const { serverTime } = await node.presence.join({ ...(await node.presence.nodes())[0]! }, 600_000);
    expect(kept[0]?.diedAt).toBeLessThanOrEqual(serverTime);
    expect(kept[0]?.diedAt).toBeGreaterThan(serverTime - 60_000);
    expect(await letters(node, { count: 10 }, 'other')).toEqual({ letters: [], total: 0, dropped: 0 });
  });

  test('M9: an acknowledgement of an old epoch or of another operation keeps nothing', async () => {
    const fleet = await open();
    const [old, next] = [await fleet.join('old'), await fleet.join('next')];
    const epoch = await own(old, docs);
    await send(old, docs, ['x']);
    const [entry] = await inbox(old, docs, epoch);
    if (entry === undefined) return expect.fail('a message waits');
    await next.presence.leave('old');
    const newer = await own(next, docs);
    expect(await acknowledge(old, docs, epoch, entry, death)).toBe('stale-epoch');
    expect(await acknowledge(next, docs, newer, { ...entry, opId: 'another' }, death)).toBe('unknown');
    expect(await letters(next)).toMatchObject({ total: 0 });
    expect(await inbox(next, docs, newer)).toMatchObject([{ envelope: 'x', redelivered: true }]);
    expect(await acknowledge(next, docs, newer, entry, death)).toBe('acknowledged');
    expect(await acknowledge(next, docs, newer, entry, death)).toBe('unknown');
    expect(await letters(next)).toMatchObject({ total: 1 });
  });

  test('dead messages are listed newest first, in pages', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await bury(node, await own(node, docs), numbered(7));
    const pages: string[][] = [];
    let before: string | undefined;
    do {
      const page = await letters(node, { count: 3, ...(before !== undefined && { before }) });
      pages.push(page.letters.map(({ envelope }) => envelope));
      before = page.letters.at(-1)?.letter;
    } while (before !== undefined && pages.length < 10);
    const newestFirst = numbered(7).toReversed();
    expect(pages).toEqual([newestFirst.slice(0, 3), newestFirst.slice(3, 6), newestFirst.slice(6), []]);
  });

  test('M9: newer dead letters push out the oldest past the limit, and they are counted', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    await bury(node, epoch, numbered(5), 3);
    const kept = await letters(node);
    expect(kept).toMatchObject({ total: 3, dropped: 2 });
    expect(kept.letters.map(({ envelope }) => envelope)).toEqual(['t4', 't3', 't2']);
    for (const { letter } of kept.letters) expect(await forget(node, letter)).toBe('acknowledged');
    expect(await letters(node)).toEqual({ letters: [], total: 0, dropped: 0 });
  });

  test('M10: a letter that is put back is a new entry with the same operation id, handed to nobody yet', async () => {
    const fleet = await open();
    const [client, node] = [await fleet.connect(), await fleet.join()];
    const epoch = await own(node, docs);
    const [opId] = await bury(node, epoch, ['dead']);
    await send(client, docs, ['waits']);
    const heard = await listen(node);
    const [letter] = (await letters(client)).letters;
    const reply = await revive(client, letter?.letter ?? '');
    expect(reply).toMatchObject({ kind: 'stored' });
    const entries = await inbox(node, docs, epoch);
    expect(entries).toMatchObject([{ envelope: 'waits' }, { envelope: 'dead', opId, redelivered: false }]);
    // In a cluster what was published before may still be on its way to the node where it is listened to.
    const news = () =>
      heard.filter((one) => fleet.kind !== 'cluster' || one.kind !== 'mail' || one.envelope === 'dead');
    await fleet.eventually(() => news().length > 0, 'the owner to hear it');
    const put = { kind: 'mail', agentId: docs, entry: entries[1]?.entry, envelope: 'dead' };
    expect(news().at(-1)).toMatchObject(put);
    if (fleet.kind !== 'cluster') expect(news()).toHaveLength(1);
    expect(await letters(client)).toEqual({ letters: [], total: 0, dropped: 0 });
    expect(await revive(client, letter?.letter ?? '')).toEqual({ kind: 'no-letter' });
  });

  test('M10: while the inbox is full a letter stays', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    await bury(node, epoch, ['dead']);
    await send(node, docs, ['waits']);
    const [letter] = (await letters(node)).letters;
    expect(await revive(node, letter?.letter ?? '', 1)).toEqual({ kind: 'inbox-full', entries: 1 });
    expect((await letters(node)).letters).toEqual([letter]);
    expect(await revive(node, letter?.letter ?? '', 2)).toMatchObject({ kind: 'stored' });
  });

  test('M10: a letter put back while nobody runs the agent waits for its next owner', async () => {
    const fleet = await open();
    const [old, next] = [await fleet.join('old'), await fleet.join('next')];
    await bury(old, await own(old, docs), ['dead']);
    await next.presence.leave('old');
    const [letter] = (await letters(next)).letters;
    expect(await revive(next, letter?.letter ?? '')).toMatchObject({ kind: 'stored' });
    const newer = await own(next, docs);
    expect(await next.mail.waiting('next')).toEqual([docs]);
    expect(await inbox(next, docs, newer)).toMatchObject([{ envelope: 'dead', redelivered: false }]);
  });

  test('a letter is forgotten once, by anyone, and what is no letter is not known', async () => {
    const fleet = await open();
    const [client, node] = [await fleet.connect(), await fleet.join()];
    await bury(node, await own(node, docs), ['a', 'b']);
    const [b, a] = (await letters(client)).letters;
    expect(await forget(client, a?.letter ?? '')).toBe('acknowledged');
    expect(await forget(client, a?.letter ?? '')).toBe('unknown');
    expect((await letters(client)).letters).toEqual([b]);
    for (const nonsense of ['', 'x', '1-1', '1-1-1']) {
      expect(await forget(client, nonsense)).toBe('unknown');
      expect(await revive(client, nonsense)).toEqual({ kind: 'no-letter' });
    }
  });

  test('M10: a repeated frame puts a letter back once', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    await bury(node, epoch, ['dead']);
    const [letter] = (await letters(node)).letters;
    const ops = [{ to: docs, limit: 9, letter: letter?.letter ?? '' }, message(docs, 'behind')];
    const sent = frame(node.mail.tagOf(docs), ops, { sender: 'a', seq: 1 });
    const replies = await node.mail.send(sent);
    expect(await node.mail.send(sent)).toEqual(replies);
    expect((await inbox(node, docs, epoch)).map(({ envelope }) => envelope)).toEqual(['dead', 'behind']);
  });
});
