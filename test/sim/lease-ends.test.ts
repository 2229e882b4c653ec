/**
 * How soon the task of a node that is gone runs again: when its lease ends, and not a turn of some duty later.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { saidOf, World } from './world.ts';

class WorkAgent extends Agent {
  static readonly role = 'work';
  @onTask('work') async work({ redelivered }: Task): Promise<void> {
    if (!redelivered) await new Promise<void>(() => {});
  }
}

test.each([0, 130, 270, 410, 560, 720, 890])(
  'K4: a node that started %i ms after the one that is gone takes the task over as its lease ends',
  async (laterMs) => {
    const world = new World();
    const first = await world.start('first', [pool(WorkAgent)]);
    await world.advance(laterMs);
    const client = await world.connect();
    await world.until(client.fleet.enqueue(WorkAgent, 'work', null));
    await world.eventually(() => saidOf(first, 'task.started').length > 0, 'the task to begin');
    const second = await world.start('second', [pool(WorkAgent)]);
    await world.advance(3_000);
    world.crash(first);
    const leftMs = (await world.until(client.fleet.nodes())).find(({ node }) => node === 'first')?.leaseLeftMs ?? 0;
    await world.advance(leftMs - 20);
    expect(saidOf(second, 'task.started')).toEqual([]);
    await world.advance(70);
    expect(saidOf(second, 'task.started')).toMatchObject([{ redelivered: true }]);
  },
);

class BusyAgent extends Agent {
  static readonly role = 'busy';
  /** The first run of `stuck` never ends. */
  @onTask('work') async work({ input, redelivered, signal }: Task): Promise<void> {
    if (input !== 'stuck') await sleep(this.clock, 100, signal);
    else if (!redelivered) await new Promise<void>(() => {});
  }
}

/** A node that is gone with `claims` tasks of a queue, which another one then serves. */
async function crashedWith(world: World, claims: number, concurrency: number) {
  const first = await world.start('first', [pool(BusyAgent, { concurrency: claims })]);
  const client = await world.connect();
  for (let n = 0; n < claims; n++) await world.until(client.fleet.enqueue(BusyAgent, 'work', 'stuck'));
  await world.eventually(() => saidOf(first, 'task.started').length === claims, 'the tasks to begin');
  const second = await world.start('second', [pool(BusyAgent, { concurrency })]);
  world.crash(first);
  const leftMs = (await world.until(client.fleet.nodes())).find(({ node }) => node === 'first')?.leaseLeftMs ?? 0;
  return { client, second, leftMs };
}

const takenOver = (node: Parameters<typeof saidOf>[0]): number =>
  saidOf(node, 'task.started').filter(({ redelivered }) => redelivered).length;

test('K4: of many more tasks than there are free cells one is taken over behind the other, without a wait between them', async () => {
  const world = new World();
  const { second, leftMs } = await crashedWith(world, 40, 2);
  await world.advance(leftMs + 900);
  expect(takenOver(second)).toBe(40);
});

test.each([
  ['', {}],
  [' of a queue whose limit is reached', { concurrency: 4 }],
])(
  'K5: where no cell is ever free the task%s is taken over all the same, before what was enqueued later',
  async (_, limit) => {
    const world = new World();
    const { client, second, leftMs } = await crashedWith(world, 3, 1);
    await world.until(client.fleet.limit('busy', limit));
    const backlog = 300;
    for (let n = 0; n < backlog; n++) await world.until(client.fleet.enqueue(BusyAgent, 'work', 'short'));
    await world.advance(leftMs + 3_000);
    expect(takenOver(second)).toBe(3);
    expect(saidOf(second, 'task.settled').length).toBeLessThan(backlog);
  },
);
