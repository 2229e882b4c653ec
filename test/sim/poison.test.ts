/**
 * Tasks that end the process of whoever runs them: the fleet gets rid of them, and their neighbours do not pay for it.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, saidOf, type SimNode, World } from './world.ts';

const address = { role: 'work', task: 'work' };
const poison = 'poison';

/** A fleet in which every node that is killed by a task is started again under a new id. */
async function killing(world: World, options: { nodes: number; size: number; taskMs?: number }) {
  const starts = new Map<unknown, string[]>();
  const nodes = new Map<string, SimNode>();
  const all: SimNode[] = [];
  const up: Promise<unknown>[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { retries: 0 })
    async work(task: Task): Promise<unknown> {
      const node = this.id.slice('work@'.length, this.id.lastIndexOf('.'));
      starts.set(task.input, [...(starts.get(task.input) ?? []), node]);
      if (task.input === poison) {
        kill(node);
        await gate().passed;
      }
      await sleep(this.clock, options.taskMs ?? 100);
      return task.input;
    }
  }
  const start = async (id: string): Promise<void> => {
    const node = world.make(id, [pool(WorkAgent, { size: options.size })]);
    nodes.set(id, node);
    all.push(node);
    await node.node.start();
  };
  const kill = (id: string): void => {
    const node = nodes.get(id);
    if (node === undefined) return;
    nodes.delete(id);
    world.crash(node);
    up.push(start(`${id}x`));
  };
  for (let n = 1; n <= options.nodes; n++) await world.until(start(`n${n}`));
  const stop = async (): Promise<void> => {
    for (const { node } of nodes.values()) await world.until(node.stop({ graceMs: 0 }));
  };
  return { starts, all, stop };
}

test('a task that kills every process is a dead letter after three starts, and its neighbours all complete', async () => {
  for (const seed of [1, 2, 3]) {
    const world = new World({ seed });
    const { starts, all, stop } = await killing(world, { nodes: 3, size: 3 });
    const { fleet } = await world.connect();
    const inputs = [
      ...Array.from({ length: 20 }, (_, n) => n),
      poison,
      ...Array.from({ length: 20 }, (_, n) => 20 + n),
    ];
    const handles = await world.until(Promise.all(inputs.map((input) => fleet.enqueue(address, input))));
    const ends = await world.until(Promise.allSettled(handles.map((handle) => handle.result({ timeout: '5m' }))));
    const failed = ends.flatMap((end, index) => (end.status === 'rejected' ? [[inputs[index], end.reason]] : []));
    expect(failed).toMatchObject([[poison, { details: { reason: 'poison', attempts: 4 } }]]);
    expect(String(failed[0]?.[1])).toContain((starts.get(poison) ?? []).join(', '));
    expect(starts.get(poison)).toHaveLength(3);
    expect(Math.max(...inputs.map((input) => starts.get(input)?.length ?? 0))).toBe(3);
    const completed = all
      .flatMap((node) => saidOf(node, 'task.settled'))
      .filter(({ outcome }) => outcome === 'complete');
    expect(completed).toHaveLength(40);
    expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 0, parked: 0, claimed: 0, dead: 1 });
    await stop();
  }
});

test('good tasks that were lost with a killer are not lost with it again, whichever of them is taken on first', async () => {
  const world = new World({ seed: 4 });
  const { starts, stop } = await killing(world, { nodes: 1, size: 8, taskMs: 2_000 });
  const { fleet } = await world.connect();
  const inputs = [0, 1, 2, 3, poison, 4, 5, 6];
  const handles = await world.until(Promise.all(inputs.map((input) => fleet.enqueue(address, input))));
  const ends = await world.until(Promise.allSettled(handles.map((handle) => handle.result({ timeout: '5m' }))));
  expect(ends.map(({ status }) => status)).toEqual(
    inputs.map((input) => (input === poison ? 'rejected' : 'fulfilled')),
  );
  expect(starts.get(poison)).toHaveLength(3);
  for (const input of inputs.filter((one) => one !== poison))
    expect(starts.get(input)?.length ?? 0, `starts of ${input}`).toBeLessThanOrEqual(2);
  await stop();
});

test('the third start of a task that killed two processes is put off', async () => {
  const world = new World({ seed: 5 });
  const times: number[] = [];
  const nodes: SimNode[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work')
    async work(): Promise<void> {
      times.push(world.clock.monotonic());
      await gate().passed;
    }
  }
  const { fleet } = await world.connect();
  const handle = await world.until(fleet.enqueue(address, {}, { retries: 0 }));
  for (const id of ['n1', 'n2', 'n3']) {
    nodes.push(await world.start(id, [pool(WorkAgent)]));
    await world.eventually(() => times.length === nodes.length, `the start on ${id}`);
    world.crash(nodes.at(-1) as SimNode);
  }
  await world.start('n4', [pool(WorkAgent)]);
  await expect(world.until(handle.result())).rejects.toMatchObject({
    details: { reason: 'poison' },
    message: expect.stringContaining('n1, n2, n3') as string,
  });
  const [first = 0, second = 0, third = 0] = times;
  expect(third - second).toBeGreaterThanOrEqual(second - first + 4_000);
  expect(times).toHaveLength(3);
});

test('a lost holder is no failure of the task: it is tried again as often as it may be', async () => {
  const world = new World({ seed: 6 });
  const attempts: number[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { retries: 1, backoff: '1s' })
    async work(task: Task): Promise<string> {
      attempts.push(task.attempt);
      if (task.attempt === 1) await gate().passed;
      if (task.attempt === 2) throw new Error('it failed');
      return 'done';
    }
  }
  const first = await world.start('n1', [pool(WorkAgent)]);
  const { fleet } = await world.connect();
  const result = fleet.run(address, {});
  await world.eventually(() => attempts.length === 1, 'the first run');
  world.crash(first);
  await world.start('n2', [pool(WorkAgent)]);
  expect(await world.until(result)).toBe('done');
  expect(attempts).toEqual([1, 2, 3]);
});
