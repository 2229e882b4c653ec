/**
 * How soon the task of a node that is gone runs again: when its lease ends, and not a turn of some duty later.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
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
