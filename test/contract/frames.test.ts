/**
 * Frames: repeats, order and leases are alike in every lane, so every lane is held to the same sentences.
 */
import { describe, expect, test } from 'vitest';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, frame } from './harness.ts';
import { type FrameNumber, lanes } from './lanes.ts';
import { op, put, queue, take } from './work.ts';

describeBrokers('frames', (open) => {
  describe.each(lanes)('lane $name', ({ prepare }) => {
    test('F1: a repeated frame gets the stored reply and changes nothing', async () => {
      const fleet = await open();
      const lane = await prepare(fleet);
      const first = await lane.send('a', { seq: 1 });
      expect(await lane.send('a', { seq: 1 })).toEqual(first);
      expect(await lane.send('a', { seq: 1 })).toEqual(first);
      expect(await lane.effects()).toBe(1);
    });

    test(`F1: the last ${limits.framesRemembered} replies are remembered`, async () => {
      const lane = await prepare(await open());
      const replies = [];
      for (let seq = 1; seq <= limits.framesRemembered; seq++)
        replies.push(await lane.send('a', { seq, prev: seq - 1 }));
      for (const [index, reply] of replies.entries())
        expect(await lane.send('a', { seq: index + 1, prev: index })).toEqual(reply);
      expect(await lane.effects()).toBe(limits.framesRemembered);
    });

    test('F2: a frame older than everything remembered is refused as stale-frame and changes nothing', async () => {
      const lane = await prepare(await open());
      const sent = 2 * limits.framesRemembered + 8;
      for (let seq = 1; seq <= sent; seq++) await lane.send('a', { seq, prev: seq - 1 });
      await expect(lane.send('a', { seq: 1 })).rejects.toMatchObject({ name: 'BrokerError', code: 'stale-frame' });
      expect(await lane.effects()).toBe(sent);
    });

    test('F2: a frame that was passed over by a newer one is refused as stale-frame', async () => {
      const lane = await prepare(await open());
      await lane.send('a', { seq: 1 });
      await lane.send('a', { seq: 3, prev: 1 });
      await expect(lane.send('a', { seq: 2, prev: 1 })).rejects.toMatchObject({ code: 'stale-frame' });
      expect(await lane.effects()).toBe(2);
    });

    test('F3: a frame whose predecessor is missing is refused as out-of-order, and accepted after it', async () => {
      const lane = await prepare(await open());
      await lane.send('a', { seq: 1 });
      const early = lane.send('a', { seq: 3, prev: 2 });
      await expect(early).rejects.toMatchObject({ name: 'BrokerError', code: 'out-of-order', repeatable: true });
      expect(await lane.effects()).toBe(1);
      await lane.send('a', { seq: 2, prev: 1 });
      await lane.send('a', { seq: 3, prev: 2 });
      expect(await lane.effects()).toBe(3);
    });

    test('F3: a frame whose predecessor was passed over and never applied is refused as out-of-order', async () => {
      const lane = await prepare(await open());
      await lane.send('a', { seq: 1 });
      await lane.send('a', { seq: 3, prev: 1 });
      await expect(lane.send('a', { seq: 4, prev: 2 })).rejects.toMatchObject({ code: 'out-of-order' });
      await lane.send('a', { seq: 4, prev: 3 });
      expect(await lane.effects()).toBe(3);
    });

    test('F3: a frame whose predecessor is no longer remembered is refused as out-of-order, and accepted without it', async () => {
      const lane = await prepare(await open());
      const sent = limits.framesRemembered + 1;
      for (let seq = 1; seq <= sent; seq++) await lane.send('a', { seq, prev: seq - 1 });
      await expect(lane.send('a', { seq: sent + 1, prev: 1 })).rejects.toMatchObject({ code: 'out-of-order' });
      expect(await lane.effects()).toBe(sent);
      await lane.send('a', { seq: sent + 1, prev: 2 });
      await lane.send('a', { seq: sent + 2, prev: 0 });
      expect(await lane.effects()).toBe(sent + 2);
    });

    test('F3: a tag that remembers nothing of a sender accepts any predecessor', async () => {
      const lane = await prepare(await open());
      await lane.send('a', { seq: 7, prev: 6 });
      await lane.send('a', { seq: 8, prev: 7 });
      expect(await lane.effects()).toBe(2);
    });

    test('F3: frames sent one behind the other, without waiting, are applied in order', async () => {
      const lane = await prepare(await open());
      const sent = [1, 2, 3, 4, 5].map((seq) => lane.send('a', { seq, prev: seq - 1 }));
      await Promise.all(sent);
      expect(await lane.effects()).toBe(5);
    });

    test('F4: a leased frame of a node without presence is refused and changes nothing', async () => {
      const fleet = await open();
      const lane = await prepare(fleet);
      const applied = await lane.send('a', { seq: 1, leased: true });
      await lane.leave('a');
      const lost = { name: 'OwnershipError', code: 'presence-lost' };
      await expect(lane.send('a', { seq: 2, prev: 1, leased: true })).rejects.toMatchObject(lost);
      await expect(lane.send('a', { seq: 1, leased: true })).rejects.toMatchObject(lost);
      expect(applied).toHaveLength(1);
      expect(await lane.effects()).toBe(1);
    });

    test('F6: a frame that names a newer one than any that was applied is refused as forgotten', async () => {
      const lane = await prepare(await open());
      const refused = async (frame: FrameNumber, last: number): Promise<void> => {
        const lost = { name: 'BrokerError', code: 'forgotten', repeatable: false, details: { last } };
        await expect(lane.send('a', frame)).rejects.toMatchObject(lost);
      };
      await refused({ seq: 5, prev: 4, known: 4 }, 0);
      await lane.send('a', { seq: 1 });
      await lane.send('a', { seq: 3, known: 1 });
      await refused({ seq: 5, known: 4 }, 3);
      await lane.send('a', { seq: 5, known: 3 });
      expect(await lane.effects()).toBe(3);
    });

    test('F6: a frame without operations asks whether that is so, and changes nothing else', async () => {
      const lane = await prepare(await open());
      await expect(lane.ask('a', { seq: 2, known: 1 })).rejects.toMatchObject({ details: { last: 0 } });
      await lane.send('a', { seq: 1 });
      expect(await lane.ask('a', { seq: 2, known: 1 })).toEqual([]);
      await lane.send('a', { seq: 3, prev: 2, known: 2 });
      expect(await lane.effects()).toBe(2);
    });

    test('F1: two senders with the same numbers do not disturb each other', async () => {
      const lane = await prepare(await open());
      await lane.send('a', { seq: 1 });
      await lane.send('b', { seq: 1 });
      await lane.send('b', { seq: 2, prev: 1 });
      await expect(lane.send('a', { seq: 3, prev: 2 })).rejects.toMatchObject({ code: 'out-of-order' });
      await lane.send('a', { seq: 2, prev: 1 });
      expect(await lane.effects()).toBe(4);
    });
  });

  test('F1: tags and lanes of one sender number their frames apart', async () => {
    const fleet = await open();
    const node = await fleet.join('a');
    const options = { sender: 'a', seq: 1 };
    await node.tasks.enqueue(frame(queue, [op('x')], options));
    await node.tasks.enqueue(frame('other', [op('y')], options));
    const [task] = await take(node);
    const settled = task && { receipt: task.receipt, outcome: { kind: 'release' as const } };
    expect(await node.tasks.settle(frame(queue, settled ? [settled] : [], options))).toEqual(['settled']);
    expect(await node.queues.stats('other')).toMatchObject({ waiting: 1 });
  });

  test('F5: each operation has its own reply, in order, and all are applied together', async () => {
    const fleet = await open();
    const node = await fleet.join('a');
    await put(node, ['x', 'y']);
    const [x, y] = await take(node);
    if (x === undefined || y === undefined) return expect.fail('two tasks wait');
    const outcome = { kind: 'release' } as const;
    const strange = { ...y.receipt, entry: '1-1' };
    const ops = [x.receipt, strange, x.receipt, y.receipt].map((receipt) => ({ receipt, outcome }));
    const replies = await node.tasks.settle(frame(queue, ops, { sender: 'a' }));
    expect(replies).toEqual(['settled', 'stale', 'stale', 'settled']);
  });

  test('F5: a frame may carry as many operations as the limit allows', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    const ops = Array.from({ length: limits.frameOps }, (_, index) => op(`${index}`));
    const replies = await client.tasks.enqueue(frame(queue, ops));
    expect(new Set(replies.map((reply) => 'taskId' in reply && reply.taskId)).size).toBe(limits.frameOps);
  });
});
