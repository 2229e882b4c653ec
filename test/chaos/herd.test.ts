/**
 * Many clients on one Redis that goes away: they come back without a storm, and what they want meanwhile is bounded.
 */
import { connect, type Fleet } from 'agent-runtime';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { limits } from '../../src/core/limits.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { openClient } from './fleet-parts.ts';

const clients = 200;
const linksEach = 3;
const offered = 21_000;
const address = { role: 'work', task: 'work' };
let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

test('two hundred clients come back after a restart, each of them usable, with not many more connections than links', async () => {
  const fleets = await Promise.all(Array.from({ length: clients }, () => connect({ redis: server.url })));
  onTestFinished(async () => void (await Promise.all(fleets.map((fleet) => fleet.close()))));
  await server.restart();
  const enqueue = (fleet: Fleet): Promise<string> => fleet.enqueue(address, null).then(({ id }) => id);
  const ids = await Promise.all(fleets.map(enqueue));
  expect(new Set(ids).size).toBe(clients);
  const admin = new Redis(server.url);
  onTestFinished(() => admin.disconnect());
  const received = Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1]);
  expect(received).toBeLessThan(1.2 * clients * linksEach);
});

test('while Redis is away what waits for it is bounded: more is refused as overloaded, the rest is accepted when it is back', async () => {
  const { fleet } = await openClient(server.url);
  await server.kill();
  const ends = Array.from({ length: offered }, (_, n) =>
    fleet.enqueue(address, n).then(
      () => 'accepted',
      (error: unknown) => (error as { code: string }).code,
    ),
  );
  const first = await Promise.race(ends);
  expect(first).toBe('overloaded');
  await server.restart();
  const counts = new Map<string, number>();
  for (const end of await Promise.all(ends)) counts.set(end, (counts.get(end) ?? 0) + 1);
  expect(Object.fromEntries(counts)).toEqual({
    accepted: limits.collectorOps,
    overloaded: offered - limits.collectorOps,
  });
  expect(await fleet.queue('work')).toMatchObject({ waiting: limits.collectorOps });
});
