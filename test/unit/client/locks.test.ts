/**
 * Taking and holding locks against a broker whose answers the test makes (K1 to K4, H1, H2).
 */
import { describe, expect, test } from 'vitest';
import type { AcquireReply, AcquireRequest } from '../../../src/broker/locks.ts';
import { Locks } from '../../../src/client/locks.ts';
import { BrokerError } from '../../../src/core/errors.ts';
import { limits } from '../../../src/core/limits.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

function open() {
  const clock = new VirtualClock();
  const calls: string[] = [];
  const holders: string[] = [];
  const broker = {
    /** Answers of acquire, in order; the last one stays. */
    acquires: [] as (() => Promise<AcquireReply>)[],
    renew: (): Promise<boolean> => Promise.resolve(true),
    release: (): Promise<boolean> => Promise.resolve(true),
  };
  const port = {
    acquire: ({ holder }: AcquireRequest) => {
      calls.push('acquire');
      holders.push(holder);
      const [next] = broker.acquires.length > 1 ? broker.acquires.splice(0, 1) : broker.acquires;
      return next === undefined ? Promise.reject(new Error('no answer planned')) : next();
    },
    renew: () => {
      calls.push('renew');
      return broker.renew();
    },
    release: () => {
      calls.push('release');
      return broker.release();
    },
    leave: () => {
      calls.push('leave');
      return Promise.resolve();
    },
  };
  const deps = { broker: { locks: port } as never, address: 'me', clock, random: new SeededRandom(1) };
  const locks = new Locks({ ...deps, patienceMs: 10_000 });
  const acquire = (waitMs = Number.POSITIVE_INFINITY, signal?: AbortSignal, permits?: number) =>
    locks.acquire({ name: 'repo', owner: 'docs', leaseMs: 9_000, waitMs, signal, permits });
  const granted = (): void =>
    locks.onNotice({ kind: 'granted', lock: 'repo', holder: String(holders.at(-1)), token: 2 });
  return { clock, calls, holders, broker, locks, acquire, granted };
}

const grant = (): Promise<AcquireReply> => Promise.resolve({ kind: 'granted', token: 1 });
const waiting = (): Promise<AcquireReply> => Promise.resolve({ kind: 'waiting', lookAgainInMs: 2_000 });
const lost = (): Promise<AcquireReply> => Promise.reject(new BrokerError('unknown-outcome', 'lost'));

describe('taking a lock', () => {
  test('K1: repeats its call under one holder id, and other acquisitions have others', async () => {
    const { clock, holders, broker, acquire } = open();
    broker.acquires = [lost, lost, grant];
    const lock = await clock.until(acquire());
    expect([holders.length, new Set(holders).size]).toEqual([3, 1]);
    await lock.release();
    await (await clock.until(acquire())).release();
    expect(new Set(holders).size).toBe(2);
  });

  test('K2: looks again when it is told granted, when the lease may have ended, and after a restored link', async () => {
    const { clock, calls, broker, locks, acquire, granted } = open();
    broker.acquires = [waiting];
    const taking = acquire();
    await clock.advance(1_999);
    expect(calls).toEqual(['acquire']);
    await clock.advance(1);
    locks.onReset();
    await clock.settle();
    expect(calls).toEqual(['acquire', 'acquire', 'acquire']);
    broker.acquires = [grant];
    granted();
    await (await clock.until(taking)).release();
    expect(clock.pending).toBe(0);
  });

  test('K2: hears also a grant that overtakes the answer to its call', async () => {
    const { clock, broker, acquire, granted } = open();
    const overtaken = async (): Promise<AcquireReply> => {
      granted();
      await Promise.resolve();
      return { kind: 'waiting', lookAgainInMs: 2_000 };
    };
    broker.acquires = [overtaken, grant];
    const taking = acquire();
    await clock.settle();
    const startedAt = clock.monotonic();
    await (await clock.until(taking)).release();
    expect(clock.monotonic()).toBe(startedAt);
  });

  test('K2: gives up a broker that stays away longer than its patience', async () => {
    const { clock, broker, acquire } = open();
    broker.acquires = [lost];
    const startedAt = clock.monotonic();
    await expect(clock.until(acquire())).rejects.toMatchObject({ code: 'unknown-outcome' });
    expect(clock.monotonic() - startedAt).toBe(10_000);
  });

  test('K3: leaves the line when its wait is over, when its signal aborts, and when it was refused', async () => {
    const { clock, calls, broker, acquire } = open();
    broker.acquires = [waiting];
    await expect(clock.until(acquire(3_000))).rejects.toMatchObject({ code: 'lock-held' });
    const abort = new AbortController();
    const aborted = acquire(60_000, abort.signal);
    await clock.advance(10);
    abort.abort(new Error('enough'));
    await expect(clock.until(aborted)).rejects.toThrow('enough');
    broker.acquires = [() => Promise.resolve({ kind: 'crowded' })];
    await expect(clock.until(acquire())).rejects.toMatchObject({ code: 'queue-full' });
    expect(calls.filter((call) => call === 'leave')).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  test('says which number of permits is in use where another one was asked for, and refuses what is no number', async () => {
    const { clock, calls, broker, acquire } = open();
    broker.acquires = [() => Promise.resolve({ kind: 'permits', permits: 3 })];
    const refused = { code: 'lock-permits', details: { name: 'repo', permits: 2, inUse: 3 } };
    await expect(clock.until(acquire(0, undefined, 2))).rejects.toMatchObject(refused);
    expect(calls).toEqual(['acquire', 'leave']);
    for (const wrong of [0, 1.5, Number.NaN, limits.lockPermits + 1])
      await expect(acquire(0, undefined, wrong)).rejects.toThrow('expected permits to be a whole number');
    expect(calls).toHaveLength(2);
  });

  test('K3: notices a signal that aborts while its call is on its way', async () => {
    const { clock, broker, acquire } = open();
    const abort = new AbortController();
    broker.acquires = [
      () => {
        abort.abort(new Error('enough'));
        return waiting();
      },
    ];
    const startedAt = clock.monotonic();
    await expect(clock.until(acquire(60_000, abort.signal))).rejects.toThrow('enough');
    expect(clock.monotonic()).toBe(startedAt);
  });

  test('K4: renews what took more than one call, and stands in line again when that is refused', async () => {
    const { clock, calls, broker, acquire } = open();
    let refusals = 1;
    broker.renew = () => Promise.resolve(refusals-- <= 0);
    broker.acquires = [waiting, grant];
    const lock = await clock.until(acquire());
    expect(calls).toEqual(['acquire', 'acquire', 'renew', 'acquire', 'renew']);
    await lock.release();
  });
});

describe('holding a lock', () => {
  test('H1: renews at a third, and is lost as soon as the broker says so', async () => {
    const { clock, calls, broker, acquire } = open();
    broker.acquires = [grant];
    const lock = await clock.until(acquire());
    await clock.advance(30_000);
    expect([calls.filter((call) => call === 'renew').length, lock.signal.aborted]).toEqual([10, false]);
    broker.renew = () => Promise.resolve(false);
    await clock.advance(3_000);
    expect(lock.signal.reason).toMatchObject({ code: 'lock-lost', details: { name: 'repo', token: 1 } });
    expect(clock.pending).toBe(0);
  });

  test('H1: is lost a tenth before the lease ends by our own clock, whether renewals fail or hang', async () => {
    for (const renew of [
      () => Promise.reject(new BrokerError('unreachable', 'no link')),
      () => new Promise<boolean>(() => {}),
    ]) {
      const { clock, broker, acquire } = open();
      broker.acquires = [grant];
      const lock = await clock.until(acquire());
      broker.renew = renew;
      await clock.advance(8_099);
      expect(lock.signal.aborted).toBe(false);
      await clock.advance(1);
      expect(lock.signal.aborted).toBe(true);
      expect(clock.pending).toBe(0);
    }
  });

  test('H1: is kept through a renewal that failed when the next one succeeds', async () => {
    const { clock, broker, acquire } = open();
    broker.acquires = [grant];
    const lock = await clock.until(acquire());
    let failures = 1;
    broker.renew = () => (failures-- > 0 ? Promise.reject(new Error('no')) : Promise.resolve(true));
    await clock.advance(60_000);
    expect(lock.signal.aborted).toBe(false);
    await lock.release();
  });

  test('H2: is released once, not when it was lost, and leaves no timer', async () => {
    const { clock, calls, broker, acquire } = open();
    broker.acquires = [grant];
    const lock = await clock.until(acquire());
    await lock.release();
    await lock.release();
    const second = await clock.until(acquire());
    second.lose();
    await second.release();
    expect(calls.filter((call) => call === 'release')).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('H3: refuses a resource that a later holder has reached, and every resource after its end', async () => {
    const { clock, broker, acquire } = open();
    const file = { token: 0 };
    broker.acquires = [grant, () => Promise.resolve({ kind: 'granted', token: 2 })];
    const [slow, next] = [await clock.until(acquire()), await clock.until(acquire())];
    slow.guard(file);
    slow.guard(file);
    next.guard(file);
    expect(file).toEqual({ token: 2 });
    const refused = { name: 'OwnershipError', code: 'lock-lost', details: { name: 'repo', token: 1 } };
    expect(() => slow.guard(file)).toThrow(expect.objectContaining(refused));
    expect(file).toEqual({ token: 2 });
    slow.guard({ token: 0 });
    slow.lose();
    expect(() => slow.guard({ token: 0 })).toThrow(expect.objectContaining(refused));
    await next.release();
    expect(() => next.guard(file)).toThrow(expect.objectContaining({ code: 'lock-lost' }));
  });

  test('H3: refuses after the lease has ended by the clock, also when the timers are late because the process stood still', async () => {
    const { clock, broker, acquire } = open();
    broker.acquires = [grant];
    const lock = await clock.until(acquire());
    const before = clock.monotonic();
    clock.monotonic = () => before + 8_099;
    lock.guard({ token: 0 });
    expect(lock.signal.aborted).toBe(false);
    clock.monotonic = () => before + 8_100;
    expect(() => lock.guard({ token: 0 })).toThrow(expect.objectContaining({ code: 'lock-lost' }));
    expect(lock.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('H3: does not order the holders of a semaphore', async () => {
    const { clock, broker, acquire } = open();
    broker.acquires = [grant];
    const permit = await clock.until(acquire(0, undefined, 2));
    expect(() => permit.guard({ token: 0 })).toThrow(expect.objectContaining({ code: 'lock-permits' }));
    await permit.release();
  });

  test('an answer that came later than the lease would last is not relied on', async () => {
    const { clock, calls, broker, acquire } = open();
    const late = async (): Promise<AcquireReply> => {
      await new Promise<void>((resolve) => clock.setTimer(9_500, resolve));
      return { kind: 'granted', token: 1 };
    };
    broker.acquires = [late, grant];
    const lock = await clock.until(acquire());
    expect(calls).toEqual(['acquire', 'acquire', 'renew']);
    expect(lock.signal.aborted).toBe(false);
    await lock.release();
  });
});
