/**
 * `fleet.locks`: everything about locks under one name, on both brokers.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningFleet, startFleet } from '../../../src/compose/start-fleet.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

describe.each(['redis', 'memory'] as const)('fleet.locks on %s', (kind) => {
  let server: RedisServer | undefined;
  let folder: string;
  let running: RunningFleet;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleet-locks-'));
    server = kind === 'redis' ? await startRedis() : undefined;
    const deps = { projectDir: folder, env: { PATH: '' } }; // no redis-server to be found: memory
    running = await startFleet(server === undefined ? {} : { redis: server.url }, deps);
    expect(running.fleet.info.kind).toBe(kind);
  });
  afterAll(async () => {
    await running?.stop();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('takes the lock that the verb takes, and shows its holder', async () => {
    const { fleet } = running;
    const held = await fleet.locks.acquire('repo', { lease: '10s' });
    expect(await fleet.locks.inspect('repo')).toMatchObject({ holders: [{ token: held.token }], waiters: 0 });
    expect(await fleet.tryLock('repo')).toBeUndefined();
    await expect(fleet.lock('repo', { wait: 0 })).rejects.toMatchObject({ code: 'lock-held' });
    await held.release();
    expect(await fleet.locks.inspect('repo')).toBeUndefined();
  });

  test('tryAcquire never waits', async () => {
    const { fleet } = running;
    await using first = await fleet.locks.tryAcquire('licence', { permits: 2 });
    await using second = await fleet.locks.tryAcquire('licence', { permits: 2 });
    expect([first, second].map((lock) => lock?.name)).toEqual(['licence', 'licence']);
    expect(await fleet.locks.tryAcquire('licence', { permits: 2 })).toBeUndefined();
    await first?.release();
    const third = await fleet.locks.tryAcquire('licence', { permits: 2 });
    expect(third?.token).toBeGreaterThan(second?.token ?? Number.POSITIVE_INFINITY);
    await third?.release();
  });

  test('withLock holds the lock while its body runs, with options or without, and gives its answer', async () => {
    const { fleet } = running;
    const inspected = await fleet.locks.withLock('body', () => fleet.locks.inspect('body'));
    expect(inspected).toMatchObject({ holders: [{ holder: expect.any(String) as string }] });
    const failing = fleet.locks.withLock('body', { wait: '1s' }, () => Promise.reject(new Error('the body failed')));
    await expect(failing).rejects.toThrow('the body failed');
    expect(await fleet.locks.inspect('body')).toBeUndefined();
  });
});
