/**
 * Waiting for a lock: first come first served, woken by the release, held up by the dead no longer than a hand-over.
 */
import { expect, test } from 'vitest';
import { handoverLeaseMs } from '../../src/broker/locks.ts';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, type Member, type TestFleet } from './harness.ts';
import { numbered } from './work.ts';

const name = 'repo:main';
const hourMs = 3_600_000;

interface Grant {
  readonly holder: string;
  readonly token: number;
}

function acquire(member: Member, holder: string, options: { leaseMs?: number; wait?: boolean } = {}) {
  return member.locks.acquire({ name, holder, address: member.address, leaseMs: hourMs, wait: true, ...options });
}

async function hold(member: Member, holder: string, leaseMs = hourMs): Promise<Grant> {
  const reply = await acquire(member, holder, { leaseMs });
  return reply.kind === 'granted' ? { holder, token: reply.token } : expect.fail(reply.kind);
}

/** What `granted` notices a process hears. */
async function grantsAt(member: Member): Promise<Grant[]> {
  const grants: Grant[] = [];
  await member.notices.listen(member.address, {
    onNotice: (notice) => void (notice.kind === 'granted' && notice.lock === name && grants.push(notice)),
    onReset: () => {},
  });
  return grants;
}

const heardOf = (fleet: TestFleet, grants: readonly Grant[], holder: string): Promise<Grant> =>
  fleet.eventually(() => grants.find((grant) => grant.holder === holder), `${holder} to hear of its grant`);

const looksAgain = (fleet: TestFleet, member: Member, holder: string): Promise<Grant> =>
  fleet.eventually(async () => {
    const reply = await acquire(member, holder);
    return reply.kind === 'granted' && { holder, token: reply.token };
  }, `${holder} to be granted the lock`);

describeBrokers('lock lines', (open) => {
  test('L3: waiters are served in the order of their first calls, each woken by the release before', async () => {
    const fleet = await open();
    const members = [await fleet.connect('a'), await fleet.connect('b')] as const;
    const grants = await Promise.all(members.map(grantsAt));
    let current = await hold(members[0], 'first');
    const holders = numbered(12);
    for (const [index, holder] of holders.entries())
      expect(await acquire(members[index % 2] as Member, holder)).toMatchObject({ kind: 'waiting' });
    for (const holder of holders.toReversed())
      expect(await acquire(members[holders.indexOf(holder) % 2] as Member, holder)).toMatchObject({ kind: 'waiting' });
    for (const [index, holder] of holders.entries()) {
      expect(await members[0].locks.release({ name, ...pick(current) })).toBe(true);
      const grant = await heardOf(fleet, grants[index % 2] ?? [], holder);
      expect(grant.token).toBeGreaterThan(current.token);
      expect(await members[0].locks.inspect(name)).toMatchObject({ holders: [{ holder, token: grant.token }] });
      current = grant;
    }
    expect(await members[0].locks.release({ name, ...pick(current) })).toBe(true);
    expect(await members[0].locks.inspect(name)).toBeUndefined();
    expect(grants.map(({ length }) => length)).toEqual([6, 6]);
  });

  test('L4: the lease after a hand-over is short until it is renewed', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const grants = await grantsAt(b);
    const first = await hold(a, 'h1');
    await acquire(b, 'h2');
    await a.locks.release({ name, ...first });
    const { token } = await heardOf(fleet, grants, 'h2');
    expect((await a.locks.inspect(name))?.holders[0]?.leaseLeftMs).toBeLessThanOrEqual(handoverLeaseMs);
    expect(await acquire(b, 'h2')).toEqual({ kind: 'granted', token });
    expect((await a.locks.inspect(name))?.holders[0]?.leaseLeftMs).toBeLessThanOrEqual(handoverLeaseMs);
    expect(await b.locks.renew({ name, holder: 'h2', token, leaseMs: hourMs })).toBe(true);
    expect((await a.locks.inspect(name))?.holders[0]?.leaseLeftMs).toBeGreaterThan(handoverLeaseMs);
  });

  test('L4: a waiter that died holds up those behind it no longer than a hand-over', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const first = await hold(a, 'h1');
    await acquire(a, 'dead');
    const waiting = await acquire(b, 'h2');
    if (waiting.kind !== 'waiting') return expect.fail(waiting.kind);
    expect(waiting.lookAgainInMs).toBeGreaterThan(0);
    expect(waiting.lookAgainInMs).toBeLessThanOrEqual(handoverLeaseMs);
    await a.locks.release({ name, ...first });
    expect(await a.locks.inspect(name)).toMatchObject({ holders: [{ holder: 'dead' }], waiters: 1 });
    const grant = await looksAgain(fleet, b, 'h2');
    expect(grant.token).toBeGreaterThan(first.token);
    expect(await b.locks.renew({ name, ...grant, leaseMs: hourMs })).toBe(true);
  });

  test('L5: a lease that ends goes to the head of the line, whoever calls first', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const grants = await grantsAt(b);
    await hold(a, 'crashed', 400);
    await acquire(b, 'h1');
    const second = await acquire(b, 'h2');
    expect(second).toMatchObject({ kind: 'waiting' });
    await fleet.eventually(async () => {
      expect((await acquire(a, 'newcomer', { wait: false })).kind).toBe('held');
      expect((await acquire(b, 'h2')).kind).toBe('waiting');
      return (await a.locks.inspect(name))?.holders[0]?.holder === 'h1';
    }, 'the lock to be handed to the head of the line');
    expect((await heardOf(fleet, grants, 'h1')).token).toBe((await a.locks.inspect(name))?.holders[0]?.token);
  });

  test('leave: whose lease has ended gives nothing back, the lock waits for the next call of the line', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    await hold(a, 'crashed', 100);
    await acquire(b, 'h1');
    await fleet.eventually(async () => (await a.locks.inspect(name)) === undefined, 'the lease to end');
    await a.locks.leave({ name, holder: 'crashed' });
    expect(await a.locks.inspect(name)).toBeUndefined();
    expect(await acquire(b, 'h1')).toMatchObject({ kind: 'granted' });
  });

  test('L5: the head of the line takes a lock whose lease has ended with its own call', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const old = await hold(a, 'crashed', 100);
    expect(await acquire(b, 'h1')).toMatchObject({ kind: 'waiting' });
    await fleet.eventually(async () => (await b.locks.inspect(name)) === undefined, 'the lease to end');
    const reply = await acquire(b, 'h1');
    expect(reply).toMatchObject({ kind: 'granted' });
    expect(reply.kind === 'granted' && reply.token > old.token).toBe(true);
    expect((await b.locks.inspect(name))?.holders[0]?.leaseLeftMs).toBeGreaterThan(hourMs - 60_000);
    expect(await a.locks.renew({ name, ...old, leaseMs: hourMs })).toBe(false);
  });

  test('L3: a waiter that has not called for its lease is forgotten, one that calls again keeps its place', async () => {
    const fleet = await open({ waiterLeaseMs: 1_000 });
    const a = await fleet.connect('a');
    const first = await hold(a, 'h1');
    for (const holder of ['silent', 'faithful']) await acquire(a, holder);
    expect(await a.locks.inspect(name)).toMatchObject({ waiters: 2 });
    await fleet.eventually(async () => {
      await acquire(a, 'faithful');
      return (await a.locks.inspect(name))?.waiters === 1;
    }, 'the silent waiter to be forgotten');
    await acquire(a, 'newcomer');
    expect(await a.locks.release({ name, ...first })).toBe(true);
    expect(await a.locks.inspect(name)).toMatchObject({ holders: [{ holder: 'faithful' }], waiters: 1 });
  });

  test('L3: a waiter that calls when its lease has passed stands behind those who came meanwhile', async () => {
    const fleet = await open({ waiterLeaseMs: 1_000 });
    const a = await fleet.connect('a');
    const first = await hold(a, 'h1');
    await acquire(a, 'late');
    await fleet.pass(1_010);
    await acquire(a, 'newcomer');
    await acquire(a, 'late');
    expect(await a.locks.inspect(name)).toMatchObject({ waiters: 2 });
    await a.locks.release({ name, ...first });
    expect(await a.locks.inspect(name)).toMatchObject({ holders: [{ holder: 'newcomer' }], waiters: 1 });
  });

  test('L3: a silent waiter keeps its place until its lease has passed', async () => {
    const fleet = await open({ waiterLeaseMs: hourMs });
    const a = await fleet.connect('a');
    const first = await hold(a, 'h1');
    for (const holder of ['silent', 'faithful']) await acquire(a, holder);
    await fleet.pass(50);
    await acquire(a, 'faithful');
    await a.locks.release({ name, ...first });
    expect(await a.locks.inspect(name)).toMatchObject({ holders: [{ holder: 'silent' }], waiters: 1 });
  });

  test('leave: who stops waiting is passed over', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const grants = await grantsAt(b);
    const first = await hold(a, 'h1');
    for (const holder of ['h2', 'h3']) await acquire(b, holder);
    await b.locks.leave({ name, holder: 'h2' });
    await b.locks.leave({ name, holder: 'stranger' });
    expect(await a.locks.inspect(name)).toMatchObject({ holders: [{ holder: 'h1' }], waiters: 1 });
    await a.locks.release({ name, ...first });
    await heardOf(fleet, grants, 'h3');
    expect(grants.map(({ holder }) => holder)).toEqual(['h3']);
  });

  test('leave: a lock that was granted in the meantime is given back to the next', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const grants = await grantsAt(b);
    const first = await hold(a, 'h1');
    for (const holder of ['h2', 'h3']) await acquire(b, holder);
    await a.locks.release({ name, ...first });
    expect(await a.locks.inspect(name)).toMatchObject({ holders: [{ holder: 'h2' }] });
    await b.locks.leave({ name, holder: 'h2' });
    await heardOf(fleet, grants, 'h3');
    expect(await a.locks.inspect(name)).toMatchObject({ holders: [{ holder: 'h3' }], waiters: 0 });
    await b.locks.leave({ name, holder: 'h3' });
    expect(await a.locks.inspect(name)).toBeUndefined();
  });

  test('L1: many processes that wait their turn never hold the lock together', async () => {
    const fleet = await open();
    const members = await Promise.all(['a', 'b', 'c'].map((address) => fleet.connect(address)));
    const turns: Grant[] = [];
    let inside = 0;
    const work = async (member: Member, holder: string): Promise<void> => {
      const grants = await grantsAt(member);
      const reply = await acquire(member, holder);
      const grant = reply.kind === 'granted' ? { holder, token: reply.token } : await heardOf(fleet, grants, holder);
      expect(++inside).toBe(1);
      expect(await member.locks.renew({ name, ...pick(grant), leaseMs: hourMs })).toBe(true);
      turns.push(grant);
      inside--;
      expect(await member.locks.release({ name, ...pick(grant) })).toBe(true);
    };
    await Promise.all(members.flatMap((member) => numbered(8, member.address).map((holder) => work(member, holder))));
    expect(new Set(turns.map(({ holder }) => holder)).size).toBe(24);
    expect(turns.map(({ token }) => token)).toEqual(turns.map(({ token }) => token).toSorted((x, y) => x - y));
  });

  test(`no more than ${limits.lockWaiters} wait for one lock: the next is told that it is crowded`, async () => {
    const fleet = await open();
    const a = await fleet.connect();
    await hold(a, 'holder');
    const holders = numbered(limits.lockWaiters);
    for (let from = 0; from < holders.length; from += 500)
      await Promise.all(holders.slice(from, from + 500).map((holder) => acquire(a, holder)));
    expect(await a.locks.inspect(name)).toMatchObject({ waiters: limits.lockWaiters });
    expect(await acquire(a, 'one too many')).toEqual({ kind: 'crowded' });
    expect(await acquire(a, 'not waiting', { wait: false })).toEqual({ kind: 'held' });
    expect(await acquire(a, holders.at(-1) ?? '')).toMatchObject({ kind: 'waiting' });
    await a.locks.leave({ name, holder: 't0' });
    expect(await acquire(a, 'one too many')).toMatchObject({ kind: 'waiting' });
  });
});

function pick({ holder, token }: Grant): Grant {
  return { holder, token };
}
