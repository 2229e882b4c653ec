/**
 * A node that stands by for many ids: what it asks of the broker, and how soon it has those that become free.
 */
import { Agent, onMessage, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { BrokerError } from '../../src/core/errors.ts';
import { limits } from '../../src/core/limits.ts';
import { gate, saidOf, type SimNode, World } from './world.ts';

const many = 300;

function singles(count: number) {
  return Array.from({ length: count }, (_, index) => {
    class OneAgent extends Agent {
      static readonly role = `one-${index}`;
      @onMessage('ping') ping(): string {
        return 'pong';
      }
    }
    return single(OneAgent);
  });
}

/** Counts what a node asks of presence from now on: ids asked for, and ids looked at, by call. */
function countCalls({ broker: { presence } }: SimNode): { readonly asked: number[]; readonly looked: number[] } {
  const calls = { asked: [] as number[], looked: [] as number[] };
  const [activate, lookup] = [presence.activate.bind(presence), presence.lookup.bind(presence)];
  presence.activate = (node, ids) => (calls.asked.push(ids.length), activate(node, ids));
  presence.lookup = (ids) => (calls.looked.push(ids.length), lookup(ids));
  return calls;
}

const upOn = (node: SimNode): string[] => saidOf(node, 'agent.up').map(({ agent }) => agent);

async function giveBack(world: World, { id: node, broker }: SimNode, agentId: string): Promise<void> {
  const [owned] = await world.until(broker.presence.lookup([agentId]));
  await world.until(broker.presence.deactivate(node, [{ agentId, epoch: owned?.epoch ?? 0 }]));
}

describe('a node that stands by', () => {
  test('X8: looks once a turn, at a page, and asks for nothing while the owners are present', async () => {
    const world = new World();
    await world.start('n1', singles(many));
    const second = await world.start('n2', singles(many), { timing: { heartbeat: '1s' } });
    const calls = countCalls(second);
    await world.advance(60_000);
    expect(calls.asked).toEqual([]);
    expect(calls.looked).toHaveLength(60);
    expect(Math.max(...calls.looked)).toBe(limits.frameOps);
  });

  test('X6: brings up what it was granted when the answer to that was lost', async () => {
    const world = new World();
    const first = await world.start('n1', singles(1));
    const second = await world.start('n2', singles(1));
    const { presence } = second.broker;
    const activate = presence.activate.bind(presence);
    let lost = 0;
    presence.activate = async (node, ids) => {
      const replies = await activate(node, ids);
      if (lost > 0 || replies[0]?.kind !== 'granted') return replies;
      lost++;
      throw new BrokerError('unknown-outcome', 'expected an answer, got: none');
    };
    world.crash(first);
    await world.eventually(() => upOn(second).length === 1, 'the agent to come up');
    expect(lost).toBe(1);
  });

  test('X6: takes every id of an owner that crashed, and none of one that stays', async () => {
    const world = new World();
    const all = singles(many);
    const first = await world.start('n1', all.slice(0, many / 2));
    const second = await world.start('n2', all);
    const third = await world.start('n3', all);
    for (const { node } of [second, third]) node.population.activation.onGone = () => {}; // the notice is lost
    world.crash(first);
    await world.advance(9_000);
    const { broker } = await world.connect();
    const found = await world.until(broker.presence.lookup(all.map((_, index) => `one-${index}`)));
    const owners = found.map((activation) => activation?.owner);
    expect(owners.slice(many / 2)).toEqual(all.slice(many / 2).map(() => 'n2'));
    expect(owners.slice(0, many / 2).filter((owner) => owner !== 'n2' && owner !== 'n3')).toEqual([]);
    expect(upOn(third)).toHaveLength(owners.filter((owner) => owner === 'n3').length);
  });

  test('X6: without the notice asks for every id of an owner that has gone in the turn that finds it', async () => {
    const world = new World();
    const first = await world.start('n1', singles(many));
    const second = await world.start('n2', singles(many));
    second.node.population.activation.onGone = () => {};
    world.crash(first);
    await world.eventually(() => upOn(second).length > 0, 'the take-over');
    await world.eventually(() => upOn(second).length === many, 'the rest of it', 500);
  });

  test('X6: hears that a node has left and has its ids at once', async () => {
    const world = new World();
    const first = await world.start('n1', singles(many));
    const second = await world.start('n2', singles(many));
    await world.until(first.node.stop());
    await world.eventually(() => upOn(second).length === many, 'the take-over', 500);
  });

  test('X6: has an id at once that its owner gave back', async () => {
    const world = new World();
    const first = await world.start('n1', singles(many));
    const second = await world.start('n2', singles(many));
    await giveBack(world, first, 'one-200');
    await world.eventually(() => upOn(second).length > 0, 'the hand-over', 100);
    expect(upOn(second)).toEqual(['one-200']);
  });

  test('X7: without the notice has it by the next turn of few, by the turn of its page of many', async () => {
    for (const [count, turns] of [
      [3, 1],
      [many, 3],
    ] as const) {
      const world = new World();
      const first = await world.start('n1', singles(count));
      const second = await world.start('n2', singles(count));
      second.node.population.activation.onFreed = () => {}; // it is lost
      await giveBack(world, first, `one-${count - 1}`);
      await world.advance(turns * 1_500 + 100);
      expect(upOn(second)).toEqual([`one-${count - 1}`]);
    }
  });

  for (const becomes of ['free', 'held'] as const)
    test(`X9: that is retired while it asks for an id that is ${becomes} leaves it to the others, and asks no more`, async () => {
      const world = new World();
      const first = await world.start('n1', singles(1));
      const second = await world.start('n2', singles(1));
      const { presence } = second.broker;
      const activate = presence.activate.bind(presence);
      const { open, passed } = gate();
      const answered: string[] = [];
      presence.activate = async (node, ids) => {
        const replies = await activate(node, ids);
        answered.push(...replies.map(({ kind }) => kind));
        await passed;
        return replies;
      };
      if (becomes === 'free') await giveBack(world, first, 'one-0');
      else second.node.population.activation.onFreed('one-0');
      await world.eventually(() => answered.length > 0, 'the answer to be on its way');
      expect(answered).toEqual([becomes === 'free' ? 'granted' : 'held']);
      await world.until(second.node.population.remove('one-0', 0, 'it is not wanted'));
      open();
      await world.clock.settle();
      const third = await world.start('n3', singles(1));
      world.crash(first);
      await world.eventually(() => upOn(third).length === 1, 'the one that is left to have it');
      await world.advance(20_000);
      expect([answered.length, upOn(second)]).toEqual([1, []]);
    });

  test('X6: of an owner whose ids somebody else has taken watches the new owner', async () => {
    const world = new World();
    const [first, second] = [await world.start('n1', singles(many)), await world.start('n2', singles(many))];
    const third = await world.start('n3', singles(many));
    world.crash(first);
    await world.advance(9_000);
    const [owner, other] = upOn(second).length > 0 ? [second, third] : [third, second];
    expect([upOn(owner).length, upOn(other).length]).toEqual([many, 0]);
    const calls = countCalls(other);
    await world.advance(30_000);
    expect(calls.asked).toEqual([]);
    world.crash(owner);
    await world.advance(9_000);
    expect(upOn(other)).toHaveLength(many);
  });
});
