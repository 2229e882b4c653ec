/**
 * A process whose loop stands still while its connections live: shorter than the presence lease it stays who it is, whenever that begins.
 */
import { Agent, onMessage, onTask, single, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { saidOf, World } from './world.ts';

function work() {
  const runs: boolean[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') async work({ redelivered }: Task): Promise<string> {
      runs.push(redelivered);
      await sleep(this.clock, 100);
      return 'done';
    }
    @onMessage('who') who(): string {
      return 'here';
    }
  }
  return { WorkAgent, runs };
}

async function open() {
  const world = new World();
  const [one, two] = [work(), work()];
  const first = await world.start('n1', [single(one.WorkAgent)]);
  const second = await world.start('n2', [single(two.WorkAgent)]);
  const { fleet, broker } = await world.connect();
  const handle = await world.until(fleet.enqueue({ role: 'work', task: 'work' }, null));
  await world.eventually(() => one.runs.length === 1, 'the task to run');
  return { world, first, second, one, two, fleet, broker, handle };
}

test.each(Array.from({ length: 11 }, (_, index) => index * 100))(
  'a loop that stands still for just less than the lease, from %d ms after it was free, loses nothing',
  async (afterMs) => {
    const { world, first, second, one, two, broker, handle } = await open();
    const [before] = await world.until(broker.presence.lookup(['work']));
    for (let round = 0; round < 3; round++) {
      await world.advance(afterMs);
      first.clock.hold();
      await world.advance(4_900);
      first.clock.resume();
      await world.advance(50);
    }
    expect(await world.until(handle.result())).toBe('done');
    expect([one.runs, two.runs]).toEqual([[false], []]);
    expect(await world.until(broker.presence.lookup(['work']))).toEqual([before]);
    expect([...first.ends, ...saidOf(second, 'agent.up')]).toEqual([]);
  },
);

test('a loop that stands still for longer loses its id and its task to another node, is fenced, and settles nothing', async () => {
  const { world, first, second, one, two, fleet, handle } = await open();
  first.clock.hold();
  await world.eventually(() => two.runs.length > 0, 'the take-over', 8_000);
  first.clock.resume();
  expect(await world.until(handle.result())).toBe('done');
  await world.advance(2_000);
  expect([one.runs, two.runs]).toEqual([[false], [true]]);
  expect(first.ends).toMatchObject([{ kind: 'fenced' }]);
  expect(saidOf(first, 'task.settled').map(({ outcome }) => outcome)).not.toContain('complete');
  expect(saidOf(second, 'task.settled').map(({ outcome }) => outcome)).toEqual(['complete']);
  expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 0, claimed: 0 });
});
