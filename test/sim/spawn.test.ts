/**
 * Agents that are started on the running fleet: where they come up, whom they end with, and who takes them over.
 */
import {
  Agent,
  type DeliveryError,
  HandlerError,
  onMessage,
  onStart,
  onStop,
  onTask,
  pool,
  single,
} from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { placesOf } from '../../src/client/placement.ts';
import { gate, type SimNode, saidOf, World } from './world.ts';

/** Live agents by id, how often each started, and the most that were live at a time under one id. */
function ledger() {
  const live = new Map<string, number>();
  const starts: string[] = [];
  let most = 0;
  class HelperAgent extends Agent {
    static readonly role = 'helper';
    @onStart() begin(): void {
      starts.push(this.id);
      live.set(this.id, (live.get(this.id) ?? 0) + 1);
      most = Math.max(most, ...live.values());
      this.signal.addEventListener('abort', () => live.set(this.id, (live.get(this.id) ?? 0) - 1), { once: true });
    }
    @onMessage('who') who(): string {
      return this.id;
    }
  }
  class BossAgent extends Agent {
    static readonly role = 'boss';
    @onMessage('hire') async hire(message: { data: unknown }): Promise<string> {
      const { detached = false } = (message.data ?? {}) as { detached?: boolean };
      return (await this.spawn(HelperAgent, { detached })).id;
    }
  }
  const liveIds = (): string[] => [...live].filter(([, count]) => count > 0).map(([id]) => id);
  return { HelperAgent, BossAgent, starts, liveIds, most: () => most };
}

const hosts = (node: SimNode): readonly string[] => node.node.cells.map(({ id }) => id);

describe('a spawned agent', () => {
  test('comes up where there is most room, is known to the fleet by its id, and is stopped', async () => {
    const world = new World();
    const { HelperAgent, liveIds } = ledger();
    const nodes = [];
    for (const id of ['n1', 'n2', 'n3']) nodes.push(await world.start(id, [pool(HelperAgent, { size: 0 })]));
    const { fleet } = await world.connect();
    const spawned = [];
    for (let index = 0; index < 6; index++) spawned.push(await world.until(fleet.spawn(HelperAgent)));
    expect(nodes.map((node) => hosts(node).length)).toEqual([2, 2, 2]);
    const [first] = spawned;
    expect(await world.until(fleet.ask(first!.id, 'who'))).toBe(first!.id);
    expect(await world.until(first!.stop())).toBe(true);
    expect(await world.until(first!.stop())).toBe(false);
    expect(liveIds()).toHaveLength(5);
    expect(await world.until(fleet.stop(spawned[1]!.id))).toBe(true);
    expect(await world.until(fleet.stop('nobody'))).toBe(false);
    expect(liveIds()).toHaveLength(4);
  });

  test('many at once are spread, although no node has told its load meanwhile', async () => {
    const world = new World();
    const { HelperAgent } = ledger();
    const nodes = [];
    for (const id of ['n1', 'n2']) nodes.push(await world.start(id, [pool(HelperAgent, { size: 0 })]));
    const { fleet } = await world.connect();
    await world.until(Promise.all(Array.from({ length: 20 }, () => fleet.spawn(HelperAgent))));
    expect(nodes.map((node) => hosts(node).length)).toEqual([10, 10]);
  });

  test('has an id that nobody else has, and a class that some node hosts', async () => {
    const world = new World();
    const { HelperAgent, BossAgent } = ledger();
    const node = await world.start('n1', [pool(HelperAgent, { size: 0 }), single(BossAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.spawn(HelperAgent, { id: 'me' }));
    const tries = [
      fleet.spawn(HelperAgent, { id: 'me' }),
      fleet.spawn(HelperAgent, { id: 'boss' }),
      fleet.spawn('stranger'),
      fleet.spawn(HelperAgent, { id: 'a:b' }),
    ];
    const failed = await world.until(Promise.allSettled(tries));
    const codes = failed.map((one) => (one.status === 'rejected' ? (one.reason as DeliveryError).code : 'up'));
    expect(codes).toEqual(['id-taken', 'id-taken', 'no-node', 'malformed']);
    expect(hosts(node)).toEqual(['boss', 'me']);
    expect(await world.until(fleet.ask('me', 'who'))).toBe('me');
  });

  test('that cannot start is given up: its spawner is told why, its node goes on, and nothing is left', async () => {
    const world = new World();
    class BrokenAgent extends Agent {
      static readonly role = 'broken';
      @onStart() begin(): void {
        throw new TypeError('no such thing');
      }
      @onMessage('x') x(): void {}
    }
    const node = await world.start('n1', [pool(BrokenAgent, { size: 0 })]);
    const { fleet, broker } = await world.connect();
    const failed = await world.until(fleet.spawn(BrokenAgent, { deadline: '10m' }).catch((error: unknown) => error));
    expect(failed).toBeInstanceOf(HandlerError);
    expect(String(failed)).toContain('no such thing');
    await world.advance(5_000);
    expect([hosts(node), node.ends]).toEqual([[], []]);
    expect((await world.until(broker.control.roster('any')))?.entries).toEqual([]);
  });

  test('whose onStart does not end in time is taken down again', async () => {
    const world = new World();
    class SlowAgent extends Agent {
      static readonly role = 'slow';
      @onStart() begin(): Promise<void> {
        return gate().passed;
      }
      @onMessage('x') x(): void {}
    }
    const node = await world.start('n1', [pool(SlowAgent, { size: 0 })]);
    const { fleet } = await world.connect();
    await expect(world.until(fleet.spawn(SlowAgent, { deadline: '5s' }))).rejects.toMatchObject({
      code: 'reply-timeout',
    });
    await world.advance(10_000);
    expect(hosts(node)).toEqual([]);
  });

  test('is taken over once, under a higher epoch, when its node crashes', async () => {
    const world = new World({ seed: 3 });
    const { HelperAgent, starts, most } = ledger();
    const nodes = [];
    for (const id of ['n1', 'n2', 'n3']) nodes.push(await world.start(id, [pool(HelperAgent, { size: 0 })]));
    const { fleet, broker } = await world.connect();
    const spawned = [];
    for (let index = 0; index < 9; index++) spawned.push(await world.until(fleet.spawn(HelperAgent)));
    const ids = spawned.map(({ id }) => id);
    const before = await world.until(broker.presence.lookup(ids));
    world.crash(nodes[0]!);
    await world.eventually(() => starts.length === 12, 'the take-overs');
    await world.advance(20_000);
    const after = await world.until(broker.presence.lookup(ids));
    for (const [index, { node, id }] of spawned.entries()) {
      expect(starts.filter((started) => started === id)).toHaveLength(node === 'n1' ? 2 : 1);
      if (node === 'n1') expect(after[index]!.epoch).toBeGreaterThan(before[index]!.epoch);
      else expect(after[index]).toEqual(before[index]);
    }
    expect(Math.abs(hosts(nodes[1]!).length - hosts(nodes[2]!).length)).toBeLessThanOrEqual(1);
    expect(most()).toBeLessThanOrEqual(2); // the crashed one runs no code that would tell its end
  });

  test('is handed over at once by a node that drains', async () => {
    const world = new World();
    const { HelperAgent, starts, liveIds, most } = ledger();
    const first = await world.start('n1', [pool(HelperAgent, { size: 0 })]);
    const { fleet } = await world.connect();
    const { id } = await world.until(fleet.spawn(HelperAgent));
    await world.start('n2', [pool(HelperAgent, { size: 0 })]);
    await world.advance(5_000);
    const before = world.clock.monotonic();
    await world.until(first.node.stop());
    await world.eventually(() => starts.length === 2, 'the hand-over');
    expect(world.clock.monotonic() - before).toBeLessThan(500);
    expect([liveIds(), most()]).toEqual([[id], 1]);
  });

  test('of a spawner that dies between its record and its start is up all the same', async () => {
    const world = new World();
    const { HelperAgent, liveIds } = ledger();
    const node = await world.start('n1', [pool(HelperAgent, { size: 0 })]);
    const spawner = await world.connect();
    const record = { kind: 'agent', id: 'orphan', role: 'helper', node: 'n1', spawn: 's1' };
    await world.until(spawner.broker.control.enrol({ name: 'agent:orphan', text: JSON.stringify(record) }));
    world.crash(spawner);
    await world.eventually(() => liveIds().includes('orphan'), 'the agent');
    expect(hosts(node)).toEqual(['orphan']);
  });
});

describe('a child', () => {
  const family = async (world: World) => {
    const book = ledger();
    const boss = await world.start('n1', [single(book.BossAgent)]);
    const helpers = await world.start('n2', [pool(book.HelperAgent, { size: 0 })]);
    const { fleet } = await world.connect();
    const child = (await world.until(fleet.ask('boss', 'hire', {}))) as string;
    const free = (await world.until(fleet.ask('boss', 'hire', { detached: true }))) as string;
    return { ...book, boss, helpers, fleet, child, free };
  };

  test('ends when its parent stops; one that was spawned detached goes on', async () => {
    const world = new World();
    const { boss, helpers, child, free, liveIds } = await family(world);
    expect(liveIds().toSorted()).toEqual([child, free].toSorted());
    await world.until(boss.node.stop());
    await world.eventually(() => !liveIds().includes(child), 'the end of the child', 3_000);
    await world.advance(20_000);
    expect([liveIds(), hosts(helpers)]).toEqual([[free], [free]]);
  });

  test('ends when the node of its parent crashes, also when the parent lives on elsewhere', async () => {
    const world = new World();
    const { boss, child, free, liveIds, BossAgent } = await family(world);
    const third = await world.start('n3', [single(BossAgent)]);
    world.crash(boss);
    await world.eventually(() => saidOf(third, 'agent.up').length === 1, 'the next parent');
    await world.eventually(() => !liveIds().includes(child), 'the end of the child', 5_000);
    await world.advance(20_000);
    expect(liveIds()).toEqual([free]);
  });

  test('of an earlier incarnation ends although an agent of that id is live', async () => {
    const world = new World();
    const { helpers, free, fleet, liveIds } = await family(world);
    const { broker } = await world.connect();
    const [boss] = await world.until(broker.presence.lookup(['boss']));
    const parent = { id: 'boss', epoch: boss!.epoch - 1 };
    const record = { kind: 'agent', id: 'late', role: 'helper', node: 'n2', spawn: 's1', parent };
    await world.until(broker.control.enrol({ name: 'agent:late', text: JSON.stringify(record) }));
    await world.advance(10_000);
    expect(liveIds()).not.toContain('late');
    expect(hosts(helpers)).toHaveLength(2);
    expect(await world.until(fleet.ask(free, 'who'))).toBe(free);
  });

  test('whose node crashes together with that of its parent is not taken over', async () => {
    const world = new World();
    const { boss, helpers, child, free, starts, HelperAgent } = await family(world);
    await world.start('n3', [pool(HelperAgent, { size: 0 })]);
    world.crash(boss);
    world.crash(helpers);
    await world.eventually(() => starts.filter((id) => id === free).length === 2, 'the other one');
    await world.advance(20_000);
    expect(starts.filter((id) => id === child)).toHaveLength(1);
  });

  test('ends when its parent is restarted in its place', async () => {
    const world = new World();
    const { HelperAgent, liveIds } = ledger();
    class WildAgent extends Agent {
      static readonly role = 'wild';
      @onStart() async begin(): Promise<void> {
        await this.spawn(HelperAgent);
      }
      @onTask('hang', undefined, undefined, { timeout: 10, retries: 0, grace: 0 }) hang(): Promise<void> {
        return gate().passed;
      }
    }
    await world.start('n2', [pool(HelperAgent, { size: 0 })]);
    const wild = await world.start('n1', [single(WildAgent)]);
    const before = liveIds();
    const { fleet } = await world.connect();
    for (let index = 0; index < 4; index++)
      await world.until(fleet.run({ role: 'wild', task: 'hang' }, {}).catch(() => undefined));
    await world.eventually(() => saidOf(wild, 'agent.up').length === 2, 'the restart');
    await world.advance(5_000);
    expect(before).toHaveLength(1);
    expect(liveIds()).toHaveLength(1);
    expect(liveIds()).not.toEqual(before);
  });

  test('of a single node can be spawned while that node starts', async () => {
    const world = new World();
    const { HelperAgent, liveIds } = ledger();
    class FirstAgent extends Agent {
      static readonly role = 'first';
      @onStart() async begin(): Promise<void> {
        await this.spawn(HelperAgent, { id: 'early' });
      }
      @onMessage('x') x(): void {}
    }
    await world.start('n1', [single(FirstAgent), pool(HelperAgent, { size: 0 })]);
    expect(liveIds()).toEqual(['early']);
  });
});

describe('a pool that is scaled', () => {
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work(): string {
      return this.id;
    }
    @onStop() end(): void {}
  }

  test('has that many agents in the whole fleet, whatever nodes come and go, until it is told otherwise', async () => {
    const world = new World();
    const start = (id: string) => world.start(id, [pool(WorkAgent, { size: 2 })]);
    const nodes = [await start('n1'), await start('n2')];
    const sizes = (): number[] => nodes.map((node) => hosts(node).length);
    const { fleet } = await world.connect();
    await world.until(fleet.scale('work', 5));
    await world.eventually(() => sizes().join() === '3,2', 'the first size', 1_000);
    nodes.push(await start('n3'));
    await world.eventually(() => sizes().join() === '2,2,1', 'a share for the third');
    world.crash(nodes[0]!);
    await world.eventually(() => sizes().slice(1).join() === '3,2', 'the shares of two');
    await world.until(fleet.scale('work', 1));
    await world.eventually(() => sizes().slice(1).join() === '1,0', 'one agent');
    expect(await world.until(fleet.run({ role: 'work', task: 'work' }, {}))).toBe('work@n2.1');
    await world.until(fleet.scale('work', null));
    await world.eventually(() => sizes().slice(1).join() === '2,2', 'the configured size');
    await expect(world.until(fleet.scale('nobody', 1))).rejects.toMatchObject({ code: 'no-node' });
    await expect(world.until(fleet.scale('work', -1))).rejects.toMatchObject({ code: 'malformed' });
  });

  test('loses no task on the way down', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(WorkAgent, { size: 8 })]);
    const { fleet } = await world.connect();
    const results = Array.from({ length: 50 }, () => fleet.run({ role: 'work', task: 'work' }, {}));
    await world.until(fleet.scale('work', 1));
    expect(await world.until(Promise.all(results))).toHaveLength(50);
    await world.eventually(() => hosts(node).length === 1, 'one agent');
  });
});

test('when the broker loses the roster, what ran is enrolled again, and that is said', async () => {
  const world = new World();
  const { HelperAgent, liveIds } = ledger();
  const node = await world.start('n1', [pool(HelperAgent, { size: 0 })]);
  const { fleet, broker } = await world.connect();
  await world.until(fleet.spawn(HelperAgent, { id: 'kept' }));
  await world.until(fleet.scale('helper', 2));
  await world.eventually(() => hosts(node).length === 3, 'the pool');
  world.fleet.roster.clear();
  await world.until(broker.control.enrol({ name: 'agent:other', text: '{}' }));
  await world.eventually(() => saidOf(node, 'broker.data-lost').length > 0, 'the word of it');
  expect(saidOf(node, 'broker.data-lost')[0]?.what).toContain('2 of 2 records');
  await world.advance(10_000);
  expect(liveIds().toSorted()).toEqual(['helper@n1.1', 'helper@n1.2', 'kept']);
  const entries = (await world.until(broker.control.roster('any')))?.entries ?? [];
  expect(entries.map(({ name }) => name).toSorted()).toEqual(['agent:kept', 'agent:other', 'pool:helper']);
  expect(placesOf(await world.until(fleet.nodes()))[0]).toMatchObject({ roles: ['helper'], pools: ['helper'] });
});
