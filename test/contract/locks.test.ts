/**
 * Locks: one holder at a time, a token that grows with every grant, and nothing for those who come too late.
 */
import { expect, test } from 'vitest';
import { describeBrokers, type Member } from './harness.ts';
import { numbered } from './work.ts';

const name = 'repo:main';
const hourMs = 3_600_000;

function acquire(member: Member, holder: string, options: { leaseMs?: number; wait?: boolean; name?: string } = {}) {
  return member.locks.acquire({ name, holder, address: member.address, leaseMs: hourMs, wait: false, ...options });
}

/** Acquires a free lock; its token. */
async function hold(member: Member, holder: string, leaseMs = hourMs): Promise<number> {
  const reply = await acquire(member, holder, { leaseMs });
  return reply.kind === 'granted' ? reply.token : expect.fail(reply.kind);
}

describeBrokers('locks', (open) => {
  test('L1: a lock that is held is refused to others, and free after its release', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const token = await hold(a, 'h1');
    expect(await acquire(b, 'h2')).toEqual({ kind: 'held' });
    expect(await acquire(b, 'h3', { name: 'repo:other' })).toMatchObject({ kind: 'granted' });
    expect(await a.locks.release({ name, holder: 'h1', token })).toBe(true);
    expect(await acquire(b, 'h2')).toMatchObject({ kind: 'granted' });
  });

  test('L1: of many that ask at once exactly one is granted', async () => {
    const fleet = await open();
    const members = await Promise.all([fleet.connect(), fleet.connect(), fleet.connect()]);
    const replies = await Promise.all(
      numbered(60).map((holder, index) => acquire(members[index % 3] as Member, holder)),
    );
    expect(replies.filter(({ kind }) => kind === 'granted')).toHaveLength(1);
    expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(59);
  });

  test('L1: repeating an acquire with the same holder gives the same token and changes nothing', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    const token = await hold(a, 'h1', 60_000);
    for (const wait of [false, true])
      expect(await acquire(a, 'h1', { leaseMs: 2 * hourMs, wait })).toEqual({ kind: 'granted', token });
    const state = await a.locks.inspect(name);
    expect(state).toMatchObject({ holders: [{ holder: 'h1', token }], waiters: 0 });
    expect(state?.holders[0]?.leaseLeftMs).toBeLessThanOrEqual(60_000);
  });

  test('L2: every grant carries a greater token than the one before', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const tokens: number[] = [];
    for (const [index, holder] of numbered(50).entries()) {
      const member = index % 2 === 0 ? a : b;
      const token = await hold(member, holder);
      tokens.push(token);
      await member.locks.release({ name, holder, token });
    }
    expect(tokens.every((token, index) => Number.isSafeInteger(token) && token > (tokens[index - 1] ?? 0))).toBe(true);
  });

  test('L5: a lease that has ended frees the lock, with a greater token', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const token = await hold(a, 'h1', 80);
    const reply = await fleet.eventually(async () => {
      const got = await acquire(b, 'h2');
      return got.kind === 'granted' && got;
    }, 'the lease to end');
    expect(reply.token).toBeGreaterThan(token);
  });

  test('L6: renewing keeps the lock beyond its first lease', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const token = await hold(a, 'h1', 1_000);
    expect(await a.locks.renew({ name, holder: 'h1', token, leaseMs: hourMs })).toBe(true);
    await fleet.pass(1_050);
    expect(await acquire(b, 'h2')).toEqual({ kind: 'held' });
    expect((await b.locks.inspect(name))?.holders[0]?.leaseLeftMs).toBeGreaterThan(hourMs - 60_000);
  });

  test('L6: renew and release of a holder whose lease has ended are refused', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    const token = await hold(a, 'h1', 60);
    await fleet.eventually(async () => (await a.locks.inspect(name)) === undefined, 'the lease to end');
    expect(await a.locks.renew({ name, holder: 'h1', token, leaseMs: hourMs })).toBe(false);
    expect(await a.locks.release({ name, holder: 'h1', token })).toBe(false);
    expect(await a.locks.inspect(name)).toBeUndefined();
  });

  test('L6: renew and release with another holder or token are refused and change nothing', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const old = await hold(a, 'h1');
    await a.locks.release({ name, holder: 'h1', token: old });
    const token = await hold(b, 'h2');
    const wrong = [
      { name, holder: 'h1', token: old },
      { name, holder: 'h1', token },
      { name, holder: 'h2', token: old },
      { name, holder: 'h2', token: token + 1 },
      { name: 'repo:other', holder: 'h2', token },
    ];
    for (const ref of wrong) {
      expect(await a.locks.renew({ ...ref, leaseMs: 1 })).toBe(false);
      expect(await a.locks.release(ref)).toBe(false);
    }
    expect(await a.locks.inspect(name)).toMatchObject({ holders: [{ holder: 'h2', token }] });
    expect(await b.locks.release({ name, holder: 'h2', token })).toBe(true);
    expect(await b.locks.release({ name, holder: 'h2', token })).toBe(false);
  });

  test('inspect tells holder, token, time left and waiters, and nothing of a free lock', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    expect(await a.locks.inspect(name)).toBeUndefined();
    const token = await hold(a, 'h1', 60_000);
    await acquire(a, 'h2', { wait: true });
    await acquire(a, 'h3', { wait: true });
    await acquire(a, 'h4');
    const state = await a.locks.inspect(name);
    expect(state).toMatchObject({ holders: [{ holder: 'h1', token }], waiters: 2 });
    expect(state?.holders[0]?.leaseLeftMs).toBeGreaterThan(0);
    expect(state?.holders[0]?.leaseLeftMs).toBeLessThanOrEqual(60_000);
  });

  test('names may hold any characters', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    for (const strange of ['a b', '{x}y', 'päth/日本語', '*', '']) {
      expect(await acquire(a, 'h1', { name: strange })).toMatchObject({ kind: 'granted' });
      expect(await acquire(a, 'h2', { name: strange })).toEqual({ kind: 'held' });
    }
  });
});
