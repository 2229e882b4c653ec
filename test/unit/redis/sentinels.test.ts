/**
 * Who is asked where the master is, and what becomes of who asks (Q1 to Q3). What follows for a fleet is in test/chaos/sentinel.test.ts.
 */
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/system.ts';
import type { Endpoint } from '../../../src/redis/link.ts';
import { Sentinels } from '../../../src/redis/sentinels.ts';
import { freePort } from '../../support/redis-server.ts';
import { startWatched, watchedName } from '../../support/redis-sentinels.ts';
import { waitFor } from '../../support/wait.ts';

const host = '127.0.0.1';
const profile = { retryStrategy: null, enableOfflineQueue: false, enableReadyCheck: false } as const;

function ask(ports: readonly number[], name = watchedName): Sentinels {
  const target = { sentinels: ports.map((port) => ({ host, port })), name };
  const sentinels = new Sentinels({ target, profile, clock: systemClock });
  onTestFinished(() => sentinels.stop());
  return sentinels;
}

test('Q1: a sentinel that does not answer is passed over, and whoever has stopped asks none', async () => {
  const watched = await startWatched({ replicas: 0 });
  onTestFinished(() => watched.stop());
  const sentinels = ask([await freePort(), ...watched.sentinels]);
  expect(await sentinels.locate()).toEqual({ host, port: watched.master.port });
  sentinels.stop();
  await expect(sentinels.locate()).rejects.toMatchObject({ name: 'BrokerError', code: 'unreachable' });
  await expect(ask(watched.sentinels, 'other').locate()).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('"other"') as string,
  });
}, 60_000);

test('Q2, Q3: whoever listens is told who is the master, again and again, also when that changes; and nothing when no sentinel answers', async () => {
  const watched = await startWatched({ replicas: 1 });
  onTestFinished(() => watched.stop());
  const told: Endpoint[] = [];
  const sentinels = ask(watched.sentinels);
  sentinels.onNamed((endpoint) => told.push(endpoint));
  await sentinels.locate(); // from then on they are asked
  const isTold = (port: number) => () => told.at(-1)?.port === port;
  await waitFor(isTold(watched.master.port), { what: 'the master to be named', timeoutMs: 30_000 });
  const sentinel = new Redis(watched.sentinels[0] ?? 0);
  onTestFinished(() => sentinel.disconnect());
  await sentinel.call('sentinel', 'failover', watchedName);
  await waitFor(isTold(watched.replicas[0]?.port ?? 0), { what: 'the other one to be named', timeoutMs: 30_000 });
  await watched.stop();
  await expect(sentinels.locate()).rejects.toMatchObject({ name: 'BrokerError', code: 'unreachable' });
  expect(told.every((endpoint) => endpoint.host === host)).toBe(true);
}, 90_000);
