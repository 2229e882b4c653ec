/**
 * Inboxes: what is stored stays, in order, until the owner of the day acknowledges it.
 */
import { expect, test } from 'vitest';
import { describeBrokers, frame, type Member } from './harness.ts';
import { acknowledge, giveBack, inbox, message, own, send } from './post.ts';
import { numbered } from './work.ts';

const docs = 'docs';
const hourMs = 3_600_000;

describeBrokers('inboxes', (open) => {
  test('M1: a message to an agent that nobody runs waits in its inbox until it is acknowledged', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    expect(await send(client, docs, ['{"v":1}'])).toMatchObject([{ kind: 'stored' }]);
    const node = await fleet.join();
    const epoch = await own(node, docs);
    const [entry] = await inbox(node, docs, epoch);
    expect(entry).toMatchObject({ envelope: '{"v":1}', redelivered: false });
    expect(await inbox(node, docs, epoch)).toEqual([entry]);
    expect(entry && (await acknowledge(node, docs, epoch, entry))).toBe('acknowledged');
    expect(await inbox(node, docs, epoch)).toEqual([]);
  });

  test('M2: messages of one sender keep their order, and reading goes on behind an entry', async () => {
    const fleet = await open();
    const [client, node] = [await fleet.connect(), await fleet.join()];
    const replies = await send(client, docs, numbered(300));
    const epoch = await own(node, docs);
    const first = await inbox(node, docs, epoch, '', 100);
    const rest = await inbox(node, docs, epoch, first.at(-1)?.entry, 1_000);
    expect([...first, ...rest].map(({ envelope }) => envelope)).toEqual(numbered(300));
    expect([...first, ...rest].map(({ entry }) => ({ kind: 'stored', entry }))).toEqual(replies);
    expect(await inbox(node, docs, epoch, rest.at(-1)?.entry)).toEqual([]);
  });

  test('M2: messages of many senders to one agent are all there, each sender in order', async () => {
    const fleet = await open();
    const clients = await Promise.all([fleet.connect(), fleet.connect(), fleet.connect()]);
    await Promise.all(
      clients.map(async (client) => {
        for (const name of numbered(30, client.address)) await send(client, docs, [name]);
      }),
    );
    const node = await fleet.join();
    const envelopes = (await inbox(node, docs, await own(node, docs))).map(({ envelope }) => envelope);
    for (const { address } of clients)
      expect(envelopes.filter((name) => name.startsWith(`${address}`))).toEqual(numbered(30, address));
  });

  test('M2: entry ids never repeat, also when the inbox was emptied in between', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    const seen: string[] = [];
    const tag = node.mail.tagOf(docs);
    await Promise.all(
      Array.from({ length: 500 }, async () => {
        const op = message(docs, 'x');
        const [reply] = await node.mail.send(frame(tag, [op]));
        if (reply?.kind !== 'stored') return expect.fail('the inbox has room');
        seen.push(reply.entry);
        await acknowledge(node, docs, epoch, { entry: reply.entry, opId: op.opId });
      }),
    );
    expect(new Set(seen).size).toBe(500);
    expect(await inbox(node, docs, epoch)).toEqual([]);
  });

  test('M2: a message sent after the inbox was emptied is behind every entry read before', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    let cursor = '';
    for (let round = 0; round < 100; round++) {
      await send(node, docs, [`${round}`]);
      const entries = await inbox(node, docs, epoch, cursor);
      expect(entries.map(({ envelope }) => envelope)).toEqual([`${round}`]);
      cursor = entries[0]?.entry ?? '';
      expect(entries[0] && (await acknowledge(node, docs, epoch, entries[0]))).toBe('acknowledged');
    }
  });

  test('M4: a repeated acknowledgement does not remove the next message', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    await send(node, docs, ['first']);
    const [first] = await inbox(node, docs, epoch);
    if (first === undefined) return expect.fail('a message waits');
    expect(await acknowledge(node, docs, epoch, first)).toBe('acknowledged');
    await send(node, docs, ['second']);
    expect(await acknowledge(node, docs, epoch, first)).toBe('unknown');
    expect(await inbox(node, docs, epoch)).toMatchObject([{ envelope: 'second' }]);
  });

  test('M4: an unknown entry or another operation id removes nothing', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    await send(node, docs, numbered(2));
    const [a, b] = await inbox(node, docs, epoch);
    if (!a || !b) return expect.fail('two messages wait');
    expect(await acknowledge(node, docs, epoch, { entry: a.entry, opId: b.opId })).toBe('unknown');
    expect(await acknowledge(node, docs, epoch, { entry: '1-0', opId: a.opId })).toBe('unknown');
    expect(await acknowledge(node, 'nobody', epoch, a)).toBe('unknown');
    expect(await inbox(node, docs, epoch)).toHaveLength(2);
    expect(await acknowledge(node, docs, epoch, b)).toBe('acknowledged');
    expect(await inbox(node, docs, epoch)).toMatchObject([{ envelope: 't0' }]);
  });

  test('M4: after a take-over the old epoch may neither read nor acknowledge', async () => {
    const fleet = await open();
    const [old, next] = [await fleet.join('old'), await fleet.join('next')];
    const epoch = await own(old, docs);
    await send(old, docs, ['x']);
    const [entry] = await inbox(old, docs, epoch);
    if (entry === undefined) return expect.fail('a message waits');
    await next.presence.leave('old');
    const newer = await own(next, docs);
    expect(newer).toBeGreaterThan(epoch);
    expect(await acknowledge(old, docs, epoch, entry)).toBe('stale-epoch');
    const lost = { name: 'OwnershipError', code: 'activation-lost' };
    await expect(inbox(old, docs, epoch)).rejects.toMatchObject(lost);
    expect(await inbox(next, docs, newer)).toHaveLength(1);
    expect(await acknowledge(next, docs, newer, entry)).toBe('acknowledged');
  });

  test('M4: the epoch that was granted last still acknowledges when its owner has gone, and no other does', async () => {
    const fleet = await open();
    const [client, old] = [await fleet.connect(), await fleet.join('old')];
    const goings: Record<string, (node: Member, epoch: number) => Promise<unknown>> = {
      'given back': (node, epoch) => giveBack(node, 'given back', epoch),
      left: (node) => node.presence.leave(node.address),
      ended: () => fleet.eventually(async () => (await client.presence.lookup(['ended']))[0] === undefined, 'its end'),
    };
    for (const [id, go] of Object.entries(goings)) {
      const earlier = await own(old, id);
      await giveBack(old, id, earlier);
      const node = await fleet.join(`owner of ${id}`, id === 'ended' ? 300 : hourMs);
      const epoch = await own(node, id);
      await send(client, id, numbered(2));
      const entries = await inbox(node, id, epoch);
      await go(node, epoch);
      for (const other of [0, earlier, epoch - 1, epoch + 1])
        expect(await acknowledge(node, id, other, entries[0] ?? expect.fail())).toBe('stale-epoch');
      for (const entry of entries) expect(await acknowledge(node, id, epoch, entry)).toBe('acknowledged');
      expect(await inbox(client, id, id === 'given back' ? 0 : epoch)).toEqual([]);
    }
  });

  test('M4: nobody acknowledges for an id that never was granted, or was given back with an empty inbox', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const emptied = await own(node, 'emptied');
    await giveBack(node, 'emptied', emptied);
    const cleared = await own(node, 'cleared');
    await send(node, 'cleared', ['x']);
    const [last] = await inbox(node, 'cleared', cleared);
    await giveBack(node, 'cleared', cleared);
    expect(last && (await acknowledge(node, 'cleared', cleared, last))).toBe('acknowledged');
    for (const id of ['never', 'emptied', 'cleared']) {
      await send(node, id, ['x']);
      const [entry] = await inbox(node, id, 0);
      for (const epoch of [0, 1, emptied, cleared, cleared + 1])
        expect(entry && (await acknowledge(node, id, epoch, entry))).toBe('stale-epoch');
      const granted = await own(node, id);
      expect(entry && (await acknowledge(node, id, granted, entry))).toBe('acknowledged');
    }
  });

  test('M11: an epoch that was not granted last does not read, nor one that the broker has lost', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    const lost = { name: 'OwnershipError', code: 'activation-lost' };
    for (const other of [0, epoch - 1, epoch + 1]) await expect(inbox(node, docs, other)).rejects.toMatchObject(lost);
    await fleet.lose();
    const after = await fleet.join('after');
    await send(after, docs, ['brought back']);
    await expect(inbox(after, docs, epoch)).rejects.toMatchObject(lost);
    expect(await inbox(after, docs, await own(after, docs))).toMatchObject([{ envelope: 'brought back' }]);
  });

  test('M4: an id without mail whose owner has gone is forgotten when a node joins, and its epoch with it', async () => {
    const fleet = await open();
    const [client, old] = [await fleet.connect(), await fleet.join('old')];
    const [empty, full] = [await own(old, 'empty'), await own(old, 'full')];
    const sent = async (id: string) => {
      const [reply] = await send(client, id, ['x'], { opId: 'x' });
      return { entry: reply?.kind === 'stored' ? reply.entry : expect.fail('it is stored'), opId: 'x' };
    };
    const second = await sent('full');
    await old.presence.leave('old');
    await fleet.join('new');
    const first = await sent('empty');
    expect(await acknowledge(old, 'empty', empty, first)).toBe('stale-epoch');
    expect(await acknowledge(old, 'full', full, second)).toBe('acknowledged');
  });

  test('M6: an inbox takes no more than its limit, and the sender is told', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const epoch = await own(node, docs);
    const replies = await send(node, docs, numbered(5), { limit: 3 });
    expect(replies.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'stored', 'inbox-full', 'inbox-full']);
    expect(replies[4]).toEqual({ kind: 'inbox-full', entries: 3 });
    expect(await send(node, 'other', ['fits'], { limit: 3 })).toMatchObject([{ kind: 'stored' }]);
    const [first] = await inbox(node, docs, epoch);
    expect(first && (await acknowledge(node, docs, epoch, first))).toBe('acknowledged');
    expect(await send(node, docs, ['again'], { limit: 3 })).toMatchObject([{ kind: 'stored' }]);
    const left = (await inbox(node, docs, epoch)).map(({ envelope }) => envelope);
    expect(left).toEqual(['t1', 't2', 'again']);
  });

  test('a frame may carry messages to different agents of one tag', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const tag = node.mail.tagOf(docs);
    const sharing = numbered(200, 'agent').filter((id) => node.mail.tagOf(id) === tag);
    await node.mail.send(
      frame(
        tag,
        [docs, ...sharing].map((id) => message(id, `for ${id}`)),
      ),
    );
    for (const id of [docs, ...sharing])
      expect(await inbox(node, id, 0)).toMatchObject([{ envelope: `for ${id}`, redelivered: false }]);
  });
});
