/**
 * Leases of claims: renewed together, and lost by word of the broker or by our own clock (S1 to S3).
 */
import { describe, expect, test } from 'vitest';
import type { ClaimedTask, ClaimRenewal, HeldReceipt, Receipt } from '../../../src/broker/tasks.ts';
import { BrokerError } from '../../../src/core/errors.ts';
import { limits } from '../../../src/core/limits.ts';
import { Observer } from '../../../src/core/observer.ts';
import { Leases } from '../../../src/runtime/leases.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

interface Renewal {
  readonly queue: string;
  readonly node: string;
  readonly receipts: readonly HeldReceipt[];
}

async function open() {
  const clock = new VirtualClock();
  const renewals: Renewal[] = [];
  const always = (): ClaimRenewal | Error => 'kept';
  const state: { answer: (request: Renewal, receipt: Receipt) => ClaimRenewal | Error; hang: boolean } = {
    answer: always,
    hang: false,
  };
  const renew = (request: Renewal): Promise<readonly ClaimRenewal[]> => {
    renewals.push(request);
    if (state.hang) return new Promise(() => {});
    const answers = request.receipts.map((receipt) => state.answer(request, receipt));
    const failed = answers.find((answer) => answer instanceof Error);
    return failed === undefined ? Promise.resolve(answers as ClaimRenewal[]) : Promise.reject(failed as Error);
  };
  const deps = { clock, observer: new Observer(), node: 'n1', leaseMs: 9_000, renewMs: 3_000 };
  const leases = new Leases({ ...deps, tasks: { renew } as never });
  await leases.start();
  return { clock, leases, renewals, state };
}

function claimed(queue: string, number: number): ClaimedTask {
  const receipt = {
    taskId: `${queue}.n.1-${number}`,
    priority: 'normal',
    entry: `1-${number}`,
    deliveries: 1,
  } as const;
  return { queue, receipt, envelope: '{}', attempt: 1, redelivered: false };
}

describe('a lease', () => {
  test('S1: is renewed every third with one call for each queue, until it is let go', async () => {
    const { clock, leases, renewals } = await open();
    const held = [leases.hold(claimed('a', 1)), leases.hold(claimed('a', 2)), leases.hold(claimed('b', 1))];
    await clock.advance(30_000);
    expect(renewals).toHaveLength(20);
    expect(renewals[0]?.receipts).toHaveLength(2);
    expect(held.some(({ lost }) => lost.aborted)).toBe(false);
    for (const lease of held) lease.letGo();
    await clock.advance(30_000);
    expect([renewals.length, leases.count]).toEqual([20, 0]);
  });

  test('S1: of very many is renewed in bounded calls', async () => {
    const { clock, leases, renewals } = await open();
    for (let number = 0; number < 2 * limits.frameOps + 1; number++) leases.hold(claimed('a', number));
    await clock.advance(3_000);
    expect(renewals.map(({ receipts }) => receipts.length)).toEqual([limits.frameOps, limits.frameOps, 1]);
  });

  test('S1: is renewed although the renewal for another queue fails', async () => {
    const { clock, leases, state } = await open();
    state.answer = ({ queue }) => (queue === 'a' ? new BrokerError('unreachable', 'x') : 'kept');
    const [a, b] = [leases.hold(claimed('a', 1)), leases.hold(claimed('b', 1))];
    await clock.advance(20_000);
    expect([a.lost.aborted, b.lost.aborted]).toEqual([true, false]);
  });

  test('S2: is lost at once when the broker calls it stale, and no other with it', async () => {
    const { clock, leases, state } = await open();
    const [one, two] = [leases.hold(claimed('a', 1)), leases.hold(claimed('a', 2))];
    state.answer = (_, { entry }) => (entry === '1-1' ? 'stale' : 'kept');
    await clock.advance(3_000);
    expect(one.lost.reason).toMatchObject({ code: 'lease-lost', details: { taskId: 'a.n.1-1' } });
    expect([two.lost.aborted, leases.count]).toEqual([false, 1]);
  });

  test('S2: is lost to the millisecond by our own clock when renewals fail or hang', async () => {
    for (const hang of [false, true]) {
      const { clock, leases, state } = await open();
      state.hang = hang;
      state.answer = () => new BrokerError('unreachable', 'x');
      const first = leases.hold(claimed('a', 1));
      await clock.advance(1_000);
      const second = leases.hold(claimed('a', 2));
      await clock.advance(7_999);
      expect(first.lost.aborted).toBe(false);
      await clock.advance(1);
      expect([first.lost.aborted, second.lost.aborted]).toEqual([true, false]);
      await clock.advance(1_000);
      expect(second.lost.aborted).toBe(true);
    }
  });

  test('S3: of a cancelled task aborts at the notice, or else at the renewal, and is renewed on', async () => {
    const { clock, leases, renewals, state } = await open();
    const [told, found, other] = [1, 2, 3].map((number) => leases.hold(claimed('a', number)));
    leases.cancel('a.n.1-1', 'not needed');
    expect(told?.lost.reason).toMatchObject({ name: 'CancelledError', code: 'cancelled', message: 'not needed' });
    expect([found?.lost.aborted, other?.lost.aborted]).toEqual([false, false]);
    state.answer = (_, { entry }) => (entry === '1-3' ? 'kept' : 'cancelled');
    await clock.advance(60_000);
    expect(found?.lost.reason).toMatchObject({ code: 'cancelled' });
    expect([other?.lost.aborted, leases.count]).toEqual([false, 3]);
    expect(renewals.at(-1)?.receipts).toHaveLength(3);
  });

  test('leaves no timer once the duty has stopped', async () => {
    const { clock, leases } = await open();
    leases.hold(claimed('a', 1));
    await leases.stop();
    expect(clock.pending).toBe(0);
  });

  test('S4: of a task that has lost nobody the broker is told only that its handler waits', async () => {
    const { clock, leases, renewals } = await open();
    const lease = leases.hold(claimed('a', 1));
    await lease.begin();
    expect([lease.hasBegun, renewals.length]).toEqual([true, 0]);
    const waiting = leases.hold(claimed('a', 2));
    await clock.advance(3_000);
    expect(renewals.flatMap(({ receipts }) => receipts.map(({ handler }) => handler))).toEqual([undefined, 'waits']);
    await clock.until(waiting.begin());
    expect(renewals.at(-1)?.receipts).toMatchObject([{ taskId: 'a.n.1-2', handler: 'begun' }]);
  });

  test('S4: a task that has lost a holder begins when the broker knows it, one call for all of a tick and queue', async () => {
    const { clock, leases, renewals, state } = await open();
    const held = [1, 2, 3].map((n) => leases.hold({ ...claimed(n === 3 ? 'b' : 'a', n), lost: ['n0'] }));
    state.hang = true;
    let begun = 0;
    for (const lease of held) void lease.begin().then(() => begun++);
    await clock.advance(1_000);
    expect(renewals.map(({ queue, receipts }) => [queue, receipts.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(renewals.every(({ receipts }) => receipts.every(({ handler }) => handler === 'begun'))).toBe(true);
    expect(begun).toBe(0);
  });

  test('S4: a beginning that cannot be told is none', async () => {
    const { clock, leases, state } = await open();
    const lease = leases.hold({ ...claimed('a', 1), lost: ['n0'] });
    state.answer = () => new BrokerError('unreachable', 'no link');
    await expect(clock.until(lease.begin())).rejects.toMatchObject({ code: 'unreachable' });
    expect(lease.hasBegun).toBe(false);
  });
});
