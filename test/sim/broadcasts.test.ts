/**
 * Broadcasts in a fleet that fails: each agent that is up hears each of them once and in stream order, or of the gap.
 */
import { Agent, type Broadcast, onBroadcast, pool } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import type { FleetEvent } from '../../src/agent/event-verbs.ts';
import { sleep } from '../../src/core/clock.ts';
import { saidOf, World } from './world.ts';

function hearing(handle: (event: Broadcast, agent: Agent) => unknown = () => undefined) {
  const heard: unknown[] = [];
  const gaps: Broadcast[] = [];
  class HearAgent extends Agent {
    static readonly role = 'hear';
    @onBroadcast('docs.*') async docs(event: Broadcast): Promise<void> {
      await handle(event, this);
      heard.push(event.data);
    }
    @onBroadcast('runtime.gap') gap(event: Broadcast): void {
      gaps.push(event);
    }
  }
  return { heard, gaps, HearAgent };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a broadcast', () => {
  test('reaches every agent that is up and listens to its topic, and no other', async () => {
    const world = new World();
    const [one, two] = [hearing(), hearing()];
    await world.start('n1', [pool(one.HearAgent, { size: 2 })]);
    const { fleet } = await world.connect();
    await world.until(fleet.broadcast('docs.changed', 1));
    await world.start('n2', [pool(two.HearAgent)]);
    await world.until(fleet.broadcast('docs.changed', 2));
    await world.until(fleet.broadcast('code.changed', 3));
    await world.advance(100);
    expect(one.heard).toEqual([1, 1, 2, 2]);
    expect(two.heard).toEqual([2]);
  });

  test('comes once and in order to each agent although links are cut again and again', async () => {
    const world = new World({ seed: 3 });
    const agents = [hearing(), hearing()];
    const nodes = [];
    for (const [index, { HearAgent }] of agents.entries())
      nodes.push(await world.start(`n${index}`, [pool(HearAgent)]));
    const client = await world.connect();
    const sends: Promise<string>[] = [];
    for (const number of upTo(300)) {
      sends.push(client.fleet.broadcast('docs.changed', number));
      const cut = [nodes[0]?.broker, nodes[1]?.broker, client.broker][number % 11];
      cut?.cutLink();
      await world.advance(number % 13 === 0 ? 30 : 2);
      cut?.restoreLink();
    }
    await world.until(Promise.all(sends));
    await world.eventually(() => agents.every(({ heard }) => heard.length >= 300), 'all broadcasts');
    await world.advance(5_000);
    for (const { heard } of agents) expect(heard).toEqual(upTo(300));
  });

  test('waits in the stream for a slow agent with a tiny mailbox, and holds up no other', async () => {
    const world = new World();
    const slow = hearing(async (_, agent) => sleep(agent.clock, 50));
    const quick: unknown[] = [];
    class QuickAgent extends Agent {
      static readonly role = 'quick';
      @onBroadcast('docs.*') docs(event: Broadcast): void {
        quick.push(event.data);
      }
    }
    await world.start('n1', [pool(slow.HearAgent, { mailbox: 1 }), pool(QuickAgent)]);
    const { fleet } = await world.connect();
    for (const number of upTo(100)) await world.until(fleet.broadcast('docs.changed', number));
    await world.advance(10);
    expect(quick).toEqual(upTo(100));
    expect(slow.heard.length).toBeLessThan(10);
    await world.eventually(() => slow.heard.length === 100, 'the slow agent');
    expect(slow.heard).toEqual(upTo(100));
  });

  test('that was trimmed before an agent could hear it is told as one gap, then the rest comes', async () => {
    const world = new World({ events: 20 });
    const slow = hearing(async (_, agent) => sleep(agent.clock, 50));
    await world.start('n1', [pool(slow.HearAgent, { mailbox: 1 })]);
    const { fleet } = await world.connect();
    for (const number of upTo(100)) await world.until(fleet.broadcast('docs.changed', number));
    await world.eventually(() => slow.heard.includes(99), 'the newest');
    await world.advance(1_000);
    expect(slow.gaps).toHaveLength(1);
    expect(slow.gaps[0]).toMatchObject({ topic: 'runtime.gap', gap: true });
    expect(slow.heard.slice(-20)).toEqual(upTo(100).slice(-20));
    expect(new Set(slow.heard).size).toBe(slow.heard.length);
  });

  test('that was trimmed while the link of a node was cut is told as one gap', async () => {
    const world = new World({ events: 5 });
    const { heard, gaps, HearAgent } = hearing();
    const node = await world.start('n1', [pool(HearAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.broadcast('docs.changed', 'first'));
    await world.advance(10);
    node.broker.cutLink();
    for (const number of upTo(30)) await world.until(fleet.broadcast('docs.changed', number));
    node.broker.restoreLink();
    await world.until(fleet.broadcast('docs.changed', 'last'));
    await world.eventually(() => heard.includes('last'), 'the newest');
    expect(gaps).toHaveLength(1);
    expect(saidOf(node, 'broadcast.gap')).toHaveLength(1);
    expect(heard).toEqual(['first', ...upTo(30).slice(-5), 'last']);
  });

  test('whose handler throws is reported, and the next one comes', async () => {
    const world = new World();
    const { heard, HearAgent } = hearing((event) => {
      if (event.data === 0) throw new Error('no');
    });
    const node = await world.start('n1', [pool(HearAgent)]);
    const { fleet } = await world.connect();
    for (const number of upTo(2)) await world.until(fleet.broadcast('docs.changed', number));
    await world.advance(10);
    expect(heard).toEqual([1]);
    expect(saidOf(node, 'message.failed')).toMatchObject([{ name: 'docs.changed' }]);
  });
});

describe('following the stream', () => {
  async function collect(events: AsyncIterable<FleetEvent>, into: unknown[]): Promise<void> {
    for await (const event of events) into.push(event.data);
  }

  test('gives every event once and in order although the link is cut again and again', async () => {
    const world = new World();
    const [follower, { fleet }] = [await world.connect(), await world.connect()];
    const [got, abort] = [[] as unknown[], new AbortController()];
    const following = collect(follower.fleet.events.follow({ topic: 'docs.*', signal: abort.signal }), got);
    await world.advance(10);
    for (const number of upTo(100)) {
      if (number % 10 === 3) follower.broker.cutLink();
      await world.until(fleet.broadcast(number % 4 === 0 ? 'code.x' : 'docs.x', number));
      if (number % 10 === 8) follower.broker.restoreLink();
      await world.advance(20);
    }
    await world.advance(5_000);
    abort.abort();
    await world.until(following);
    expect(got).toEqual(upTo(100).filter((number) => number % 4 !== 0));
    expect(follower.clock.pending).toBe(0);
  });

  test('ends with an error when the process leaves the fleet', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const following = collect(fleet.events.follow(), []);
    await world.advance(10);
    await world.until(fleet.close());
    await expect(world.until(following)).rejects.toMatchObject({ code: 'closed' });
  });

  test('reads pages with filters, and marks the gap before the first event that is left', async () => {
    const world = new World({ events: 10 });
    const { fleet } = await world.connect();
    for (const number of upTo(30)) await world.until(fleet.broadcast(number % 2 ? 'docs.x' : 'code.x', number));
    const page = await world.until(fleet.events.read({ topic: 'docs.*', limit: 3 }));
    expect(page.map(({ data, gap }) => [data, gap])).toEqual([
      [21, true],
      [23, undefined],
      [25, undefined],
    ]);
  });
});
