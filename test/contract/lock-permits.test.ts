/**
 * Semaphores: as many holders as there are permits, each with a lease of its own, and one number for all who use the name.
 */
import { expect, test } from 'vitest';
import { describeBrokers, type Member, type TestFleet } from './harness.ts';
import { numbered } from './work.ts';

const name = 'licences';
const hourMs = 3_600_000;

interface Grant {
  readonly holder: string;
  readonly token: number;
}

interface Options {
  readonly leaseMs?: number;
  readonly wait?: boolean;
  readonly permits?: number;
}

function acquire(member: Member, holder: string, options: Options = {}) {
  const rest = { leaseMs: hourMs, wait: true, permits: 2, ...options };
  return member.locks.acquire({ name, holder, address: member.address, ...rest });
}

async function hold(member: Member, holder: string, options: Options = {}): Promise<Grant> {
  const reply = await acquire(member, holder, options);
  return reply.kind === 'granted' ? { holder, token: reply.token } : expect.fail(reply.kind);
}

/** What `granted` notices a process hears. */
async function grantsAt(member: Member): Promise<Grant[]> {
  const grants: Grant[] = [];
  await member.notices.listen(member.address, {
    onNotice: (notice) => {
      if (notice.kind === 'granted') grants.push({ holder: notice.holder, token: notice.token });
    },
    onReset: () => {},
  });
  return grants;
}

const heardOf = (fleet: TestFleet, grants: readonly Grant[], holder: string): Promise<Grant> =>
  fleet.eventually(() => grants.find((grant) => grant.holder === holder), `${holder} to hear of its grant`);

const holdersOf = async (member: Member): Promise<readonly string[]> =>
  ((await member.locks.inspect(name))?.holders ?? []).map(({ holder }) => holder);

describeBrokers('permits', (open) => {
  test('L7: as many hold the name as it has permits, each with a greater token than the one before', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const tokens: number[] = [];
    for (const holder of ['h1', 'h2', 'h3'])
      tokens.push((await hold(holder === 'h2' ? b : a, holder, { permits: 3 })).token);
    expect(tokens).toEqual([...new Set(tokens)].sort((x, y) => x - y));
    expect(await acquire(b, 'h4', { permits: 3, wait: false })).toEqual({ kind: 'held' });
    expect(await acquire(b, 'h4', { permits: 3 })).toMatchObject({ kind: 'waiting' });
  });

  test('L7: inspect shows every holder in the order of the grants', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    const first = await hold(a, 'z', { leaseMs: 120_000 });
    const second = await hold(a, 'a', { leaseMs: 60_000 });
    await acquire(a, 'waiter');
    const state = await a.locks.inspect(name);
    expect(state).toMatchObject({ permits: 2, holders: [first, second], waiters: 1 });
    const [left1, left2] = (state?.holders ?? []).map(({ leaseLeftMs }) => leaseLeftMs);
    expect(left1).toBeGreaterThan(60_000);
    expect(left2).toBeLessThanOrEqual(60_000);
  });

  test('L1: repeating an acquire gives the same token and takes no second permit', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    const { token } = await hold(a, 'h1');
    expect(await acquire(a, 'h1')).toEqual({ kind: 'granted', token });
    await hold(a, 'h2');
    expect(await holdersOf(a)).toEqual(['h1', 'h2']);
  });

  test('L3, L4: a release wakes the head of the line, and nobody else', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const grants = await grantsAt(b);
    const held = [await hold(a, 'h1'), await hold(a, 'h2')];
    const waiters = numbered(6);
    for (const holder of waiters) expect(await acquire(b, holder)).toMatchObject({ kind: 'waiting' });
    for (const [index, holder] of waiters.entries()) {
      expect(await a.locks.release({ name, ...(held.shift() as Grant) })).toBe(true);
      const grant = await heardOf(fleet, grants, holder);
      expect(grants).toHaveLength(index + 1);
      expect(await b.locks.renew({ name, ...grant, leaseMs: hourMs })).toBe(true);
      held.push(grant);
    }
    for (const grant of held) await b.locks.release({ name, ...grant });
    expect(await a.locks.inspect(name)).toBeUndefined();
  });

  test('L5: a lease that has ended frees one permit, and the others are held on', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const crashed = await hold(a, 'crashed', { leaseMs: 100 });
    const kept = await hold(a, 'kept');
    const waiting = await acquire(b, 'h1');
    expect(waiting).toMatchObject({ kind: 'waiting' });
    expect(waiting.kind === 'waiting' && waiting.lookAgainInMs).toBeLessThanOrEqual(100);
    await acquire(b, 'h2');
    const got = await fleet.eventually(async () => {
      const reply = await acquire(b, 'h1');
      return reply.kind === 'granted' && reply;
    }, 'the permit of the crashed holder');
    expect(got.token).toBeGreaterThan(kept.token);
    expect(await acquire(b, 'h2')).toMatchObject({ kind: 'waiting' });
    expect(await holdersOf(a)).toEqual(['kept', 'h1']);
    expect(await a.locks.renew({ name, ...crashed, leaseMs: hourMs })).toBe(false);
    expect(await a.locks.release({ name, ...crashed })).toBe(false);
    expect(await a.locks.renew({ name, ...kept, leaseMs: hourMs })).toBe(true);
  });

  test('L5: permits whose leases have ended go to the line, whoever calls first', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const grants = await grantsAt(b);
    for (const holder of ['c1', 'c2', 'c3']) await hold(a, holder, { leaseMs: 100, permits: 3 });
    for (const holder of ['h1', 'h2']) await acquire(b, holder, { permits: 3 });
    await fleet.eventually(async () => (await a.locks.inspect(name)) === undefined, 'the leases to end');
    expect(await acquire(a, 'newcomer', { permits: 3 })).toMatchObject({ kind: 'granted' });
    expect(await holdersOf(a)).toEqual(['h1', 'h2', 'newcomer']);
    await heardOf(fleet, grants, 'h2');
    expect(grants.map(({ holder }) => holder)).toEqual(['h1', 'h2']);
  });

  test('L5: a holder that calls again hands what is free to the line, too', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    await hold(a, 'crashed', { leaseMs: 100 });
    const kept = await hold(a, 'kept');
    await acquire(b, 'h1');
    await fleet.eventually(async () => (await holdersOf(a)).length === 1, 'the lease to end');
    expect(await acquire(a, 'kept')).toEqual({ kind: 'granted', token: kept.token });
    expect(await holdersOf(a)).toEqual(['kept', 'h1']);
  });

  test('L6: each holder renews and releases its own permit and no other', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    const [first, second] = [await hold(a, 'h1', { leaseMs: 1_000 }), await hold(a, 'h2', { leaseMs: 1_000 })];
    for (const wrong of [
      { name, holder: 'h1', token: second.token },
      { name, holder: 'h3', token: first.token },
      { name: 'other', ...first },
    ]) {
      expect(await a.locks.renew({ ...wrong, leaseMs: 1 })).toBe(false);
      expect(await a.locks.release(wrong)).toBe(false);
    }
    expect(await a.locks.renew({ name, ...first, leaseMs: hourMs })).toBe(true);
    await fleet.pass(1_050);
    expect(await holdersOf(a)).toEqual(['h1']);
    expect(await a.locks.release({ name, ...first })).toBe(true);
    expect(await a.locks.release({ name, ...first })).toBe(false);
  });

  test('L7: many processes that wait their turn are never more inside than there are permits', async () => {
    const fleet = await open();
    const members = await Promise.all(['a', 'b', 'c'].map((address) => fleet.connect(address)));
    let inside = 0;
    let most = 0;
    const work = async (member: Member, holder: string): Promise<void> => {
      const grants = await grantsAt(member);
      const reply = await acquire(member, holder, { permits: 3 });
      const grant = reply.kind === 'granted' ? { holder, token: reply.token } : await heardOf(fleet, grants, holder);
      most = Math.max(most, ++inside);
      expect(await member.locks.renew({ name, ...grant, leaseMs: hourMs })).toBe(true);
      inside--;
      expect(await member.locks.release({ name, ...grant })).toBe(true);
    };
    await Promise.all(members.flatMap((member) => numbered(8, member.address).map((holder) => work(member, holder))));
    expect(most).toBe(3);
    expect(await members[0]?.locks.inspect(name)).toBeUndefined();
  });

  test('L8: another number is refused while the name is in use, and free to choose afterwards', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    for (const [used, other] of [
      [2, 3],
      [2, 1],
      [1, 2],
    ] as const) {
      const held = await Promise.all(numbered(used).map((holder) => hold(a, holder, { permits: used })));
      await acquire(a, 'waiter', { permits: used });
      for (const wait of [true, false])
        expect(await acquire(a, 'h', { permits: other, wait })).toEqual({ kind: 'permits', permits: used });
      expect(await a.locks.inspect(name)).toMatchObject({ permits: used, holders: held, waiters: 1 });
      await a.locks.leave({ name, holder: 'waiter' });
      for (const grant of held) expect(await a.locks.release({ name, ...grant })).toBe(true);
      const next = await hold(a, 'h', { permits: other });
      expect(await a.locks.inspect(name)).toMatchObject({ permits: other, holders: [next] });
      await a.locks.release({ name, ...next });
    }
  });

  test('L8: the number is free to choose when the last lease has ended, and not while somebody waits', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    await hold(a, 'crashed', { leaseMs: 80, permits: 1 });
    await acquire(a, 'waiter', { permits: 1 });
    await fleet.eventually(async () => (await a.locks.inspect(name)) === undefined, 'the lease to end');
    expect(await acquire(a, 'h', { permits: 2 })).toEqual({ kind: 'permits', permits: 1 });
    await a.locks.leave({ name, holder: 'waiter' });
    await hold(a, 'h', { permits: 2, leaseMs: 80 });
    await fleet.eventually(async () => (await a.locks.inspect(name)) === undefined, 'the lease to end');
    expect(await acquire(a, 'h2', { permits: 1 })).toMatchObject({ kind: 'granted' });
  });

  test('leave: a permit that was granted in the meantime is given back to the next', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const grants = await grantsAt(b);
    const first = await hold(a, 'h1');
    await hold(a, 'h2');
    for (const holder of ['h3', 'h4', 'h5']) await acquire(b, holder);
    await b.locks.leave({ name, holder: 'h4' });
    await a.locks.release({ name, ...first });
    expect(await holdersOf(a)).toEqual(['h2', 'h3']);
    await b.locks.leave({ name, holder: 'h3' });
    await heardOf(fleet, grants, 'h5');
    expect(await holdersOf(a)).toEqual(['h2', 'h5']);
  });
});
