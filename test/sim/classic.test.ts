/**
 * The bridge to classic agents under virtual time: one node at a time, and nothing lost or doubled wherever one of them ends.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClassicBridge } from '../../src/bridge/classic/bridge.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { entry } from '../classic/rig/entries.ts';
import { type SimNode, World } from './world.ts';

class AuditAgent extends Agent {
  static readonly role = 'audit';
  @onTask('check') async check(task: Task): Promise<unknown> {
    await new Promise<void>((resolve) => this.clock.setTimer(this.random.fraction('work') * 300, resolve));
    return task.input;
  }
}
const worker = 'php-worker';
const agents = [pool(AuditAgent, { size: 2, concurrency: 4 })];
const classic = { foreign: [worker] };
type Bridged = SimNode & { readonly bridge: ClassicBridge };

/** Nothing of them can be waited for. */
const crashed = new WeakSet<object>();

async function startNode(world: World, id: string): Promise<Bridged> {
  const made = await world.start(id, agents);
  const { member, population } = made.node;
  const config = resolveConfig({ agents, classic });
  const bridge = new ClassicBridge({ member, population, config, foreign: classic.foreign });
  await world.until(bridge.start());
  onTestFinished(async () => {
    if (!crashed.has(made.clock)) await world.until(bridge.stop());
  });
  return { ...made, bridge };
}

function crash(world: World, node: SimNode): void {
  crashed.add(node.clock);
  world.crash(node);
}

/** A foreign agent: it takes the oldest entry and completes it, whenever time passes. What it pops that is not its own goes back. */
function playWorker(world: World): { readonly did: string[] } {
  const { queue, completed } = world.fleet.foreign;
  const did: string[] = [];
  let isOver = false;
  onTestFinished(() => void (isOver = true));
  const turn = (): void => {
    if (isOver) return;
    const text = queue.shift();
    if (text !== undefined) {
      const { taskId, assignee, metadata } = JSON.parse(text) as {
        taskId: string;
        assignee: string;
        metadata: unknown;
      };
      if (assignee !== worker) queue.push(text);
      else {
        did.push(JSON.stringify(metadata));
        completed.push(JSON.stringify({ taskId, completedBy: worker, result: metadata, completedAt: 'now' }));
      }
    }
    world.clock.setTimer(20, turn);
  };
  turn();
  return { did };
}

const completedIds = (world: World): string[] =>
  world.fleet.foreign.completed
    .map((text) => JSON.parse(text) as { taskId: string; completedBy: string })
    .flatMap(({ taskId, completedBy }) => (completedBy === 'audit' ? [taskId] : []));

describe('the bridge to classic agents', () => {
  test('is one node; the other takes over when its lease has ended, and at once when it stops', async () => {
    const world = new World();
    const [first, second] = [await startNode(world, 'n1'), await startNode(world, 'n2')];
    expect(world.fleet.foreign.bridge?.node).toBe('n1');
    expect(second.node.population.cell(`${worker}@n2.classic`)).toBeUndefined();
    await world.until(first.bridge.stop());
    await world.eventually(() => world.fleet.foreign.bridge?.node === 'n2', 'the other one', 2_000);
    crash(world, second);
    await startNode(world, 'n3');
    await world.eventually(() => world.fleet.foreign.bridge?.node === 'n3', 'the third one', 10_000);
  });

  test('a task with a foreign agent outlives any number of nodes that are lost meanwhile', async () => {
    const world = new World();
    let bridge = await startNode(world, 'n0');
    const client = await world.connect();
    const handle = await world.until(client.fleet.enqueue({ role: worker, task: 'resize' }, { n: 1 }));
    await world.eventually(() => world.fleet.foreign.queue.length === 1, 'it to be out');
    const { taskId } = JSON.parse(world.fleet.foreign.queue.shift() ?? '') as { taskId: string };
    for (let lost = 1; lost <= 5; lost++) {
      const next = await startNode(world, `n${lost}`);
      await world.advance(5_000);
      crash(world, bridge);
      bridge = next;
      await world.eventually(() => world.fleet.foreign.bridge?.node === `n${lost}`, 'the next one');
      await world.advance(15_000);
    }
    world.fleet.foreign.completed.push(
      JSON.stringify({ taskId, completedBy: worker, result: 'late', completedAt: '' }),
    );
    expect(await world.until(handle.result())).toBe('late');
    expect(world.fleet.foreign.queue).toEqual([]);
  });

  test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
    'loses and doubles nothing when it crashes, is cut off or stands still in the middle (seed %i)',
    async (seed) => {
      const world = new World({ seed });
      const nodes = [await startNode(world, 'n1'), await startNode(world, 'n2')];
      const { did } = playWorker(world);
      const client = await world.connect();
      const incoming = Array.from({ length: 40 }, (_, n) => `in-${n}`);
      const handles = await world.until(
        client.fleet.enqueueMany(
          { role: worker, task: 'resize' },
          Array.from({ length: 20 }, (_, n) => ({ n })),
        ),
      );
      const results: unknown[] = [];
      for (const handle of handles) void handle.result().then((result) => results.push(result));
      for (const [n, taskId] of incoming.entries()) {
        world.fleet.foreign.queue.push(entry({ taskId }));
        await world.advance(world.random.fraction('pause') * 20);
        const first = nodes[0] as Bridged;
        if (n === 10 && seed % 3 === 0) crash(world, first);
        if (n === 10 && seed % 3 === 1) first.broker.cutLink();
        if (n === 10 && seed % 3 === 2) world.pause(first);
        if (n === 30 && seed % 3 === 1) first.broker.restoreLink();
        if (n === 30 && seed % 3 === 2) world.resume(first);
      }
      await world.eventually(() => completedIds(world).length >= 40 && results.length === 20, 'everything to end');
      await world.advance(20_000);
      expect(completedIds(world).sort()).toEqual([...incoming].sort());
      expect(results).toHaveLength(20);
      expect(did).toHaveLength(20);
      const told = world.fleet.events.map(({ topic }) => topic).filter((topic) => topic.startsWith('Task completed'));
      expect(told.sort()).toEqual(incoming.map((taskId) => `Task completed: ${taskId}`).sort());
      expect(world.fleet.foreign.taken.size).toBe(0);
      expect(world.fleet.foreign.queue).toEqual([]);
    },
  );
});
