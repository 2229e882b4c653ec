/**
 * The client library for Redis, loaded when the first connection is made, and as the CommonJS it is.
 *
 * An `import` of it reads every one of its files once more, to find the names of what they export, which doubles the time it takes.
 */
import type * as ioredis from 'ioredis';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Loads it ahead of that: the same as the first use does, at a time when nothing waits for it. */
export function loadClient(): typeof ioredis {
  return require('ioredis') as typeof ioredis;
}

/** A connection, not yet open where the options say `lazyConnect`. */
export function newClient(options: ioredis.RedisOptions): ioredis.Redis {
  const { Redis } = loadClient();
  return new Redis(options);
}
