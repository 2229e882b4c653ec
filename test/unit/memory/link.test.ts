/**
 * The memory broker as a process sees it: its own link, its own copies, and nothing inside the caller's step.
 */
import { describe, expect, test } from 'vitest';
import type { Notice } from '../../../src/broker/notices.ts';
import { MemoryBroker } from '../../../src/memory/broker.ts';
import { MemoryFleet } from '../../../src/memory/fleet.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

async function open() {
  const clock = new VirtualClock();
  const retention = { events: 1_000, eventsAgeMs: 3_600_000 };
  const fleet = new MemoryFleet({ clock, random: new SeededRandom(1), retention });
  const [a, b] = [new MemoryBroker({ fleet, address: 'a' }), new MemoryBroker({ fleet, address: 'b' })];
  await a.start();
  await b.start();
  await a.presence.join({ node: 'a', host: 'h', pid: 1, startedAt: 0, status: '{}' }, 3_600_000);
  const heard: string[] = [];
  await a.notices.listen('a', {
    onNotice: (notice) => void heard.push(notice.kind === 'gone' ? notice.node : notice.kind),
    onReset: () => void heard.push('reset'),
  });
  const post = (node: string): Promise<void> => b.notices.post([{ address: 'a', notice: { kind: 'gone', node } }]);
  return { clock, fleet, a, b, heard, post };
}

const unreachable = { name: 'BrokerError', code: 'unreachable', repeatable: true };

describe('a link that is cut', () => {
  test('K4: rejects calls and blocked waits of its process only', async () => {
    const { a, b } = await open();
    const waiting = a.tasks.wait({ queues: ['q'], node: 'a', count: 1, timeoutMs: 1_000 });
    const during = a.queues.stats('q');
    a.cutLink();
    await expect(during).rejects.toMatchObject(unreachable);
    await expect(waiting).rejects.toMatchObject(unreachable);
    await expect(a.queues.stats('q')).rejects.toMatchObject(unreachable);
    await expect(a.notices.listen('x', { onNotice() {}, onReset() {} })).rejects.toMatchObject(unreachable);
    expect(await b.queues.stats('q')).toMatchObject({ waiting: 0 });
    a.restoreLink();
    expect(await a.queues.stats('q')).toMatchObject({ waiting: 0 });
  });

  test('K4: a call that the cut refused was not carried out', async () => {
    const { a, b } = await open();
    const op = { priority: 'normal' as const, delayMs: 0, envelope: 'x', maxWaiting: 10 };
    const call = a.tasks.enqueue({ tag: 'q', sender: 'a', seq: 1, prev: 0, leased: false, ops: [op] });
    a.cutLink();
    await expect(call).rejects.toMatchObject(unreachable);
    expect(await b.queues.stats('q')).toMatchObject({ waiting: 0 });
  });

  test('K4: a wait that the cut ended takes no task', async () => {
    const { clock, fleet, a, b } = await open();
    const waiting = a.tasks.wait({ queues: ['q'], node: 'a', count: 1, timeoutMs: 1_000 }).catch(() => 'cut');
    await clock.settle();
    expect(fleet.waiters.size).toBe(1);
    a.cutLink();
    const op = { priority: 'normal' as const, delayMs: 0, envelope: 'x', maxWaiting: 10 };
    await b.tasks.enqueue({ tag: 'q', sender: 'b', seq: 1, prev: 0, leased: false, ops: [op] });
    expect(await waiting).toBe('cut');
    expect(await b.queues.stats('q')).toMatchObject({ waiting: 1, claimed: 0 });
    expect([fleet.waiters.size, clock.pending]).toEqual([0, 0]);
  });

  test('K3: loses what is on its way and what is sent meanwhile; reset comes before anything later', async () => {
    const { clock, a, heard, post } = await open();
    await post('before');
    await clock.settle();
    const onItsWay = post('on its way');
    await Promise.resolve();
    a.cutLink();
    await onItsWay;
    await post('meanwhile');
    a.restoreLink();
    await post('after');
    await clock.settle();
    expect(heard).toEqual(['before', 'reset', 'after']);
  });

  test('K3: at whatever moment the cut comes, the first thing after it is the reset', async () => {
    let lost = 0;
    for (let steps = 0; steps < 12; steps++) {
      const { clock, a, heard, post } = await open();
      const posted = post('on its way');
      for (let step = 0; step < steps; step++) await Promise.resolve();
      const before = heard.length;
      a.cutLink();
      a.restoreLink();
      await posted;
      await clock.settle();
      expect(heard[before]).toBe('reset');
      if (heard.length === 1) lost++;
    }
    expect(lost).toBeGreaterThan(0);
  });

  test('K4: restoring a link that was not cut tells nobody anything', async () => {
    const { clock, a, heard } = await open();
    a.restoreLink();
    await clock.settle();
    expect(heard).toEqual([]);
  });
});

describe('a call', () => {
  test('K1: nothing happens inside the step of the caller', async () => {
    const { clock, fleet, heard, post } = await open();
    const posted = post('x');
    expect(heard).toEqual([]);
    await posted;
    await clock.settle();
    expect(heard).toEqual(['x']);
    expect(fleet.queues.size).toBe(0);
  });

  test('K2: what is answered cannot be changed, and what is handed over is copied at once', async () => {
    const { clock, a, b } = await open();
    const got: Notice[] = [];
    for (const broker of [a, b])
      await broker.notices.listen('both', { onNotice: (notice) => void got.push(notice), onReset() {} });
    const notice = { kind: 'progress' as const, taskId: 't', body: '1' };
    const posted = a.notices.post([{ address: 'both', notice }]);
    notice.body = 'changed';
    await posted;
    await clock.settle();
    expect(got).toEqual([
      { kind: 'progress', taskId: 't', body: '1' },
      { kind: 'progress', taskId: 't', body: '1' },
    ]);
    expect(got[0]).not.toBe(got[1]);
    expect(Object.isFrozen(got[0])).toBe(true);
    const [first, second] = [await a.presence.nodes(), await a.presence.nodes()];
    expect(first).toEqual(second);
    expect(first[0]).not.toBe(second[0]);
    expect(Object.isFrozen(first) && Object.isFrozen(first[0])).toBe(true);
  });

  test('before start and after stop is refused as closed, and a stopped broker cannot be started again', async () => {
    const { fleet } = await open();
    const broker = new MemoryBroker({ fleet, address: 'c' });
    await expect(broker.queues.stats('q')).rejects.toMatchObject({ code: 'closed' });
    await broker.start();
    await broker.stop();
    await expect(broker.queues.stats('q')).rejects.toMatchObject({ code: 'closed' });
    await expect(broker.start()).rejects.toMatchObject({ code: 'closed' });
  });

  test('a stopped broker leaves no listener behind', async () => {
    const { fleet, a, b } = await open();
    await b.events.listen({ onEvent() {}, onHint() {}, onReset() {} });
    await a.stop();
    await b.stop();
    expect([fleet.exchange.notices.size, fleet.exchange.events.size]).toEqual([0, 0]);
  });
});
