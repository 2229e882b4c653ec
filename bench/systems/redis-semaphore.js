/**
 * The mutex of redis-semaphore. Its locks carry no fencing token, and wait by trying again.
 */
import { Redis } from 'ioredis';
import { Mutex } from 'redis-semaphore';

export async function openLocks({ url }) {
  const redis = new Redis(url);
  return {
    async lockAndUnlock(name) {
      const mutex = new Mutex(redis, name, { lockTimeout: 30_000 });
      await mutex.acquire();
      await mutex.release();
    },
    close: () => redis.disconnect(),
  };
}
