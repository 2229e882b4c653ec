/**
 * What a node leaves behind on Redis when it goes: nothing that would grow with every start.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClaimedTask, Receipt } from '../../../src/broker/tasks.ts';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { RedisBroker } from '../../../src/redis/broker.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

let server: RedisServer;
let raw: Redis;
let broker: RedisBroker;

beforeAll(async () => {
  server = await startRedis();
  raw = new Redis(server.url);
  const common = { fleet: 'left', classic: false, clock: systemClock, random: systemRandom, observer: new Observer() };
  broker = new RedisBroker({
    ...common,
    url: server.url,
    address: 'n1',
    retention: { events: 10, eventsAgeMs: 60_000 },
  });
  await broker.start();
});
afterAll(async () => {
  await broker.stop();
  raw.disconnect();
  await server.stop();
});

const info = { node: 'n1', host: 'h', pid: 1, startedAt: 0, status: '{}' };

async function consumers(priority: string): Promise<string[]> {
  const rows = (await raw.xinfo('CONSUMERS', `rt:left:{q:work}:${priority}`, 'g')) as unknown[][];
  return rows.map((row) => String(row[1]));
}

async function claimOne(node: string, seq: number): Promise<readonly ClaimedTask[]> {
  const op = { priority: 'normal', delayMs: 0, envelope: '{}', maxWaiting: 10 } as const;
  await broker.tasks.enqueue({ tag: 'work', sender: 'c1', seq, prev: 0, leased: false, ops: [op] });
  return (await broker.tasks.claim({ queue: 'work', node, count: 1 })).tasks;
}

test('a node that leaves in order is no consumer of its queues any longer', async () => {
  await broker.presence.join(info, 5_000);
  const [claimed] = await claimOne('n1', 1);
  const outcome = { kind: 'complete', result: '1', resultTtlMs: 1_000 } as const;
  const frame = { tag: 'work', sender: 'n1', seq: 1, prev: 0, leased: true };
  await broker.tasks.settle({ ...frame, ops: [{ receipt: claimed?.receipt as Receipt, outcome }] });
  expect(await consumers('normal')).toEqual(['n1']);
  await broker.presence.leave('n1');
  expect(await consumers('normal')).toEqual([]);
});

test('a node that leaves with a claim stays a consumer until that claim has been taken over', async () => {
  await broker.presence.join(info, 5_000);
  expect(await claimOne('n1', 2)).toHaveLength(1);
  await broker.presence.leave('n1');
  expect(await consumers('normal')).toEqual(['n1']);
  await broker.presence.join({ ...info, node: 'n2' }, 5_000);
  const taken = await broker.tasks.recover({ queue: 'work', node: 'n2', count: 1, leaseMs: 60_000, gone: ['n1'] });
  expect(taken).toHaveLength(1);
  expect(await consumers('normal')).not.toContain('n1');
});

test('the log of an agent that is silent for good ends by itself', async () => {
  await broker.logs.append([{ agent: 'work@n1.1', level: 'info', message: 'hello', at: 0 }]);
  expect(await raw.pttl('rt:left:logs:work@n1.1')).toBeGreaterThan(0);
});

test('agents of a node that was killed are forgotten when another joins, but for those that have mail', async () => {
  const joined = (node: string) => broker.presence.join({ ...info, node }, 60_000);
  await joined('killed');
  await joined('alive');
  await broker.presence.activate('killed', ['pool@killed.1', 'pool@killed.2', 'docs']);
  const [held] = await broker.presence.activate('alive', ['single']);
  const op = { to: 'docs', opId: 'o1', envelope: '{}', limit: 10 };
  await broker.mail.send({ tag: 'm0', sender: 'c1', seq: 1, prev: 0, leased: false, ops: [op] });
  await raw.del('rt:left:{p}:lease:killed');
  await joined('next');
  expect((await raw.hkeys('rt:left:{m0}:directory')).sort()).toEqual(['docs', 'single']);
  expect(await broker.presence.lookup(['single'])).toMatchObject([{ owner: 'alive' }]);
  const [docs] = await broker.presence.activate('next', ['docs']);
  expect(docs).toMatchObject({ kind: 'granted' });
  expect(docs?.epoch).toBeGreaterThan(held?.epoch ?? 0);
});
