/**
 * A node that says whether it is ready, and what it tells the fleet: what it cannot do is said, and is over when it can again.
 */
import { Agent, onMessage, onStart, onTask, pool, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { nodeLine } from '../../src/cli/fleet-status.ts';
import { sleep } from '../../src/core/clock.ts';
import { BrokerError } from '../../src/core/errors.ts';
import { readToldStatus } from '../../src/runtime/told-status.ts';
import { gate, saidOf, type SimNode, World } from './world.ts';

class WorkAgent extends Agent {
  static readonly role = 'work';
  @onTask('work') work(): string {
    return 'done';
  }
}

/** What the fleet knows of a node. */
async function told(world: World, { id }: SimNode) {
  const { fleet } = await world.connect();
  const record = (await world.until(fleet.nodes())).find(({ node }) => node === id);
  if (record === undefined) throw new Error(`expected node ${id} to be known`);
  const status = readToldStatus(record.status);
  return { ...status, line: nodeLine(record, status) };
}

describe('a node is ready', () => {
  test('when its start has ended, and the fleet knows it at once; not before, and not while it stops', async () => {
    const world = new World();
    const go = gate();
    class SlowAgent extends WorkAgent {
      static override readonly role = 'work';
      @onStart() async begin(): Promise<void> {
        await go.passed;
      }
      @onTask('long') async long(): Promise<void> {
        await sleep(this.clock, 3_000);
      }
    }
    const made = world.make('n1', [single(SlowAgent)]);
    const starting = made.node.start();
    await world.advance(4_000);
    expect(made.node.readiness()).toEqual({ ready: false, why: ['it is starting', 'agent work is starting'] });
    expect((await told(world, made)).line).toMatchObject({ state: 'starting', ready: false });
    go.open();
    await world.until(starting);
    expect(made.node.readiness()).toEqual({ ready: true, why: [] });
    expect((await told(world, made)).line).toMatchObject({ state: 'up', ready: true });

    const { fleet } = await world.connect();
    await world.until(fleet.enqueue({ role: 'work', task: 'long' }, null));
    await world.eventually(() => saidOf(made, 'task.started').length > 0, 'the task');
    const stopping = made.node.stop();
    await world.advance(1_600);
    expect((await told(world, made)).line).toMatchObject({ state: 'stopping', ready: false, why: ['it is stopping'] });
    await world.until(stopping);
  });

  test('also where its agent stands by', async () => {
    const world = new World();
    await world.start('n1', [single(WorkAgent)]);
    const second = await world.start('n2', [single(WorkAgent)]);
    expect(second.node.readiness()).toEqual({ ready: true, why: [] });
    expect(await told(world, second)).toMatchObject({ agents: [{ state: 'standby' }] });
  });

  test('not while an agent restarts, and says why it was restarted', async () => {
    const world = new World();
    let starts = 0;
    class FlakyAgent extends WorkAgent {
      static override readonly role = 'work';
      @onStart() begin(): void {
        if (++starts < 3) throw new Error(`no database ${starts}`);
      }
    }
    const node = await world.start('n1', [single(FlakyAgent)]);
    expect(node.node.readiness()).toEqual({ ready: false, why: ['agent work is restarting'] });
    await world.eventually(() => node.node.readiness().ready, 'the agent to be up');
    await world.advance(1_600);
    const [agent] = (await told(world, node)).agents;
    expect(agent).toMatchObject({ restarts: 2, state: 'up' });
    expect(agent?.restartReasons.map(({ reason }) => reason)).toEqual(['no database 1', 'no database 2']);
  });

  test('not while its link is cut, nor until it has claimed again', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(WorkAgent)]);
    node.broker.cutLink();
    expect(node.node.readiness().why).toContain('its memory link is down');
    await world.advance(3_500);
    expect(node.node.readiness().why.join()).toMatch(/last renewed 3\.\d s ago.*it cannot wait for tasks/);
    node.broker.restoreLink();
    await world.eventually(() => node.node.readiness().ready, 'it to be ready again', 5_000);
  });

  test('not when its claims are refused, though its heart beats', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const claim = node.broker.tasks.claim.bind(node.broker.tasks);
    node.broker.tasks.claim = () => Promise.reject(new BrokerError('refused', 'no permission'));
    const handle = await world.until(fleet.enqueue({ role: 'work', task: 'work' }, null));
    await world.until(handle.result());
    await world.advance(1_600);
    expect((await told(world, node)).line).toMatchObject({
      state: 'not ready',
      why: ['it cannot claim tasks of "work": no permission'],
    });
    node.broker.tasks.claim = claim;
    await world.eventually(() => node.node.readiness().ready, 'it to be ready again', 5_000);
  });

  test('not when its blocking read never comes back, though its heart beats', async () => {
    const world = new World();
    const made = world.make('n1', [pool(WorkAgent)]);
    const held = gate<readonly never[]>();
    made.broker.tasks.wait = () => held.passed;
    await world.until(made.node.start());
    await world.advance(2_900);
    expect(made.node.readiness().ready).toBe(true);
    await world.advance(10_000);
    expect(made.node.readiness().why.join()).toMatch(/^its blocking read has not come back for 12\.\d s$/);
    expect((await told(world, made)).line).toMatchObject({ state: 'not ready', alive: true });
    held.open([]);
    await world.until(made.node.stop());
  });

  test('and one that has no tasks to wait for is not asked to claim', async () => {
    const world = new World();
    class EarAgent extends Agent {
      static readonly role = 'ear';
      @onMessage('word') word(): void {}
    }
    const node = await world.start('n1', [single(EarAgent)]);
    node.broker.tasks.wait = () => gate<readonly never[]>().passed;
    await world.advance(20_000);
    expect(node.node.readiness()).toEqual({ ready: true, why: [] });
  });
});

describe('a node that hangs', () => {
  test('is not ready for those who look, although its last word was that it is', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(WorkAgent)]);
    await world.advance(2_000);
    node.clock.hold();
    await world.advance(3_500);
    expect((await told(world, node)).line).toMatchObject({ alive: true, state: 'not ready', ready: false });
    node.clock.resume();
    await world.eventually(() => node.node.readiness().ready, 'it to go on');
  });
});

describe('what a node tells', () => {
  test('has what runs in it and since when', async () => {
    const world = new World();
    class LongAgent extends Agent {
      static readonly role = 'long';
      @onTask('long') async long(): Promise<void> {
        await sleep(this.clock, 10_000);
      }
    }
    const node = await world.start('n1', [pool(LongAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.enqueue({ role: 'long', task: 'long' }, null));
    await world.advance(4_000);
    const { inFlight, running } = await told(world, node);
    expect(inFlight).toMatchObject([{ agent: 'long@n1.1', kind: 'task', name: 'long' }]);
    expect(world.clock.now() - Number(inFlight[0]?.since)).toBeGreaterThan(3_900);
    expect(running).toBe(1);
    await world.advance(9_000);
    expect((await told(world, node)).inFlight).toEqual([]);
  });
});

describe('the contract of a role', () => {
  class OtherAgent extends WorkAgent {
    static override readonly role = 'work';
    @onTask('more') more(): void {}
  }
  const differs = (node: SimNode) => saidOf(node, 'contract.differs');

  test('is compared when a node joins: where it differs from that of others, it is said with who they are', async () => {
    const world = new World();
    const first = await world.start('n1', [pool(WorkAgent)]);
    const same = await world.start('n2', [pool(WorkAgent)]);
    const other = await world.start('n3', [pool(OtherAgent)]);
    expect(differs(first)).toEqual([]);
    expect(differs(same)).toEqual([]);
    const [
      {
        contracts: [mine],
      },
      {
        contracts: [theirs],
      },
    ] = [await told(world, other), await told(world, first)];
    expect(mine?.version).not.toBe(theirs?.version);
    expect(saidOf(other, 'contract.differs')).toMatchObject([
      { role: 'work', node: 'n3', version: mine?.version, others: [{ version: theirs?.version, nodes: ['n1', 'n2'] }] },
    ]);
  });

  test('of nodes that are gone, of other roles and of strangers is left alone', async () => {
    const world = new World();
    const first = await world.start('n1', [pool(WorkAgent)]);
    const stranger = await world.connect();
    const strange = { node: 'x', host: 'h', pid: 1, startedAt: 0, status: '{"contracts":[{"role":7}]}' };
    await world.until(stranger.broker.presence.join(strange, 600_000));
    world.crash(first);
    await world.advance(6_000);
    const other = await world.start('n2', [pool(OtherAgent)]);
    expect(differs(other)).toEqual([]);
  });

  test('that cannot be compared keeps no node from starting', async () => {
    const world = new World();
    const made = world.make('n1', [pool(WorkAgent)]);
    made.broker.presence.nodes = () => Promise.reject(new BrokerError('full', 'no memory'));
    await world.until(made.node.start());
    expect(saidOf(made, 'broker.trouble')).toMatchObject([{ what: 'comparing the contracts of the fleet' }]);
    await world.until(made.node.stop());
  });
});
