/**
 * Limits of queues in a running fleet: never more than allowed by the broker's own ledger, nothing left behind, no busy looking.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import type { SimNode } from './world.ts';
import { outcomesOf, World } from './world.ts';

const work = { role: 'work', task: 'do' };
const other = { role: 'other', task: 'do' };

/** Tasks say how long they take. */
function workers(size = 4) {
  const ran: number[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('do') async do(task: Task): Promise<void> {
      ran.push(this.clock.now());
      await sleep(this.clock, task.input as number, task.signal);
    }
  }
  class OtherAgent extends Agent {
    static readonly role = 'other';
    @onTask('do') do(): void {}
  }
  return { ran, agents: [pool(WorkAgent, { size }), pool(OtherAgent)] };
}

/** Watches the broker's ledger after every millisecond. */
async function watchClaims(world: World, done: () => boolean, limitMs = 600_000): Promise<number> {
  let most = 0;
  for (let passedMs = 0; !done(); passedMs++) {
    if (passedMs > limitMs) throw new Error(`expected an end within ${limitMs} ms of virtual time`);
    await world.advance(1);
    most = Math.max(most, world.fleet.queue('work').claimed.size);
  }
  return most;
}

/** Calls of `claim` that a node makes from now on. */
function countClaims(node: SimNode): () => number {
  const { tasks } = node.broker;
  const claim = tasks.claim.bind(tasks);
  let calls = 0;
  tasks.claim = (request) => {
    if (request.queue === 'work') calls++;
    return claim(request);
  };
  return () => calls;
}

test('a limit of the configuration holds in the whole fleet, and lets no place go unused', async () => {
  const world = new World();
  const { agents } = workers();
  const queues = { work: { concurrency: 3 } };
  for (const id of ['n1', 'n2', 'n3']) await world.start(id, agents, { queues });
  const { fleet } = await world.connect();
  const handles = await world.until(Promise.all(Array.from({ length: 30 }, () => fleet.enqueue(work, 100))));
  const results = Promise.all(handles.map((handle) => handle.result()));
  let ended = false;
  void results.then(() => (ended = true));
  const startedAt = world.clock.monotonic();
  expect(await watchClaims(world, () => ended)).toBe(3);
  expect(world.clock.monotonic() - startedAt).toBeLessThan(1_200); // ten rounds of 100 ms
});

test('nodes that crash in the middle neither raise the number nor keep their places for ever', async () => {
  const world = new World({ seed: 7 });
  const { agents } = workers();
  const queues = { work: { concurrency: 4 } };
  const nodes: SimNode[] = [];
  for (const id of ['n1', 'n2', 'n3', 'n4']) nodes.push(await world.start(id, agents, { queues }));
  const { fleet } = await world.connect();
  const handles = await world.until(Promise.all(Array.from({ length: 40 }, () => fleet.enqueue(work, 700))));
  let left = handles.length;
  for (const handle of handles) void handle.result().then(() => left--);
  let most = await watchClaims(world, () => left < 35);
  const holding = () => new Set([...world.fleet.queue('work').claimed.values()].map(({ holder }) => holder));
  for (const lost of [1, 2]) {
    const victim = nodes.find(({ id }) => holding().has(id));
    if (victim === undefined) return expect.fail('nobody holds a task');
    nodes.splice(nodes.indexOf(victim), 1);
    world.crash(victim);
    most = Math.max(most, await watchClaims(world, () => left < 35 - 10 * lost));
  }
  most = Math.max(most, await watchClaims(world, () => left === 0));
  expect(most).toBe(4);
  expect(world.fleet.queue('work').tasks.size).toBe(0);
});

test('a rate holds in any window while several nodes work, one crashes, and the queue runs dry in between', async () => {
  const world = new World();
  const { ran, agents } = workers(10);
  const queues = { work: { rate: { max: 5, per: '1s' } } } as const;
  const nodes = [await world.start('n1', agents, { queues }), await world.start('n2', agents, { queues })];
  const { fleet } = await world.connect();
  const enqueue = (count: number) =>
    world.until(Promise.all(Array.from({ length: count }, () => fleet.enqueue(work, 20))));
  await world.until(Promise.all((await enqueue(23)).map((handle) => handle.result())));
  await world.advance(10_000);
  const late = await enqueue(8);
  await world.advance(5);
  const [victim] = nodes;
  if (victim) world.crash(victim);
  await world.until(Promise.all(late.map((handle) => handle.result())));
  for (const from of ran) expect(ran.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(5);
  const [first = 0] = ran;
  expect((ran[22] ?? 0) - first).toBeLessThan(4_100); // four full windows, then the last three
});

test('a limit that is set while nodes wait works at once, and so does its end', async () => {
  const world = new World();
  const { ran, agents } = workers();
  for (const id of ['n1', 'n2']) await world.start(id, agents);
  const { fleet } = await world.connect();
  await world.advance(3_000);
  expect(await world.until(fleet.limit('work', { concurrency: 1 }))).toEqual({ concurrency: 1 });
  await world.advance(10);
  const handles = await world.until(Promise.all(Array.from({ length: 6 }, () => fleet.enqueue(work, 60_000))));
  await world.until(fleet.run(other, 0));
  await world.advance(30_000);
  expect(ran).toHaveLength(1);
  expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 5, claimed: 1, limits: { concurrency: 1 } });
  await world.until(fleet.limit('work', { concurrency: null }));
  await world.advance(10);
  expect(ran).toHaveLength(6);
  await world.until(Promise.all(handles.map((handle) => handle.result())));
  const before = world.clock.monotonic();
  await world.until(fleet.run(work, 0)); // they wait again
  expect(world.clock.monotonic() - before).toBeLessThan(10);
});

test('the node that started last says the limits; one that names none leaves them alone', async () => {
  const world = new World();
  const { agents } = workers();
  const { fleet } = await world.connect();
  const limits = async () => (await world.until(fleet.queue('work'))).limits;
  await world.start('n1', agents, { queues: { work: { concurrency: 3, rate: { max: 9, per: '1s' } } } });
  await world.start('n2', agents);
  expect(await limits()).toEqual({ concurrency: 3, rate: { max: 9, perMs: 1_000 } });
  await world.start('n3', agents, { queues: { work: { concurrency: 5 } } });
  expect(await limits()).toEqual({ concurrency: 5 });
  await expect(world.until(fleet.limit('work', { concurrency: 0 }))).rejects.toThrow(
    'expected concurrency to be a whole number from 1 to 100000, got: 0',
  );
  await expect(world.until(fleet.limit('work', { rate: { max: 1, per: 'soon' as '1s' } }))).rejects.toThrow('rate.per');
});

test('nodes for which there is no room look again only when there is news, or every two seconds', async () => {
  const world = new World();
  const { agents } = workers();
  const queues = { work: { concurrency: 1, rate: { max: 1, per: '1h' } } } as const;
  const nodes: SimNode[] = [];
  for (const id of ['n1', 'n2', 'n3']) nodes.push(await world.start(id, agents, { queues }));
  const { fleet } = await world.connect();
  await world.until(Promise.all(Array.from({ length: 50 }, () => fleet.enqueue(work, 100))));
  await world.advance(3_000);
  const counts = nodes.map(countClaims);
  for (let i = 0; i < 100; i++) {
    await world.until(fleet.enqueue(work, 100));
    await world.advance(100);
  }
  for (const count of counts) expect(count()).toBeLessThanOrEqual(6);
  expect(nodes.flatMap(outcomesOf)).toEqual(['complete']);
});

test('nodes that miss the news of a free place take it when their link is back', async () => {
  const world = new World();
  const { ran, agents } = workers();
  const [holder, idle] = [await world.start('n1', agents), await world.start('n2', agents)];
  const { fleet } = await world.connect();
  await world.until(fleet.limit('work', { concurrency: 1 }));
  await world.until(fleet.enqueue(work, 2_500));
  await world.until(fleet.enqueue(work, 10));
  await world.eventually(() => ran.length === 1, 'one to run');
  const [first, second] = holder.node.cells.some(({ running }) => running > 0) ? [holder, idle] : [idle, holder];
  second.broker.cutLink();
  await world.until(first.node.stop());
  second.broker.restoreLink();
  await world.advance(2_100);
  expect(ran).toHaveLength(2);
});
