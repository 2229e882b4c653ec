/**
 * A broker from start to stop: what it says about itself, and that it is silent afterwards.
 */
import { expect, test } from 'vitest';
import { everyone } from '../../src/broker/notices.ts';
import { describeBrokers, nodeInfo } from './harness.ts';
import { numbered, put, putOne, queue, take } from './work.ts';

describeBrokers('lifecycle', (open, kind) => {
  test('start says what the broker is and how durable', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    expect(member.info.kind).toBe(kind === 'memory' ? 'memory' : 'redis');
    expect(member.info.server).not.toBe('');
    expect(member.info.durability).toBe('none');
    const { serverTime } = await member.presence.join(nodeInfo('n'), 60_000);
    expect(serverTime).toBeGreaterThanOrEqual(member.info.serverTime);
    expect(serverTime).toBeLessThan(member.info.serverTime + 60_000);
  });

  test('its links are up from its start to its stop', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    expect(member.links().length).toBeGreaterThan(0);
    expect(member.links().filter(({ up }) => !up)).toEqual([]);
    await member.stop();
    expect(member.links().filter(({ up }) => up)).toEqual([]);
  });

  test('after stop every call rejects as closed, and stopping twice does nothing', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    await member.stop();
    await member.stop();
    const closed = { name: 'BrokerError', code: 'closed' };
    await expect(putOne(member)).rejects.toMatchObject(closed);
    await expect(take(member)).rejects.toMatchObject(closed);
    await expect(member.queues.stats(queue)).rejects.toMatchObject(closed);
    await expect(member.mail.waiting('x')).rejects.toMatchObject(closed);
    await expect(member.events.last()).rejects.toMatchObject(closed);
    await expect(member.locks.inspect('x')).rejects.toMatchObject(closed);
    await expect(member.presence.nodes()).rejects.toMatchObject(closed);
    await expect(member.logs.read('x', 1)).rejects.toMatchObject(closed);
    const notice = { kind: 'released' as const, queue };
    await expect(member.notices.post([{ address: 'x', notice }])).rejects.toMatchObject(closed);
  });

  test('a stopped process hears nothing more, and a wait under way ends', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.connect('b')];
    const heard: string[] = [];
    await a.notices.listen('a', { onNotice: () => void heard.push('notice'), onReset: () => void heard.push('reset') });
    const waiting = a.tasks.wait({ queues: [queue], node: 'a', count: 1, timeoutMs: 2_000 }).catch(() => []);
    await a.stop();
    expect(await fleet.ended(waiting)).toEqual([]);
    let done = false;
    const end = (): void => void (done = true);
    await b.notices.listen('b', { onNotice: end, onReset: () => {} });
    await b.notices.post([{ address: everyone, notice: { kind: 'released', queue } }]);
    await fleet.eventually(() => done, 'the notice to be heard by others');
    expect(heard).toEqual([]);
  });

  test('what one process stored outlives it', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    const ids = await put(client, numbered(3));
    await client.stop();
    const node = await fleet.join();
    expect((await take(node)).map(({ receipt }) => receipt.taskId)).toEqual(ids);
  });

  test('what a caller changes after a call changes nothing in the fleet', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const op = { priority: 'normal' as const, delayMs: 0, envelope: 'as sent', maxWaiting: 10 };
    const frame = { tag: queue, sender: 'client', seq: 1, prev: 0, leased: false, ops: [op] };
    const enqueued = node.tasks.enqueue(frame);
    op.envelope = 'changed later';
    await enqueued;
    expect(await take(node)).toMatchObject([{ envelope: 'as sent' }]);
  });
});
