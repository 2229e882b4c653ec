/**
 * Restarts on purpose: a node that comes back in its process or asks for a new one, and a fleet that is restarted while it works.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Incarnations, type FleetEnd } from '../../src/compose/incarnations.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { sleep } from '../../src/core/clock.ts';
import { Observer } from '../../src/core/observer.ts';
import { MemoryBroker } from '../../src/memory/broker.ts';
import { World } from './world.ts';

class WorkAgent extends Agent {
  static readonly role = 'work';
  @onTask('work') async work(task: Task): Promise<string> {
    await sleep(this.clock, 200, task.signal);
    return this.id;
  }
}
const work = { role: 'work', task: 'work' };

async function process(world: World, options: { supervised?: boolean; replaces?: string } = {}) {
  const { supervised = false, replaces } = options;
  const incarnations = new Incarnations({
    config: resolveConfig({ agents: [pool(WorkAgent, { size: 2 })] }),
    source: { open: (address) => new MemoryBroker({ fleet: world.fleet, address }), release: () => Promise.resolve() },
    observer: new Observer(),
    clock: world.clock,
    random: world.random,
    host: 'sim',
    pid: 1,
    supervised,
    replaces,
  });
  const ends: FleetEnd[] = [];
  void incarnations.ended.then((end) => ends.push(end));
  await world.until(incarnations.start());
  onTestFinished(() => world.until(incarnations.stop({ graceMs: 0 })));
  return { incarnations, ends };
}

describe('a restart', () => {
  test('Z3: brings the node back in its process, and says when its successor is up', async () => {
    const world = new World();
    const { incarnations, ends } = await process(world);
    const { fleet } = await world.connect();
    const before = incarnations.id;
    const successor = await world.until(fleet.restart(before));
    expect(successor).toBe(incarnations.id);
    expect(successor).not.toBe(before);
    expect(await world.until(fleet.nodes())).toMatchObject([{ node: successor, replaces: before, alive: true }]);
    expect(await world.until(fleet.run(work, {}))).toMatch(successor);
    expect(ends).toEqual([]);
  });

  test('Z3: under a supervisor process ends it instead, and the next process names the node that it replaces', async () => {
    const world = new World();
    const { incarnations, ends } = await process(world, { supervised: true });
    const { fleet } = await world.connect();
    const before = incarnations.id;
    const restarted = fleet.restart(before);
    await world.eventually(() => ends.length === 1, 'the end of the process');
    expect(ends).toMatchObject([{ kind: 'restart', reason: expect.stringContaining('told to restart by client') }]);
    await process(world);
    const next = await process(world, { supervised: true, replaces: before });
    expect(await world.until(restarted)).toBe(next.incarnations.id);
  });

  test('Z4: a node that is told to drain does not come back', async () => {
    const world = new World();
    const { incarnations, ends } = await process(world);
    const { fleet } = await world.connect();
    await world.until(fleet.drain(incarnations.id));
    await world.advance(10_000);
    expect(ends).toMatchObject([{ kind: 'drained' }]);
    expect(await world.until(fleet.nodes())).toEqual([]);
  });

  test('of four nodes, one after the other, loses no task, and there is always somebody who works', async () => {
    const world = new World({ seed: 7 });
    const processes: Awaited<ReturnType<typeof process>>[] = [];
    for (let index = 0; index < 4; index++) processes.push(await process(world));
    const { fleet } = await world.connect();
    const doneAt: number[] = [];
    const results: Promise<unknown>[] = [];
    let isOver = false;
    const feed = async (): Promise<void> => {
      while (!isOver) {
        results.push(fleet.run(work, {}).then(() => doneAt.push(world.clock.monotonic())));
        await sleep(world.clock, 50);
      }
    };
    const feeding = feed();
    const rolling = async (): Promise<string[]> => {
      const successors: string[] = [];
      for (const { incarnations } of processes) successors.push(await fleet.restart(incarnations.id));
      isOver = true;
      return successors;
    };
    const successors = await world.until(rolling());
    await world.until(feeding);
    await world.until(Promise.all(results));
    expect(new Set(successors).size).toBe(4);
    expect(doneAt).toHaveLength(results.length);
    const gaps = doneAt.slice(1).map((at, index) => at - (doneAt[index] ?? at));
    expect(Math.max(...gaps)).toBeLessThan(1_000);
  });
});
