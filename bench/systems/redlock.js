/**
 * redlock on one Redis. Its locks carry no fencing token, and wait by trying again.
 */
import { Redis } from 'ioredis';
import Redlock from 'redlock';

export async function openLocks({ url }) {
  const redis = new Redis(url);
  const redlock = new Redlock([redis]);
  return {
    lockAndUnlock: async (name) => (await redlock.lock(name, 30_000)).unlock(),
    close: () => redis.disconnect(),
  };
}
