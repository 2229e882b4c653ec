/**
 * Tasks that a node takes ahead of its handlers: a moment's work of short ones, and given back as soon as a long one holds them up.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { outcomesOf, type SimNode, World } from './world.ts';

const work = { role: 'work', task: 'do' };
const tenMinutesMs = 600_000;

interface Run {
  readonly input: unknown;
  readonly agent: string;
  readonly attempt: number;
  readonly redelivered: boolean;
  readonly at: number;
}

/** Handlers that end at once, but for the one of `long`. */
function workers() {
  const runs: Run[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('do') async do({ input, attempt, redelivered, signal }: Task): Promise<void> {
      runs.push({ input, agent: this.id, attempt, redelivered, at: this.clock.now() });
      if (input === 'long') await sleep(this.clock, tenMinutesMs, signal);
    }
  }
  return { runs, agents: [pool(WorkAgent)] };
}

/** A fleet of one node whose pace is known. */
async function paced() {
  const world = new World();
  const { runs, agents } = workers();
  const node = await world.start('n1', agents);
  const { fleet } = await world.connect();
  const enqueue = async (inputs: readonly unknown[]): Promise<void> =>
    void (await world.until(Promise.all(inputs.map((input) => fleet.enqueue(work, input)))));
  await enqueue(Array.from({ length: 40 }, (_, n) => `short ${n}`));
  await world.eventually(() => outcomesOf(node).length === 40, 'the short ones');
  runs.length = 0;
  return { world, node, agents, enqueue, runs };
}

const behind = Array.from({ length: 9 }, (_, n) => `behind ${n}`);

/** Tasks of the queue that a node holds. */
function heldBy(world: World, { id }: SimNode): number {
  return [...world.fleet.queue('work').claimed.values()].filter(({ holder }) => holder === id).length;
}

test('what a node has taken ahead of a handler that takes long is handled by another one within two seconds', async () => {
  const { world, node, agents, enqueue, runs } = await paced();
  const begunAt = world.clock.now();
  await enqueue(['long', ...behind]);
  await world.advance(100);
  expect(heldBy(world, node)).toBe(10); // all of them, nine ahead
  const other = await world.start('n2', agents);
  await world.eventually(() => runs.length === 10, 'the others');
  const [long, ...others] = runs;
  expect(long).toMatchObject({ input: 'long', agent: 'work@n1.1' });
  const unmarked = { agent: 'work@n2.1', attempt: 1, redelivered: false };
  expect(others).toEqual(behind.map((input) => expect.objectContaining({ input, ...unmarked })));
  expect(Math.max(...others.map(({ at }) => at)) - begunAt).toBeLessThanOrEqual(2_000);
  await world.advance(tenMinutesMs);
  expect([outcomesOf(node).at(-1), outcomesOf(other)]).toEqual(['complete', behind.map(() => 'complete')]);
  expect(runs).toHaveLength(10); // each of them once
});

test('nothing is taken ahead any more while the handler takes long', async () => {
  const { world, node, enqueue, runs } = await paced();
  await enqueue(['long', ...behind]);
  await world.advance(3_000);
  expect([heldBy(world, node), runs.length]).toEqual([1, 1]);
  await enqueue(['later']);
  await world.advance(60_000);
  expect(heldBy(world, node)).toBe(1);
  await world.advance(tenMinutesMs);
  expect(runs.slice(1).map(({ input }) => input)).toEqual([...behind, 'later']);
});

test('what a node gives back to a broker that is away does not keep it from leaving soon after its grace', async () => {
  const { world, node, enqueue } = await paced();
  await enqueue(['long', ...behind]);
  await world.advance(100);
  node.broker.cutLink();
  await world.advance(2_000); // what it has ahead is on its way back
  const startedAt = world.clock.monotonic();
  await world.until(node.node.stop({ graceMs: 2_000 }));
  expect(world.clock.monotonic() - startedAt).toBeLessThan(10_000);
  expect(node.clock.pending).toBe(0);
});
