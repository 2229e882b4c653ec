/**
 * Activations: one owner per agent id, an epoch that grows with every grant, and a take-over that ends the old owner.
 */
import { expect, test } from 'vitest';
import { describeBrokers, frame, type Member } from './harness.ts';
import { giveBack, listen, own, send } from './post.ts';
import { numbered, op, queue } from './work.ts';

const docs = 'docs';
const owner = async (member: Member, id = docs) => (await member.presence.lookup([id]))[0];

describeBrokers('activations', (open) => {
  test('P2: a free id is granted, and held against others', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    expect(await owner(b)).toBeUndefined();
    const epoch = await own(a, docs);
    expect(await b.presence.activate('b', [docs])).toEqual([{ kind: 'held', owner: 'a', epoch }]);
    expect(await owner(b)).toEqual({ owner: 'a', epoch });
  });

  test('P2: the same node asking again is granted the same epoch', async () => {
    const fleet = await open();
    const a = await fleet.join('a');
    const epoch = await own(a, docs);
    expect(await own(a, docs)).toBe(epoch);
    expect(await a.presence.activate('a', [docs, docs])).toEqual([
      { kind: 'granted', epoch },
      { kind: 'granted', epoch },
    ]);
  });

  test('P2: of many nodes that ask at once one is granted, and all are told of it', async () => {
    const fleet = await open();
    const nodes = await Promise.all(numbered(4, 'n').map((name) => fleet.join(name)));
    const replies = (await Promise.all(nodes.map((node) => node.presence.activate(node.address, [docs])))).flat();
    const current = await owner(nodes[0] as Member);
    expect(replies.filter(({ kind }) => kind === 'granted')).toEqual([{ kind: 'granted', epoch: current?.epoch }]);
    const held = replies.filter(({ kind }) => kind === 'held');
    expect(held).toEqual([1, 2, 3].map(() => ({ kind: 'held', ...current })));
  });

  test('P2: one call claims many ids, each with its own answer in order', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const ids = numbered(40, 'agent');
    await a.presence.activate('a', [ids[3] ?? '', ids[20] ?? '']);
    const replies = await b.presence.activate('b', ids);
    const held = replies.flatMap(({ kind }, index) => (kind === 'held' ? [index] : []));
    expect(held).toEqual([3, 20]);
    const found = await b.presence.lookup([...ids, 'nobody']);
    expect(found.map((activation) => activation?.owner)).toEqual([
      ...ids.map((_, index) => (held.includes(index) ? 'a' : 'b')),
      undefined,
    ]);
    expect(await b.presence.activate('b', [])).toEqual([]);
    expect(await b.presence.lookup([])).toEqual([]);
  });

  test('P2: an epoch grows with every grant of an id, also after it was given back', async () => {
    const fleet = await open();
    const nodes = [await fleet.join('a'), await fleet.join('b')] as const;
    const epochs: number[] = [];
    for (let round = 0; round < 20; round++) {
      const node = nodes[round % 2 === 0 ? 0 : 1];
      const epoch = await own(node, docs);
      epochs.push(epoch);
      expect(await giveBack(node, docs, epoch)).toBe(true);
    }
    expect(epochs.every((epoch, index) => Number.isSafeInteger(epoch) && epoch > (epochs[index - 1] ?? 0))).toBe(true);
  });

  test('P2: an id whose owner lost its presence is free, and taken with a higher epoch', async () => {
    const fleet = await open();
    const [crashed, b] = [await fleet.join('crashed', 400), await fleet.join('b')];
    const epoch = await own(crashed, docs);
    expect(await owner(b)).toEqual({ owner: 'crashed', epoch });
    await fleet.eventually(async () => (await owner(b)) === undefined, 'the presence of the owner to end');
    const newer = await own(b, docs);
    expect(newer).toBeGreaterThan(epoch);
    expect(await owner(b)).toEqual({ owner: 'b', epoch: newer });
  });

  test('P3: a take-over revokes the old lease: none of its writes can follow', async () => {
    const fleet = await open();
    const [crashed, b] = [await fleet.join('crashed', 400), await fleet.join('b')];
    const epoch = await own(crashed, docs);
    await fleet.eventually(async () => (await owner(b)) === undefined, 'the presence of the owner to end');
    const newer = await own(b, docs);
    expect(await crashed.presence.renew('crashed', 600_000, '{}')).toEqual({ kind: 'lost' });
    const lost = { code: 'presence-lost' };
    await expect(crashed.presence.activate('crashed', ['other'])).rejects.toMatchObject(lost);
    const late = frame(queue, [op('late')], { sender: 'crashed', leased: true });
    await expect(crashed.tasks.enqueue(late)).rejects.toMatchObject(lost);
    expect(await giveBack(crashed, docs, epoch)).toBe(false);
    expect(await owner(b)).toEqual({ owner: 'b', epoch: newer });
  });

  test('the ids of a node that left are free at once', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const ids = numbered(20, 'agent');
    await a.presence.activate('a', ids);
    await a.presence.leave('a');
    expect((await b.presence.lookup(ids)).every((activation) => activation === undefined)).toBe(true);
    const replies = await b.presence.activate('b', ids);
    expect(replies.every(({ kind }) => kind === 'granted')).toBe(true);
  });

  test('deactivate gives an id back only for its owner and epoch', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const epoch = await own(a, docs);
    expect(await giveBack(b, docs, epoch)).toBe(false);
    expect(await giveBack(a, docs, epoch - 1)).toBe(false);
    expect(await giveBack(a, 'other', epoch)).toBe(false);
    expect(await owner(a)).toEqual({ owner: 'a', epoch });
    expect(await giveBack(a, docs, epoch)).toBe(true);
    expect(await giveBack(a, docs, epoch)).toBe(false);
    expect(await owner(a)).toBeUndefined();
    expect(await own(b, docs)).toBeGreaterThan(epoch);
  });

  test('an activation outlives an empty inbox and a full one', async () => {
    const fleet = await open();
    const a = await fleet.join('a');
    const epoch = await own(a, docs);
    await send(a, docs, numbered(3));
    expect(await own(a, docs)).toBe(epoch);
  });

  test('P6: an id that is given back is told to everyone, once, and free for whoever hears it', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const heard: string[] = [];
    await b.notices.listen('b', {
      onNotice: (notice) => void (notice.kind === 'freed' && heard.push(notice.agentId)),
      onReset: () => {},
    });
    const [granted] = await a.presence.activate('a', ['docs']);
    if (granted?.kind !== 'granted') return expect.fail('the id was free');
    expect(await giveBack(a, 'docs', granted.epoch - 1)).toBe(false);
    expect(await giveBack(b, 'docs', granted.epoch)).toBe(false);
    expect(await giveBack(a, 'docs', granted.epoch)).toBe(true);
    await fleet.eventually(() => heard.length > 0, 'the notice');
    expect(await b.presence.activate('b', ['docs'])).toMatchObject([{ kind: 'granted' }]);
    expect(heard).toEqual(['docs']);
  });

  test("P6: many ids are given back at once, those that are the node's own, and each is told", async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const heard = await listen(b);
    const ids = numbered(300, 'agent');
    await send(b, 'agent7', ['x']);
    const granted = await a.presence.activate('a', ids);
    const holdings = granted.map(({ epoch }, index) => ({ agentId: ids[index] ?? '', epoch }));
    const others = { agentId: docs, epoch: await own(b, docs) };
    const stale = { agentId: 'agent299', epoch: 1 };
    const replies = await a.presence.deactivate('a', [others, stale, ...holdings, ...holdings.slice(0, 1)]);
    expect(replies).toEqual([false, false, ...ids.map(() => true), false]);
    const freed = (): string[] => heard.flatMap((notice) => (notice.kind === 'freed' ? notice.agentId : []));
    await fleet.eventually(() => freed().length === ids.length, 'the notices');
    expect(freed().toSorted()).toEqual(ids.toSorted());
    expect(await b.presence.lookup([...ids, docs])).toEqual([
      ...ids.map(() => undefined),
      { owner: 'b', epoch: others.epoch },
    ]);
    expect(await a.presence.deactivate('a', [])).toEqual([]);
    expect((await b.presence.activate('b', ids)).every(({ kind }) => kind === 'granted')).toBe(true);
    expect(await b.mail.waiting('b')).toEqual(['agent7']);
  });
});
