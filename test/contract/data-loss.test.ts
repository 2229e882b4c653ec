/**
 * Data loss: the broker forgets what it acknowledged. What was handed out before must never fit what is handed out after.
 */
import { expect, test } from 'vitest';
import { describeBrokers, frame, type Member, type TestFleet } from './harness.ts';
import { inbox, message, own, send } from './post.ts';
import { complete, numbered, op, put, queue, settle, takeOne } from './work.ts';

const docs = 'docs';

/** Epoch and token that a node is granted now. */
async function grants(node: Member): Promise<{ epoch: number; token: number }> {
  const request = { name: docs, holder: node.address, address: node.address, leaseMs: 60_000, wait: false };
  const reply = await node.locks.acquire(request);
  return { epoch: await own(node, docs), token: reply.kind === 'granted' ? reply.token : expect.fail(reply.kind) };
}

async function afterLoss(fleet: TestFleet, address: string, { passMs = 2 } = {}): Promise<Member> {
  await fleet.pass(passMs);
  await fleet.lose();
  return fleet.join(address);
}

describeBrokers('data loss', (open) => {
  test('L2, P2: tokens and epochs still grow when the counters are gone', async () => {
    const fleet = await open();
    const before = await grants(await fleet.join('old'));
    const after = await grants(await afterLoss(fleet, 'new'));
    expect(after.token).toBeGreaterThan(before.token);
    expect(after.epoch).toBeGreaterThan(before.epoch);
  });

  test('T3: a receipt from before the loss fits no task from after it', async () => {
    const fleet = await open();
    const old = await fleet.join('node');
    const ids = await put(old, numbered(50));
    const lost = await takeOne(old);
    const node = await afterLoss(fleet, 'node', { passMs: 0 }); // even within the same millisecond
    const newIds = await put(node, numbered(50));
    expect(new Set([...ids, ...newIds]).size).toBe(100);
    const current = await takeOne(node);
    expect(await settle(node, [lost, current], complete)).toEqual(['stale', 'settled']);
  });

  test('M2: entry ids of an inbox go on behind those from before the loss', async () => {
    const fleet = await open();
    const old = await fleet.join('old');
    await send(old, docs, numbered(20));
    const before = await inbox(old, docs, await own(old, docs));
    const node = await afterLoss(fleet, 'new');
    const epoch = await own(node, docs);
    await send(node, docs, ['later']);
    expect(await inbox(node, docs, epoch, before.at(-1)?.entry)).toMatchObject([{ envelope: 'later' }]);
  });

  test('P4: beats are fewer than were seen before', async () => {
    const fleet = await open();
    const nodes = await Promise.all(numbered(5, 'old').map((name) => fleet.join(name)));
    const before = await nodes[0]?.presence.renew('old0', 60_000, '{}');
    const node = await afterLoss(fleet, 'new');
    const after = await node.presence.renew('new', 60_000, '{}');
    if (before?.kind !== 'renewed' || after.kind !== 'renewed') return expect.fail('both leases hold');
    expect(after.beats).toBeLessThan(before.beats);
  });

  test('F1, F3: frames that are sent again are applied, in whatever place their numbers start', async () => {
    const fleet = await open();
    const client = await fleet.connect('client');
    const frames = [5, 6, 7].map((seq) => frame(queue, [op(`t${seq}`)], { sender: 'client', seq, prev: seq - 1 }));
    for (const sent of frames) await client.tasks.enqueue(sent);
    const node = await afterLoss(fleet, 'node');
    for (const sent of [...frames, ...frames]) await node.tasks.enqueue(sent);
    expect(await node.queues.stats(queue)).toMatchObject({ waiting: 3 });
    const mail = frame(node.mail.tagOf(docs), [message(docs, 'again')], { sender: 'client', seq: 9, prev: 8 });
    await node.mail.send(mail);
    expect(await inbox(node, docs, await own(node, docs))).toMatchObject([{ envelope: 'again' }]);
  });
});
