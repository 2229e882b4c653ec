/**
 * What Redis forgets after minutes or hours: here the records are made older by hand, since no test can wait for it.
 */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { limits } from '../../../src/core/limits.ts';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { RedisBroker } from '../../../src/redis/broker.ts';
import { Keys } from '../../../src/redis/keys.ts';
import { frame, nodeInfo } from '../../contract/harness.ts';
import { message } from '../../contract/post.ts';
import { op, queue } from '../../contract/work.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

const keys = new Keys({ fleet: 'old', db: 0, classic: false });
const event = { opId: 'op1', topic: 'docs.saved', from: 'docs', data: '{}', sentAt: 1 };
let server: RedisServer;
let raw: Redis;
let broker: RedisBroker;

beforeAll(async () => {
  server = await startRedis();
  raw = new Redis(server.url);
});
afterAll(async () => {
  raw.disconnect();
  await server.stop();
});

beforeEach(async () => {
  await raw.flushall();
  broker = new RedisBroker({
    url: server.url,
    fleet: 'old',
    classic: false,
    address: 'p1',
    clock: systemClock,
    random: systemRandom,
    observer: new Observer(),
    retention: { events: 2, eventsAgeMs: 3_600_000 },
  });
  await broker.start();
});
afterEach(() => broker.stop());

test('F1: the replies that are remembered of a sender go when it has been silent for long', async () => {
  await broker.tasks.enqueue(frame(queue, [op('x')]));
  await broker.mail.send(frame(broker.mail.tagOf('docs'), [message('docs', 'x')]));
  await broker.events.append(frame('events', [event]));
  const remembered = await raw.keys('*:frames:*');
  expect(remembered).toHaveLength(3);
  for (const key of remembered) {
    const leftMs = await raw.pttl(key);
    expect(leftMs).toBeGreaterThan(limits.framesRememberedMs - 60_000);
    expect(leftMs).toBeLessThanOrEqual(limits.framesRememberedMs);
  }
});

test('P1: a node that ended more than an hour ago is forgotten when another joins', async () => {
  await broker.presence.join(nodeInfo('long ago'), 600_000);
  await broker.presence.join(nodeInfo('lately'), 600_000);
  const { nodes, statuses, ends } = keys.presence;
  await raw.zincrby(ends, -2 * 3_600_000, 'long ago');
  await raw.zincrby(ends, -3_600_000, 'lately');
  expect((await broker.presence.nodes()).map(({ node }) => node)).toEqual(['lately']);
  await broker.presence.join(nodeInfo('new'), 600_000);
  for (const key of [nodes, statuses]) expect((await raw.hkeys(key)).toSorted()).toEqual(['lately', 'new']);
  expect(await raw.zrange(ends, 0, -1)).toEqual(['lately', 'new']);
});

test('E4: a gap is told also where the oldest event left is a foreign one, which names no predecessor', async () => {
  const ids = await broker.events.append(frame('events', [event, event]));
  await raw.xadd(keys.events.stream, '*', 'agent', 'php', 'type', 'broadcast', 'message', 'hello', 'metadata', '{}');
  await broker.events.append(frame('events', [event]));
  const { events, gap } = await broker.events.read({ after: ids[0] ?? '', count: 10 });
  expect(events.map(({ from }) => from)).toEqual(['php', 'docs']);
  expect(gap).toBe(true);
  expect(await broker.events.read({ after: ids[1] ?? '', count: 10 })).toEqual({ events, gap: false });
});
