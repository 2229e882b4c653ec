/**
 * Servers that could not keep the guarantees: the start is refused, and says how to mend it.
 */
import { Redis } from 'ioredis';
import { connect } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../../support/redis-server.ts';

async function serve(...args: string[]): Promise<string> {
  const server = await startRedis({ args });
  onTestFinished(() => server.stop());
  return server.url;
}

test('a server that evicts what it has accepted is refused, whatever its policy, and taken when it evicts nothing', async () => {
  const redis = await serve();
  const admin = new Redis(redis);
  onTestFinished(() => admin.disconnect());
  for (const policy of ['allkeys-random', 'allkeys-lru', 'volatile-ttl']) {
    await admin.config('SET', 'maxmemory-policy', policy);
    const message = expect.stringMatching(`maxmemory-policy of Redis to be noeviction, got: ${policy}\n.*CONFIG SET`);
    await expect(connect({ redis })).rejects.toMatchObject({ name: 'ConfigError', message });
  }
  const anyway = await connect({ redis, allowEviction: true });
  expect(anyway.info.warnings).toContainEqual(expect.stringContaining('Redis evicts (maxmemory-policy volatile-ttl)'));
  await anyway.close();
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  const fleet = await connect({ redis });
  expect(fleet.info.warnings.filter((text) => text.includes('evicts'))).toEqual([]);
  await fleet.close();
});

test('a node of a cluster is refused where one server is named, and the URL of clusters is told', async () => {
  const redis = await serve('--cluster-enabled', 'yes');
  const message = expect.stringMatching(/got: a node of a cluster\n.*redis\+cluster:/);
  await expect(connect({ redis })).rejects.toMatchObject({ name: 'ConfigError', message });
});
