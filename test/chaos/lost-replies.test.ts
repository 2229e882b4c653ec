/**
 * Links that fail under a client, on a real Redis: cut before the reply, or half open. Nothing is applied twice, and nothing hangs.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient } from './fleet-parts.ts';
import { FaultyProxy } from './rig/proxy.ts';

const address = { role: 'work', task: 'work' };
let server: RedisServer;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url, { connectionName: 'admin' });
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

async function open() {
  await admin.flushall();
  const proxy = new FaultyProxy(server.port);
  await proxy.open();
  onTestFinished(() => proxy.refuse());
  return { proxy, ...(await openClient(proxy.url)) };
}

/** Connections of clients of the fleet, as the server knows them. */
async function links(): Promise<number> {
  const list = String(await admin.client('LIST'));
  return list.split('\n').filter((line) => / name=\S+:(?:commands|blocking|subscriptions) /.test(line)).length;
}

test('what was asked for when a link was cut before its reply is asked again, and applied once', async () => {
  const { proxy, fleet } = await open();
  const ids = new Set<string>();
  for (let round = 0; round < 12; round++) {
    proxy.cut(round % 2 === 0 ? 'reply' : 'command', 1);
    const handles = await Promise.all(Array.from({ length: 10 }, (_, n) => fleet.enqueue(address, n)));
    for (const { id } of handles) ids.add(id);
  }
  expect(proxy.cuts).toBeGreaterThan(8);
  expect(ids.size).toBe(120);
  expect(await fleet.queue('work')).toMatchObject({ waiting: 120 });
});

test('a link over which nothing passes any more is given up and made anew, and leaves no connection behind', async () => {
  const { proxy, fleet, said } = await open();
  await waitFor(async () => (await links()) === 3, { what: 'three links' });
  proxy.hold();
  const enqueued = fleet.enqueue(address, 'held');
  const isGivenUp = (): boolean =>
    said.of('broker.trouble').some(({ error }) => error.message.includes('no reply within'));
  await waitFor(isGivenUp, { what: 'the link to be given up', timeoutMs: 15_000 });
  await proxy.heal();
  await enqueued;
  await waitFor(async () => (await links()) === 3, { what: 'three links again', timeoutMs: 15_000 });
  const stats = await waitFor(() => fleet.queue('work'), { what: 'the link to be up' });
  expect(stats).toMatchObject({ waiting: 1 });
});
