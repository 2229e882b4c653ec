/**
 * A node whose presence has ended is refused by every call that acts in a node's name.
 */
import { describe, expect, test } from 'vitest';
import { describeBrokers, frame, type Member, nodeInfo } from './harness.ts';
import { complete, numbered, op, put, queue, takeOne } from './work.ts';

const node = 'fenced';
const acts: readonly { name: string; act: (member: Member) => Promise<unknown> }[] = [
  { name: 'claim', act: ({ tasks }) => tasks.claim({ queue, node, count: 1 }) },
  { name: 'wait', act: ({ tasks }) => tasks.wait({ queues: [queue], node, count: 1, timeoutMs: 20 }) },
  { name: 'renew', act: ({ tasks }) => tasks.renew({ queue, node, receipts: [] }) },
  { name: 'recover', act: ({ tasks }) => tasks.recover({ queue, node, count: 1, leaseMs: 0, gone: [] }) },
  { name: 'promote', act: ({ tasks }) => tasks.promote({ queue, node, count: 1 }) },
  { name: 'activate', act: ({ presence }) => presence.activate(node, ['docs']) },
  {
    name: 'enqueue',
    act: ({ tasks }) => tasks.enqueue(frame(queue, [op('x')], { sender: node, leased: true })),
  },
];

describeBrokers('fenced', (open) => {
  describe.each(acts)('$name', ({ act }) => {
    test('F4: is refused with presence-lost when the lease has ended, and changes nothing', async () => {
      const fleet = await open();
      const member = await fleet.join(node, 300);
      await member.presence.activate(node, ['mark']);
      await put(member, numbered(2));
      const isOver = async () => (await member.presence.lookup(['mark']))[0] === undefined;
      await fleet.eventually(isOver, 'the lease to end');
      await expect(act(member)).rejects.toMatchObject({ name: 'OwnershipError', code: 'presence-lost' });
      expect(await member.queues.stats(queue)).toMatchObject({ waiting: 2, claimed: 0 });
    });

    test('F4: is refused with presence-lost after the node left, and before it joined', async () => {
      const fleet = await open();
      const member = await fleet.connect(node);
      await expect(act(member)).rejects.toMatchObject({ code: 'presence-lost' });
      await member.presence.join(nodeInfo(node), 600_000);
      await fleet.ended(act(member));
      await member.presence.leave(node);
      await expect(act(member)).rejects.toMatchObject({ code: 'presence-lost' });
    });
  });

  test('F4: a task that a node holds when its presence ends can be settled by it no more', async () => {
    const fleet = await open();
    const [member, other] = [await fleet.join(node), await fleet.join('other')];
    const [id] = await put(member, ['x']);
    const task = await takeOne(member);
    await other.presence.leave(node);
    const ops = [{ receipt: task.receipt, outcome: complete }];
    const settle = member.tasks.settle(frame(queue, ops, { sender: node, leased: true }));
    await expect(settle).rejects.toMatchObject({ code: 'presence-lost' });
    expect(await other.queues.state(id ?? '')).toBe('claimed');
  });
});
