/**
 * What becomes of nodes and agents, as anybody reads and follows it.
 */
import { Agent, type Message, onMessage, onStart, onTask, pool, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import type { LifecycleEvent } from '../../src/client/lifecycle-view.ts';
import { sleep } from '../../src/core/clock.ts';
import { saidOf, type SimClient, World } from './world.ts';

class DocsAgent extends Agent {
  static readonly role: string = 'docs';
  @onMessage('who') who(_: Message): string {
    return this.id;
  }
}

class WorkAgent extends DocsAgent {
  static override readonly role = 'work';
}

const said = (events: readonly LifecycleEvent[]): string[] =>
  events.map((event) => ['agent' in event ? event.agent : event.node, event.kind.split('.')[1]].join(' '));

/** Collects what is followed, until the test ends. */
function follow(world: World, { fleet }: SimClient, range: { after?: string; since?: '1h' } = {}) {
  const heard: LifecycleEvent[] = [];
  const leaving = new AbortController();
  const done = (async () => {
    for await (const event of fleet.lifecycle.follow({ ...range, signal: leaving.signal })) heard.push(event);
  })();
  return { heard, leave: () => (leaving.abort(), world.until(done)) };
}

test('a follower hears of nodes and agents that come and go in order, once each', async () => {
  const world = new World();
  const client = await world.connect();
  const { heard, leave } = follow(world, client);
  await world.advance(100);
  const node = await world.start('n1', [single(DocsAgent), pool(WorkAgent, { size: 2 })]);
  await world.until(node.node.stop());
  await world.advance(100);
  const agents = ['docs', 'work@n1.1', 'work@n1.2'];
  expect(said(heard)).toEqual([
    'n1 up',
    ...agents.map((agent) => `${agent} up`),
    ...agents.toReversed().map((agent) => `${agent} down`),
    'n1 down',
  ]);
  expect(heard.at(-1)).toMatchObject({ kind: 'node.down', node: 'n1', reason: 'left' });
  expect(heard[1]).toMatchObject({ kind: 'agent.up', node: 'n1', agent: 'docs', role: 'docs' });
  await leave();
  expect(client.clock.pending).toBe(0);
});

test('of a killed node exactly one of the others tells, and its agents need no telling', async () => {
  const world = new World();
  const nodes = [];
  for (let n = 1; n <= 5; n++) nodes.push(await world.start(`n${n}`, n === 1 ? [single(DocsAgent)] : []));
  const client = await world.connect();
  const { heard, leave } = follow(world, client);
  await world.advance(100);
  const killedAt = world.clock.now();
  world.crash(nodes[0]!);
  await world.advance(60_000);
  expect(heard).toMatchObject([{ kind: 'node.down', node: 'n1', reason: 'lease ended' }]);
  expect(Number(heard[0]?.at) - killedAt).toBeLessThanOrEqual(6_600);
  await leave();
});

test('a restart in the same place is told with its reason when the agent is up again', async () => {
  const world = new World();
  let starts = 0;
  class FragileAgent extends Agent {
    static readonly role = 'fragile';
    @onStart() begin(): void {
      if (++starts === 1 || starts === 3) throw new Error(`start ${starts} failed`);
    }
    @onTask('ignore', undefined, undefined, { timeout: '1s', grace: '1s', retries: 0 })
    async ignore(): Promise<void> {
      await sleep(this.clock, 3_600_000);
    }
  }
  const node = await world.start('n1', [single(FragileAgent, { concurrency: 4 })]);
  const { fleet } = await world.connect();
  await world.eventually(() => saidOf(node, 'agent.up').length === 1, 'the first start');
  const runs = [1, 2, 3, 4].map((n) => fleet.run({ role: 'fragile', task: 'ignore' }, n).catch(() => undefined));
  await world.until(Promise.all(runs));
  await world.eventually(() => saidOf(node, 'agent.up').length === 2, 'the restart');
  await world.advance(100);
  const events = await world.until(fleet.lifecycle.read());
  expect(said(events)).toEqual(['n1 up', 'fragile up', 'fragile restarted']);
  expect(events.at(-1)).toMatchObject({ reason: 'start 3 failed' });
});

test('records are read from any of them or from a moment on, no more than asked for', async () => {
  const world = new World();
  const node = await world.start('n1', [pool(WorkAgent, { size: 300 })]);
  const { fleet } = await world.connect();
  await world.advance(100);
  const all = await world.until(fleet.lifecycle.read({ limit: 1_000 }));
  expect(all).toHaveLength(301);
  expect(await world.until(fleet.lifecycle.read())).toEqual(all.slice(0, 100));
  const after = String(all[10]?.id);
  expect(await world.until(fleet.lifecycle.read({ after, limit: 280 }))).toEqual(all.slice(11, 291));
  await world.advance(60_000);
  await world.until(node.node.stop());
  expect(said(await world.until(fleet.lifecycle.read({ since: '10s' })))[0]).toBe('work@n1.300 down');
  await expect(fleet.lifecycle.read({ after, since: '10s' })).rejects.toMatchObject({ code: 'range' });
});

test('a follower that was cut off misses nothing, and is told of what is kept no longer', async () => {
  const world = new World();
  const client = await world.connect();
  const { heard, leave } = follow(world, client);
  await world.advance(100);
  client.broker.cutLink();
  const node = await world.start('n1', [single(DocsAgent)]);
  client.broker.restoreLink();
  await world.advance(10_000);
  expect(said(heard)).toEqual(['n1 up', 'docs up']);
  client.broker.cutLink();
  const many = Array.from(
    { length: 128 },
    (_, n) => ({ kind: 'agent.up', agent: `a${n}`, role: 'a', epoch: 1 }) as const,
  );
  for (let page = 0; page < 80; page++) await world.until(node.broker.logs.record('n1', many));
  client.broker.restoreLink();
  await world.advance(10_000);
  expect(heard).toHaveLength(2 + 10_000);
  expect(heard.filter(({ gap }) => gap)).toEqual([heard[2]]);
  await leave();
});

test('a follower ends with an error when its process leaves the fleet', async () => {
  const world = new World();
  const { fleet } = await world.connect();
  const followed = (async () => {
    for await (const event of fleet.lifecycle.follow()) void event;
  })();
  await world.advance(100);
  await world.until(fleet.close());
  await expect(world.until(followed)).rejects.toMatchObject({ code: 'closed' });
});

test('ten thousand agents that start and end at once are all told of, a batch at a time', async () => {
  const world = new World();
  const sizes: number[] = [];
  const node = world.make('n1', [pool(WorkAgent, { size: 10_000 })]);
  const record = node.broker.logs.record.bind(node.broker.logs);
  node.broker.logs.record = (id, records) => {
    sizes.push(records.length);
    return record(id, records);
  };
  await world.until(node.node.start());
  await world.advance(1_000);
  const client = await world.connect();
  expect((await world.until(client.broker.logs.readRecords({ after: '0', count: 20_000 }))).records).toHaveLength(
    10_000,
  );
  await world.until(node.node.stop());
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_000);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(128);
  expect(saidOf(node, 'broker.trouble')).toEqual([]);
}, 60_000);
