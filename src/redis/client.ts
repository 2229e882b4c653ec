/**
 * The client library for Redis, loaded as the CommonJS it is.
 *
 * An `import` of it reads every one of its files once more, to find the names of what they export, which doubles the time it takes.
 */
import type * as ioredis from 'ioredis';
import { createRequire } from 'node:module';

export const { Redis } = createRequire(import.meta.url)('ioredis') as typeof ioredis;
export type Redis = ioredis.Redis;
