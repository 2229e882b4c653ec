/**
 * A Redis Cluster of three masters: presence that ends everywhere at once, slots that move, and what a start says.
 */
import { connect } from 'agent-runtime';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Notice } from '../../../src/broker/notices.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { RedisBroker } from '../../../src/redis/broker.ts';
import { slotOf } from '../../../src/redis/key-slot.ts';
import { Keys } from '../../../src/redis/keys.ts';
import { allPlaces } from '../../../src/redis/places.ts';
import { frame, nodeInfo } from '../../contract/harness.ts';
import { message } from '../../contract/post.ts';
import { op, queue } from '../../contract/work.ts';
import { type RedisCluster, startCluster } from '../../support/redis-cluster.ts';
import { waitFor } from '../../support/wait.ts';

let cluster: RedisCluster;
let admins: readonly Redis[] = [];
beforeAll(async () => {
  cluster = await startCluster();
  admins = cluster.masters.map(({ url }) => new Redis(url));
});
afterAll(async () => {
  for (const admin of admins) admin.disconnect();
  await cluster.stop();
});

let fleets = 0;
const keysOf = (fleet: string): Keys => new Keys({ fleet, db: 0, classic: false, cluster: true });

async function join(fleet: string, address: string, clock: Clock = systemClock): Promise<RedisBroker> {
  const retention = { events: 100, eventsAgeMs: 3_600_000 };
  const deps = { url: cluster.url, fleet, classic: false, clock, random: systemRandom };
  const broker = new RedisBroker({ ...deps, address, observer: new Observer(), retention });
  onTestFinished(() => broker.stop());
  await broker.start();
  await broker.presence.join(nodeInfo(address), 60_000);
  return broker;
}

/** The master that holds a key. */
async function holderOf(key: string): Promise<Redis> {
  for (const admin of admins) {
    const mine = await admin.get(key).then(
      () => true,
      () => false,
    );
    if (mine) return admin;
  }
  return expect.fail(`a master serves ${key}`);
}

async function leasesOf(keys: Keys, node: string): Promise<number> {
  const names = allPlaces.map((place) => keys.leaseAt(place, node));
  const found = await Promise.all(names.map(async (name) => (await holderOf(name)).exists(name)));
  return found.reduce((sum, one) => sum + one, 0);
}

test('L1: a node is present in every place, and with one lease it loses all', async () => {
  const fleet = `f${++fleets}`;
  const keys = keysOf(fleet);
  const node = await join(fleet, 'n1');
  expect(await leasesOf(keys, 'n1')).toBe(allPlaces.length);
  expect(await node.presence.renew('n1', 60_000, '{}')).toMatchObject({ kind: 'renewed' });
  const lost = keys.leaseAt('7', 'n1');
  await (await holderOf(lost)).del(lost);
  expect(await node.presence.renew('n1', 60_000, '{}')).toEqual({ kind: 'lost' });
  expect(await leasesOf(keys, 'n1')).toBe(0);
});

test('L3: whoever takes an agent has ended the presence of its owner in every place before', async () => {
  const fleet = `f${++fleets}`;
  const keys = keysOf(fleet);
  const [old, next] = [await join(fleet, 'old'), await join(fleet, 'next')];
  await old.presence.activate('old', ['docs']);
  expect(await next.presence.activate('next', ['docs'])).toMatchObject([{ kind: 'held', owner: 'old' }]);
  const beside = keys.lease('old', next.mail.tagOf('docs'));
  await (await holderOf(beside)).del(beside);
  expect(await next.presence.activate('next', ['docs'])).toMatchObject([{ kind: 'granted' }]);
  expect(await leasesOf(keys, 'old')).toBe(0);
  const late = frame(queue, [op('x')], { sender: 'old', leased: true });
  await expect(old.tasks.enqueue(late)).rejects.toMatchObject({ code: 'presence-lost' });
});

test('M13: the owner of an inbox hears what a message stands behind', async () => {
  const fleet = `f${++fleets}`;
  const node = await join(fleet, 'n1');
  await node.presence.activate('n1', ['docs']);
  const heard: Notice[] = [];
  await node.notices.listen('n1', { onNotice: (notice) => void heard.push(notice), onReset: () => {} });
  const tag = node.mail.tagOf('docs');
  const replies = await node.mail.send(
    frame(
      tag,
      ['a', 'b'].map((text) => message('docs', text)),
    ),
  );
  const [first, second] = replies.map((reply) => (reply.kind === 'stored' ? reply.entry : ''));
  await waitFor(() => heard.length === 2, { what: 'both to be heard' });
  expect(heard[0]).toEqual({ kind: 'mail', agentId: 'docs', entry: first, envelope: 'a' });
  expect(heard[1]).toEqual({ kind: 'mail', agentId: 'docs', entry: second, envelope: 'b', before: first });
});

test('N3: since masters may lose what they hand on, listeners are told to look every ten seconds', async () => {
  const hurried: Clock = {
    ...systemClock,
    setTimer: (ms, run) => systemClock.setTimer(ms === 10_000 ? 10 : ms, run),
  };
  const node = await join(`f${++fleets}`, 'n1', hurried);
  let doubts = 0;
  const onDoubt = (): void => void doubts++;
  await node.notices.listen('n1', { onNotice: () => {}, onReset: () => {}, onDoubt });
  await node.events.listen({ onEvent: () => {}, onHint: () => {}, onReset: () => {}, onDoubt });
  await waitFor(() => doubts >= 4, { what: 'both to be told twice' });
});

test('C2: a slot on its way makes calls wait, and one that has moved is found', async () => {
  const fleet = `f${++fleets}`;
  const keys = keysOf(fleet);
  const node = await join(fleet, 'n1');
  const lease = keys.lease('n1', `q:${queue}`);
  await node.tasks.enqueue(frame(queue, [op('before')]));
  const from = await holderOf(lease);
  const to = admins.find((admin) => admin !== from) ?? expect.fail('there are three');
  const [source, target] = [await from.cluster('MYID'), await to.cluster('MYID')];
  const slot = slotOf(lease);
  await to.cluster('SETSLOT', slot, 'IMPORTING', source);
  await from.cluster('SETSLOT', slot, 'MIGRATING', target);
  const waiting = node.tasks.enqueue(frame(queue, [op('meanwhile')]));
  expect(await node.presence.renew('n1', 60_000, '{}')).toMatchObject({ kind: 'renewed' });
  await from.migrate(to.options.host ?? '', to.options.port ?? 0, '', 0, 5_000, 'KEYS', lease);
  expect(await node.presence.renew('n1', 60_000, '{}')).toMatchObject({ kind: 'renewed' });
  const rest = await from.cluster('GETKEYSINSLOT', slot, 1_000);
  await from.migrate(to.options.host ?? '', to.options.port ?? 0, '', 0, 5_000, 'KEYS', ...rest);
  for (const admin of [to, from]) await admin.cluster('SETSLOT', slot, 'NODE', target);
  expect(await waiting).toMatchObject([{ kind: 'enqueued' }]);
  const read = (): Promise<readonly { readonly envelope: string }[]> =>
    node.tasks.wait({ queues: [queue], node: 'n1', count: 10, timeoutMs: 2_000 });
  expect((await read()).map(({ envelope }) => envelope)).toEqual(['before', 'meanwhile']);
});

test('a wait over queues of several slots ends with the first task in any of them', async () => {
  const fleet = `f${++fleets}`;
  const node = await join(fleet, 'n1');
  const queues = ['a', 'b', 'c', 'd', 'e'];
  for (const last of queues) {
    const waiting = node.tasks.wait({ queues, node: 'n1', count: 1, timeoutMs: 60_000 });
    await node.tasks.enqueue(frame(last, [op(last)]));
    expect((await waiting).map(({ envelope }) => envelope)).toEqual([last]);
  }
});

test('a client names some nodes and is told of the cluster; scripts that a node has lost are sent again', async () => {
  const fleet = await connect({ redis: cluster.url.replace(/,.*/, '') });
  onTestFinished(() => fleet.close());
  expect(fleet.info.server).toMatch(/^Redis 7\S* at the cluster of 127\.0\.0\.1:\d+$/);
  for (const admin of admins) await admin.script('FLUSH');
  const handles = await Promise.all(['a', 'b', 'c', 'd'].map((role) => fleet.enqueue({ role, task: 'x' }, {})));
  await waitFor(
    async () => (await Promise.all(handles.map((one) => one.state()))).every((state) => state === 'waiting'),
    {
      what: 'the tasks to wait',
    },
  );
});

test('a cluster is refused where the fleet speaks the classic protocol', async () => {
  await expect(connect({ redis: cluster.url, classic: true })).rejects.toMatchObject({ name: 'ConfigError' });
});
