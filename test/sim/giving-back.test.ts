/**
 * A node of many agents that stops: their ids go back together, in bounded pages, and each as soon as there is a way.
 */
import { Agent, onMessage, onStop, pool, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import type { Holding } from '../../src/broker/presence.ts';
import { sleep } from '../../src/core/clock.ts';
import { BrokerError } from '../../src/core/errors.ts';
import { limits } from '../../src/core/limits.ts';
import { gate, saidOf, type SimNode, World } from './world.ts';

const many = 300;

class ManyAgent extends Agent {
  static readonly role = 'many';
  @onMessage('ping') ping(): string {
    return this.id;
  }
}

/** Every call takes a round trip; those `failing` end without an answer. Sizes of the pages. */
function slowly(world: World, { broker: { presence } }: SimNode, failing: (page: number) => boolean = () => false) {
  const pages: number[] = [];
  const deactivate = presence.deactivate.bind(presence);
  presence.deactivate = async (node: string, holdings: readonly Holding[]): Promise<readonly boolean[]> => {
    pages.push(holdings.length);
    const isFailing = failing(pages.length);
    await sleep(world.clock, 1);
    if (isFailing) throw new BrokerError('unreachable', 'no link');
    return await deactivate(node, holdings);
  };
  return pages;
}

test('ids of many agents go back in pages, each agent is told as down in reverse order, and all are free before the node has left', async () => {
  const world = new World();
  const first = await world.start('n1', [pool(ManyAgent, { size: many })]);
  const { broker } = await world.connect();
  const ids = first.node.cells.map(({ id }) => id);
  const pages = slowly(world, first);
  const leave = first.broker.presence.leave.bind(first.broker.presence);
  let free = 0;
  first.broker.presence.leave = async (node) => {
    free = (await broker.presence.lookup(ids)).filter((one) => one === undefined).length;
    return await leave(node);
  };
  await world.until(first.node.stop());
  expect(pages).toEqual([1, limits.frameOps, limits.frameOps, many - 1 - 2 * limits.frameOps]);
  expect(free).toBe(many);
  expect(saidOf(first, 'agent.down').map(({ agent }) => agent)).toEqual(ids.toReversed());
});

test('the id of an agent that has stopped goes back while the next one still stops', async () => {
  const world = new World();
  class OtherAgent extends Agent {
    static readonly role = 'other';
    @onMessage('ping') ping(): void {}
    @onStop() end(): Promise<void> {
      return sleep(this.clock, 500);
    }
  }
  class QuickAgent extends Agent {
    static readonly role = 'quick';
    @onMessage('ping') ping(): void {}
  }
  const agents = [single(OtherAgent), single(QuickAgent)];
  const first = await world.start('n1', agents);
  const second = await world.start('n2', agents);
  slowly(world, first);
  const stopping = world.until(first.node.stop());
  await world.eventually(() => saidOf(second, 'agent.up').length === 1, 'the quick one to be taken over', 100);
  expect(saidOf(second, 'agent.up')).toMatchObject([{ agent: 'quick' }]);
  await stopping;
  await world.eventually(() => saidOf(second, 'agent.up').length === 2, 'the other one', 100);
});

test('a page that has no answer is left to the presence lease, said, and holds up no other', async () => {
  const world = new World();
  const first = await world.start('n1', [pool(ManyAgent, { size: many })]);
  const { broker } = await world.connect();
  const ids = first.node.cells.map(({ id }) => id);
  slowly(world, first, (page) => page === 2);
  await world.until(first.node.stop());
  expect(saidOf(first, 'log').filter(({ message }) => message.includes('could not be given back'))).toHaveLength(
    limits.frameOps,
  );
  expect(saidOf(first, 'agent.down')).toHaveLength(many);
  expect((await world.until(broker.presence.lookup(ids))).filter((one) => one !== undefined)).toEqual([]);
});

test('X9: an id that a node is granted while it stops goes back before it leaves', async () => {
  const [asked, answered] = [gate(), gate()];
  class DeskAgent extends Agent {
    static readonly role = 'desk';
    @onMessage('ping') ping(): string {
      return this.id;
    }
  }
  class OtherAgent extends Agent {
    static readonly role = 'other';
    @onMessage('ping') ping(): string {
      return this.id;
    }
  }
  const world = new World();
  const desk = single(DeskAgent, { id: 'desk' });
  const first = await world.start('n1', [desk]);
  const second = await world.start('n2', [desk, single(OtherAgent)]);
  const { presence } = second.broker;
  const [activate, deactivate] = [presence.activate.bind(presence), presence.deactivate.bind(presence)];
  presence.activate = async (node, ids) => {
    asked.open();
    await answered.passed;
    return await activate(node, ids);
  };
  const given: string[] = [];
  presence.deactivate = (node, holdings) => {
    given.push(...holdings.map(({ agentId }) => agentId));
    return deactivate(node, holdings);
  };
  await world.until(first.node.stop());
  await world.until(asked.passed);
  const end = second.node.stop();
  await world.advance(1); // it asks for no id any more
  answered.open();
  await world.until(end);
  expect(given.toSorted()).toEqual(['desk', 'other']);
  expect(saidOf(second, 'agent.up').map(({ agent }) => agent)).toEqual(['other']);
});
