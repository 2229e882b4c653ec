/**
 * What a fleet keeps on Redis stays bounded, however many nodes come and go and however many tasks run; two versions of it work side by
 * side.
 */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { RedisBroker } from '../../../src/redis/broker.ts';
import { Keys } from '../../../src/redis/keys.ts';
import { frame, type Member, nodeInfo } from '../../contract/harness.ts';
import { complete, numbered, put, queue, settle, take } from '../../contract/work.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

const keys = new Keys({ fleet: 'bounded', db: 0, classic: false });
const { streams } = keys.queue(queue);
let server: RedisServer;
let raw: Redis;

beforeAll(async () => {
  server = await startRedis();
  raw = new Redis(server.url);
});
afterAll(async () => {
  raw.disconnect();
  await server.stop();
});
afterEach(() => raw.flushall());

async function join(address: string, Broker = RedisBroker): Promise<Member> {
  const broker = new Broker({
    url: server.url,
    fleet: 'bounded',
    classic: false,
    address,
    clock: systemClock,
    random: systemRandom,
    observer: new Observer(),
    retention: { events: 100, eventsAgeMs: 3_600_000 },
  });
  onTestFinished(() => broker.stop());
  const info = await broker.start();
  await broker.presence.join(nodeInfo(address), 600_000);
  return Object.assign(broker, { address, info });
}

async function consumers(): Promise<number> {
  const rows = await Promise.all(streams.map((stream) => raw.xinfo('CONSUMERS', stream, 'g').catch(() => [])));
  return rows.flat().length;
}

async function pending(): Promise<number> {
  const rows = await Promise.all(streams.map((stream) => raw.xpending(stream, 'g').catch(() => [0])));
  return rows.reduce((sum, row) => sum + Number(row[0]), 0);
}

test('nodes that claim and crash, one after the other, leave no consumers behind, and what they claimed stays claimed once', async () => {
  const client = await join('client');
  await put(client, numbered(3));
  for (let n = 0; n < 50; n++) {
    const node = `n${n}`;
    await client.presence.join(nodeInfo(node), 600_000);
    const gone = n === 0 ? [] : [`n${n - 1}`];
    const held =
      n === 0
        ? (await client.tasks.claim({ queue, node, count: 3 })).tasks
        : await client.tasks.recover({ queue, node, count: 3, leaseMs: 600_000, gone });
    expect(held).toHaveLength(3);
    expect(await pending()).toBe(3);
    expect(await consumers()).toBeLessThanOrEqual(streams.length);
    await raw.del(keys.lease(node));
  }
});

test('what has ended leaves neither entries nor claims, and all that is kept for later has its end', async () => {
  const node = await join('node');
  for (let round = 0; round < 10; round++) {
    await put(node, numbered(100));
    await settle(node, await take(node), complete);
    const event = { opId: `op${round}`, topic: 't', from: 'f', data: '{}', sentAt: 1 };
    await node.events.append(
      frame(
        'events',
        Array.from({ length: 50 }, () => event),
      ),
    );
  }
  expect(await Promise.all(streams.map((stream) => raw.xlen(stream)))).toEqual(streams.map(() => 0));
  expect(await pending()).toBe(0);
  expect(await raw.xlen(keys.events.stream)).toBe(100);
  const kept = await raw.keys('*');
  const endless = (await Promise.all(kept.map(async (key) => ((await raw.pttl(key)) === -1 ? [key] : [])))).flat();
  expect(kept.length).toBeGreaterThan(1_000);
  expect(endless.length).toBeLessThan(20);
});

test('two versions of the scripts work side by side: what one has stored the other claims and settles', async () => {
  vi.doMock(import('node:fs'), async (original) => {
    const fs = await original();
    const read = (path: Parameters<typeof fs.readFileSync>[0], options?: BufferEncoding) =>
      fs.readFileSync(path, options) + (String(path).endsWith('.lua') ? '\n-- another version\n' : '');
    return { ...fs, readFileSync: read as typeof fs.readFileSync };
  });
  onTestFinished(() => vi.doUnmock('node:fs'));
  vi.resetModules();
  const other = await import('../../../src/redis/broker.ts');
  const before = await scriptsKnown();
  const [a, b] = [await join('a'), await join('b', other.RedisBroker)];
  expect(await scriptsKnown()).toBeGreaterThan(before + 30);
  for (const [one, two] of [
    [a, b],
    [b, a],
  ] as const) {
    await put(one, numbered(3));
    await raw.script('FLUSH');
    expect(await settle(two, await take(two), complete)).toEqual(['settled', 'settled', 'settled']);
  }
  expect(await a.queues.stats(queue)).toMatchObject({ waiting: 0, claimed: 0 });
});

async function scriptsKnown(): Promise<number> {
  return Number(/number_of_cached_scripts:(\d+)/.exec(await raw.info('memory'))?.[1]);
}

test('starts that have left the window are forgotten little by little, and are not counted until then', async () => {
  const node = await join('node');
  const { starts } = keys.queue(queue);
  const old = Array.from({ length: 2_500 }, (_, at) => [1 + at, `old${at}`]).flat();
  await node.control.limit(queue, { rate: { max: 3, perMs: 60_000 } });
  await raw.zadd(starts, ...old);
  await put(node, numbered(4));
  const first = await node.tasks.claim({ queue, node: 'node', count: 4 });
  expect(first.tasks).toHaveLength(3);
  expect(first.limited?.againInMs).toBeGreaterThan(50_000);
  expect(await raw.zcard(starts)).toBe(503);
  const second = await node.tasks.claim({ queue, node: 'node', count: 4 });
  expect(second.tasks).toEqual([]);
  expect(await raw.zcard(starts)).toBe(3);
});

test('a node that joins looks at a part of a great directory, and goes on while much of it is to be forgotten', async () => {
  const node = await join('node');
  const { directory } = keys.mail('m0');
  const add = async (owner: string, count: number): Promise<void> => {
    const records = Array.from({ length: count }, (_, at) => [`pool@${owner}.${at}`, `${owner}\x1f5\x1f\x1f`]);
    await raw.hset(directory, ...records.flat());
  };
  const looks = async (): Promise<number> =>
    Number(/cmdstat_hrandfield:calls=(\d+)/.exec(await raw.info('commandstats'))?.[1] ?? 0);
  await add('node', 5_000);
  const before = await looks();
  await node.presence.join(nodeInfo('n2'), 60_000);
  expect((await looks()) - before).toBe(1);
  await add('killed', 5_000);
  await node.presence.join(nodeInfo('n3'), 60_000);
  const left = await raw.hkeys(directory);
  expect(left.filter((id) => id.startsWith('pool@node.'))).toHaveLength(5_000);
  expect(left.length).toBeLessThan(7_000);
});
