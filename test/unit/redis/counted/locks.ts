/**
 * The calls about locks that are counted: a free one, one that many wait for, and a semaphore that many hold.
 */
import { expect } from 'vitest';
import { type Counted, simple } from './count.ts';
import { type Crowd, fresh, leaseMs, line, permits, room } from './crowd.ts';

const ask = { leaseMs, wait: true };

/** A permit of the lock or semaphore that is held, and what is done with it. */
const holding = (
  title: string,
  of: string,
  one: number,
  of2: { readonly name: () => string; readonly permits?: number },
  call: (crowd: Crowd, ref: { name: string; holder: string; token: number }) => Promise<boolean>,
): Counted => ({
  title,
  of,
  one,
  async arrange(crowd) {
    const [name, holder] = [of2.name(), fresh('h')];
    const request = { ...ask, name, holder, address: crowd.node.address, permits: of2.permits ?? 1 };
    const reply = await crowd.node.locks.acquire(request);
    const token = reply.kind === 'granted' ? reply.token : expect.fail(reply.kind);
    return async () => Number(await call(crowd, { name, holder, token }));
  },
});

const acquiring = (title: string, one: number, name: () => string, kind: string, more = 1): Counted =>
  simple(title, 'acquire', { one }, async ({ node }) => {
    const request = { ...ask, name: name(), holder: fresh('h'), address: node.address, permits: more };
    return (await node.locks.acquire(request)).kind === kind;
  });

const lock = { name: () => fresh('lock') };
const semaphore = { name: () => room, permits };

export const countedLocks: readonly Counted[] = [
  acquiring('acquire, free', 8, lock.name, 'granted'),
  acquiring('acquire, a long line', 20, () => line, 'waiting'),
  acquiring('acquire, many holders', 13, semaphore.name, 'granted', permits),
  holding('renew a lock', 'renew-lock', 6, lock, ({ node }, ref) => node.locks.renew({ ...ref, leaseMs })),
  holding('renew a permit', 'renew-lock', 9, semaphore, ({ node }, ref) => node.locks.renew({ ...ref, leaseMs })),
  holding('release a lock', 'release-lock', 6, lock, ({ node }, ref) => node.locks.release(ref)),
  holding('release a permit', 'release-lock', 10, semaphore, ({ node }, ref) => node.locks.release(ref)),
  {
    title: 'release, a long line',
    of: 'release-lock',
    one: 18,
    async arrange({ node }) {
      const held = await node.locks.inspect(line);
      const { holder, token = 0 } = held?.holders[0] ?? expect.fail('nobody holds the lock');
      return async () => Number(await node.locks.release({ name: line, holder, token }));
    },
  },
  simple(
    'who holds a lock',
    'inspect-lock',
    { one: 7 },
    async ({ node }) => (await node.locks.inspect(line))?.holders.length ?? 0,
  ),
  simple(
    'who holds a semaphore',
    'inspect-lock',
    { one: 509, spread: [permits, 'a command for each holder, of a thousand at most'] },
    async ({ node }) => (await node.locks.inspect(room)) !== undefined,
  ),
];
