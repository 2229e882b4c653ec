/**
 * What was measured with: the machine, and the version of everything that took part.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export function versionsOf(root, redisVersion) {
  const manifest = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const { version } = manifest('package.json');
  const { devDependencies } = manifest('bench/package.json');
  const { ioredis, 'reflect-metadata': _, rxjs: __, ...peers } = devDependencies;
  return {
    'agent-runtime': version,
    node: process.versions.node,
    redis: redisVersion,
    ioredis,
    ...peers,
    processor: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  };
}

export async function redisVersionOf(url) {
  const redis = new Redis(url);
  try {
    return /^redis_version:(.+?)\r?$/m.exec(await redis.info('server'))?.[1] ?? 'unknown';
  } finally {
    redis.disconnect();
  }
}
