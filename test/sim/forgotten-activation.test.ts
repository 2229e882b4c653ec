/**
 * X10: the broker has lost the last moments of its data, and with them that an agent is this node's.
 */
import { Agent, onMessage, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import { snapshotOf } from '../../src/memory/snapshot.ts';
import { gate, saidOf, type SimNode, World } from './world.ts';

class DeskAgent extends Agent {
  static readonly role = 'desk';
  @onMessage('who') who(): string {
    return this.id;
  }
}

const hosting = single(DeskAgent, { id: 'desk' });
const isUpOn = (node: SimNode): boolean => saidOf(node, 'agent.up').length > 0;

/** An agent that has moved from one node to another, and what makes the broker forget that it has. */
async function handedOver(): Promise<{ world: World; second: SimNode; rewind: () => void }> {
  const world = new World();
  const first = await world.start('n1', [hosting]);
  const second = await world.start('n2', [hosting]);
  const rewind = snapshotOf(world.fleet);
  await world.until(first.node.stop({ graceMs: 0 }));
  await world.eventually(() => isUpOn(second), 'the second node to take over');
  return { world, second, rewind };
}

test('a node that the broker no longer knows as the owner of an agent works no more, and the agent runs in one place', async () => {
  const { world, second, rewind } = await handedOver();
  second.broker.cutLink();
  rewind(); // the first one has the agent again, and is gone
  second.broker.restoreLink();
  await world.eventually(() => second.ends.length > 0, 'the second node to be fenced');
  expect(saidOf(second, 'node.fenced')).toMatchObject([
    { reason: 'by what the broker says, desk is not of this node any more' },
  ]);
  await world.until(second.node.stop({ graceMs: 0 }));
  const third = await world.start('n3', [hosting]);
  await world.eventually(() => isUpOn(third), 'the lease of the first node to end');
  expect((await world.until(third.broker.presence.lookup(['desk'])))[0]?.owner).toBe(third.id);
});

test('a link that is lost once more while a node looks makes it look again', async () => {
  const { world, second, rewind } = await handedOver();
  const { presence } = second.broker;
  const [found, answered] = [gate(), gate()];
  const lookup = presence.lookup.bind(presence);
  presence.lookup = async (ids) => {
    const reply = await lookup(ids);
    found.open();
    await answered.passed;
    return reply;
  };
  second.broker.cutLink();
  second.broker.restoreLink();
  await world.until(found.passed);
  second.broker.cutLink();
  rewind();
  second.broker.restoreLink();
  answered.open(); // what it hears was true before
  await world.eventually(() => second.ends.length > 0, 'the second node to be fenced');
  expect(saidOf(second, 'node.fenced')).toMatchObject([
    { reason: 'by what the broker says, desk is not of this node any more' },
  ]);
});

test('a link that is lost and comes back with everything changes nothing', async () => {
  const world = new World();
  const first = await world.start('n1', [hosting]);
  first.broker.cutLink();
  first.broker.restoreLink();
  await world.advance(30_000);
  expect(saidOf(first, 'node.fenced')).toEqual([]);
  expect(first.ends).toEqual([]);
});
