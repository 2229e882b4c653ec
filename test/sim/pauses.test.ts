/**
 * Pausing a queue of a running fleet: nothing of it starts, everything else goes on, and a resume works at once.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { World } from './world.ts';

const work = { role: 'work', task: 'do' };
const other = { role: 'other', task: 'do' };

function workers() {
  const ran: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('do') async do(task: Task): Promise<void> {
      ran.push(task.input);
      if (task.input === 'long') await sleep(this.clock, 5_000);
    }
  }
  class OtherAgent extends Agent {
    static readonly role = 'other';
    @onTask('do') do(task: Task): void {
      ran.push(task.input);
    }
  }
  return { ran, agents: [pool(WorkAgent, { size: 2 }), pool(OtherAgent)] };
}

test('idle nodes start nothing of a paused queue, the other queue goes on, and a resume works at once', async () => {
  const world = new World();
  const { ran, agents } = workers();
  for (const id of ['n1', 'n2']) await world.start(id, agents);
  const { fleet } = await world.connect();
  await world.advance(700);
  expect(await world.until(fleet.pause('work'))).toBe(true);
  await world.advance(10);
  const handles = await world.until(Promise.all(['a', 'b', 'c'].map((input) => fleet.enqueue(work, input))));
  await world.until(fleet.run(other, 'open'));
  await world.advance(60_000);
  expect(ran).toEqual(['open']);
  expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 3, claimed: 0, paused: true });
  const before = world.clock.monotonic();
  await world.until(fleet.resume('work'));
  await world.until(Promise.all(handles.map((handle) => handle.result())));
  expect(world.clock.monotonic() - before).toBeLessThan(100);
  expect(new Set(ran.slice(1))).toEqual(new Set(['a', 'b', 'c']));
  await world.until(fleet.run(work, 'after'));
});

test('what runs when its queue is paused ends, and a node that starts meanwhile takes nothing', async () => {
  const world = new World();
  const { ran, agents } = workers();
  await world.start('n1', agents);
  const { fleet } = await world.connect();
  const long = await world.until(fleet.enqueue(work, 'long'));
  await world.eventually(() => ran.length === 1, 'it to run');
  await world.until(fleet.pause('work'));
  await world.start('n2', agents);
  const later = await world.until(fleet.enqueue(work, 'later'));
  await world.until(long.result());
  await world.advance(30_000);
  expect(ran).toEqual(['long']);
  await world.until(fleet.resume('work'));
  await world.until(later.result());
});

test('nodes that miss the notices go by the pause, and by its end, within two seconds', async () => {
  const world = new World();
  const { ran, agents } = workers();
  const node = await world.start('n1', agents);
  const { fleet } = await world.connect();
  node.broker.cutLink();
  await world.until(fleet.pause('work'));
  node.broker.restoreLink();
  await world.advance(2_100);
  const handle = await world.until(fleet.enqueue(work, 'x'));
  await world.advance(4_000);
  expect(ran).toEqual([]);
  node.broker.cutLink();
  await world.until(fleet.resume('work'));
  node.broker.restoreLink();
  await world.until(handle.result());
});
