/**
 * Leases of claims: kept by renewal, taken over when they or their holder's presence have ended, and only then.
 */
import { expect, test } from 'vitest';
import type { ClaimedTask } from '../../src/broker/tasks.ts';
import { describeBrokers, type Member } from './harness.ts';
import { complete, idsOf, numbered, put, putOne, queue, release, settleOne, take, takeOne } from './work.ts';

const hourMs = 3_600_000;

const recover = (member: Member, options: { leaseMs?: number; gone?: string[]; count?: number } = {}) =>
  member.tasks.recover({ queue, node: member.address, count: 100, leaseMs: hourMs, gone: [], ...options });

const renew = (member: Member, tasks: readonly ClaimedTask[]) =>
  member.tasks.renew({ queue, node: member.address, receipts: tasks.map(({ receipt }) => receipt) });

describeBrokers('leases', (open) => {
  test('T4: a claim that was not renewed for the lease time is recovered as a redelivery', async () => {
    const fleet = await open();
    const [crashed, other] = [await fleet.join(), await fleet.join()];
    const id = await putOne(crashed, 'work');
    await takeOne(crashed);
    expect(await recover(other)).toEqual([]);
    const tasks = await fleet.eventually(async () => {
      const found = await recover(other, { leaseMs: 100 });
      return found.length > 0 && found;
    }, 'the claim to be recovered');
    expect(tasks).toMatchObject([{ queue, envelope: 'work', attempt: 2, redelivered: true, receipt: { taskId: id } }]);
    expect(await settleOne(other, tasks[0] as ClaimedTask, complete)).toBe('settled');
  });

  test('T4: a renewed claim is kept while its neighbour that was not renewed is recovered', async () => {
    const fleet = await open();
    const [holder, other] = [await fleet.join(), await fleet.join()];
    const [kept, lost] = await put(holder, numbered(2));
    const [task] = await take(holder);
    await fleet.pass(700);
    expect(await renew(holder, task ? [task] : [])).toEqual(['kept']);
    expect(idsOf(await recover(other, { leaseMs: 700 }))).toEqual([lost]);
    expect(await other.queues.state(kept ?? '')).toBe('claimed');
    expect(task && (await settleOne(holder, task, complete))).toBe('settled');
  });

  test('T3: a renewal with a stale receipt is told so, one answer per receipt', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await put(a, numbered(4));
    const tasks = await take(a);
    const [held, taken, released, done] = tasks;
    if (!held || !taken || !released || !done) return expect.fail('four tasks wait');
    await settleOne(a, released, release);
    await settleOne(a, done, complete);
    expect(await renew(a, tasks)).toEqual(['kept', 'kept', 'stale', 'stale']);
    expect(await renew(b, tasks)).toEqual(['stale', 'stale', 'stale', 'stale']);
    await fleet.eventually(async () => (await recover(b, { leaseMs: 50, count: 1 })).length, 'one to be recovered');
    expect(await renew(a, tasks)).toEqual(['stale', 'kept', 'stale', 'stale']);
    expect(await renew(a, [])).toEqual([]);
  });

  test('T4: the claims of a node whose presence has ended are recovered at once, those of a living one are not', async () => {
    const fleet = await open();
    const [dead, alive, other] = [await fleet.join('dead', 400), await fleet.join('alive'), await fleet.join('other')];
    const [lost, kept] = await put(other, numbered(2));
    expect(idsOf(await take(dead, 1))).toEqual([lost]);
    expect(idsOf(await take(alive, 1))).toEqual([kept]);
    const tasks = await fleet.eventually(async () => {
      const found = await recover(other, { gone: ['dead', 'alive', 'never-heard-of'] });
      return found.length > 0 && found;
    }, 'the claim of the dead node to be recovered');
    expect(tasks).toMatchObject([{ attempt: 2, redelivered: true, receipt: { taskId: lost } }]);
    expect(await other.queues.state(kept ?? '')).toBe('claimed');
    expect(await renew(alive, [{ ...tasks[0], receipt: tasks[0]?.receipt } as ClaimedTask])).toEqual(['stale']);
  });

  test('T4: the claims of a node that left are recovered at once', async () => {
    const fleet = await open();
    const [left, other] = [await fleet.join('left'), await fleet.join('other')];
    const ids = await put(other, numbered(3));
    await take(left);
    await left.presence.leave('left');
    expect(idsOf(await recover(other, { gone: ['left'] }))).toEqual(ids);
  });

  test('T4: claims are recovered oldest first, no more than asked for, each by one node', async () => {
    const fleet = await open();
    const [crashed, a, b] = [await fleet.join(), await fleet.join(), await fleet.join()];
    const ids = await put(crashed, numbered(50));
    await take(crashed);
    await crashed.presence.leave(crashed.address);
    const gone = [crashed.address];
    expect(idsOf(await recover(a, { gone, count: 3 }))).toEqual(ids.slice(0, 3));
    const rest = await Promise.all([a, b, a, b].map((node) => recover(node, { gone, count: 20 })));
    expect(rest.flatMap(idsOf).toSorted()).toEqual(ids.slice(3).toSorted());
    expect(await recover(b, { gone })).toEqual([]);
  });

  test('T4: tasks that wait or were released are not recovered', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await put(a, numbered(3));
    await settleOne(a, await takeOne(a), release);
    await put(a, ['parked'], { delayMs: hourMs });
    expect(await recover(b, { leaseMs: 0, gone: [a.address] })).toEqual([]);
    expect(await b.queues.stats(queue)).toMatchObject({ waiting: 3, parked: 1, claimed: 0 });
  });

  test('T6: a release after a recovery keeps the attempt that the failed node was charged', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await putOne(a);
    await takeOne(a);
    const [recovered] = await recover(b, { leaseMs: 0 });
    expect(recovered && (await settleOne(b, recovered, release))).toBe('settled');
    expect(await takeOne(a)).toMatchObject({ attempt: 2, redelivered: true });
  });
});
