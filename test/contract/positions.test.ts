/**
 * Positions of durable subscriptions: kept beside the activations, and written under their epochs only.
 */
import { expect, test } from 'vitest';
import type { Position } from '../../src/broker/events.ts';
import { describeBrokers, type Member, type TestFleet } from './harness.ts';
import { giveBack } from './post.ts';

const lost = { code: 'activation-lost' };

/** The epoch under which `member` is granted the agent. */
async function activate(member: Member, agentId = 'docs'): Promise<number> {
  const [reply] = await member.presence.activate(member.address, [agentId]);
  if (reply?.kind !== 'granted') throw new Error(`expected ${agentId} to be granted, got: ${reply?.kind}`);
  return reply.epoch;
}

/** A node that runs `docs`, and its hand on the position. */
async function owner(fleet: TestFleet, agentId = 'docs') {
  const member = await fleet.join();
  const epoch = await activate(member, agentId);
  return {
    member,
    epoch,
    open: (start: string) => member.events.openPosition({ agentId, epoch }, start),
    save: (position: Position) => member.events.savePosition({ agentId, epoch }, position),
    giveBack: () => giveBack(member, agentId, epoch),
  };
}

const at = (handled: string, handed: string, seq: number): Position => ({ handled, handed, seq });

describeBrokers('positions', (open) => {
  test('E5: a new position begins where it is told, and is there from then on', async () => {
    const fleet = await open();
    const docs = await owner(fleet);
    expect(await docs.open('7-1')).toEqual(at('7-1', '7-1', 0));
    expect(await docs.open('9-9')).toEqual(at('7-1', '7-1', 0));
  });

  test('E5: what was saved is what the next epoch opens, whether the id was given back or its owner was lost', async () => {
    const fleet = await open();
    const first = await owner(fleet);
    await first.open('0');
    await first.save(at('8-0', '12-3', 1));
    expect(await first.giveBack()).toBe(true);
    const second = await owner(fleet);
    expect(await second.open('99-0')).toEqual(at('8-0', '12-3', 0));
    await second.save(at('13-0', '14-0', 1));
    await second.member.presence.leave(second.member.address);
    const third = await owner(fleet);
    expect(third.epoch).toBeGreaterThan(second.epoch);
    expect(await third.open('99-0')).toEqual(at('13-0', '14-0', 0));
  });

  test('E5: an epoch that another one has followed is refused, also before the other has opened the position', async () => {
    const fleet = await open();
    const first = await owner(fleet);
    await first.open('0');
    await first.save(at('8-0', '8-0', 1));
    await first.member.presence.leave(first.member.address);
    const second = await owner(fleet);
    await expect(first.save(at('9-0', '9-0', 2))).rejects.toMatchObject(lost);
    await expect(first.open('0')).rejects.toMatchObject(lost);
    expect(await second.open('0')).toEqual(at('8-0', '8-0', 0));
  });

  test('E5: an epoch is refused also when the one that followed it has given the id back', async () => {
    const fleet = await open();
    const first = await owner(fleet);
    await first.open('0');
    await first.giveBack();
    const second = await owner(fleet);
    await second.open('0');
    await second.save(at('20-0', '20-0', 1));
    await second.giveBack();
    await expect(first.save(at('3-0', '3-0', 99))).rejects.toMatchObject(lost);
    await expect(first.open('0')).rejects.toMatchObject(lost);
    const third = await owner(fleet);
    expect(await third.open('0')).toEqual(at('20-0', '20-0', 0));
  });

  test('E5: of the writes of one epoch the last one stays, whatever order they arrive in', async () => {
    const fleet = await open();
    const docs = await owner(fleet);
    await docs.open('0');
    await docs.save(at('5-0', '9-0', 2));
    await docs.save(at('1-0', '30-0', 1));
    await docs.save(at('1-0', '30-0', 2));
    expect(await docs.open('0')).toEqual(at('5-0', '9-0', 2));
    await docs.save(at('5-0', '6-0', 3));
    expect(await docs.open('0')).toEqual(at('5-0', '6-0', 3));
  });

  test('E5: each agent has its own, and under a new epoch the count of writes begins again', async () => {
    const fleet = await open();
    const [docs, audit] = [await owner(fleet), await owner(fleet, 'audit')];
    await docs.open('1-0');
    await audit.open('2-0');
    await docs.save(at('5-0', '5-0', 40));
    expect(await audit.open('0')).toEqual(at('2-0', '2-0', 0));
    await docs.giveBack();
    const next = await owner(fleet);
    await next.open('0');
    await next.save(at('6-0', '6-0', 1));
    expect(await next.open('0')).toEqual(at('6-0', '6-0', 1));
  });
});
