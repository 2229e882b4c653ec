/**
 * Leaving in order: what runs may end, what does not end in time is given back without charge, and nothing is left behind.
 */
import { Agent, every, onBroadcast, onMessage, onStart, onStop, onTask, pool, single, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, outcomesOf, saidOf, World } from './world.ts';

const address = { role: 'work', task: 'work' };

function worker(workMs: (task: Task) => number) {
  const runs: (readonly [agent: string, attempt: number, redelivered: boolean])[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') async work(task: Task): Promise<string> {
      runs.push([this.id, task.attempt, task.redelivered]);
      await sleep(this.clock, workMs(task), task.signal);
      return this.id;
    }
  }
  return { runs, WorkAgent };
}

/** One of everything a cell can be connected to. */
class BusyAgent extends Agent {
  static readonly role: string = 'busy';
  @onStart() begin(): void {
    void this.lock('left-behind', { wait: 0 }).catch(() => undefined);
  }
  @onTask('work') async work(task: Task): Promise<void> {
    await task.progress(1);
    await this.withLock('repo', () => sleep(this.clock, 100, task.signal));
    await this.broadcast('busy.done', {});
  }
  @onBroadcast('busy.*') heard(): void {
    this.log.info('heard');
  }
  @onMessage('hang') hang(): Promise<void> {
    return gate().passed;
  }
  @every('1s') tick(): void {}
  @onStop() end(): void {}
}

describe('a node that drains', () => {
  test('lets the running handler end, takes nothing new, and the rest runs elsewhere', async () => {
    const world = new World();
    const { runs, WorkAgent } = worker(() => 5_000);
    const first = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const results = [fleet.run(address, 1), fleet.run(address, 2)];
    await world.eventually(() => runs.length === 1, 'the first run');
    const stopped = first.node.stop();
    await world.start('n2', [pool(WorkAgent)]);
    await world.until(stopped);
    expect(outcomesOf(first)).toEqual(['complete']);
    expect(await world.until(Promise.all(results))).toEqual(['work@n1.1', 'work@n2.1']);
    expect(runs.map(([, attempt]) => attempt)).toEqual([1, 1]);
  });

  test('gives back what is not done when the grace is over, without charging the attempt', async () => {
    const world = new World();
    const { runs, WorkAgent } = worker(() => (runs.length === 1 ? 3_600_000 : 10));
    const first = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const result = fleet.run(address, 1, { retries: 0 });
    await world.eventually(() => runs.length === 1, 'the first run');
    const second = await world.start('n2', [pool(WorkAgent)]);
    const startedAt = world.clock.monotonic();
    await world.until(first.node.stop({ graceMs: 4_000 }));
    expect(world.clock.monotonic() - startedAt).toBeLessThan(6_000);
    expect(await world.until(result)).toBe('work@n2.1');
    expect(runs).toEqual([
      ['work@n1.1', 1, false],
      ['work@n2.1', 1, true], // it had begun: there may have been effects
    ]);
    expect([outcomesOf(first), outcomesOf(second)]).toEqual([['release'], ['complete']]);
  });

  test('gives back a handler that ignores its signal a second after the grace', async () => {
    const world = new World();
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') work(): Promise<void> {
        return gate().passed;
      }
    }
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.enqueue(address, 1));
    await world.eventually(() => saidOf(node, 'task.started').length === 1, 'the start');
    const startedAt = world.clock.monotonic();
    await world.until(node.node.stop({ graceMs: 2_000 }));
    expect(world.clock.monotonic() - startedAt).toBeLessThan(3_500);
    expect(outcomesOf(node)).toEqual(['release']);
    expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 1, claimed: 0 });
  });

  test('whose handler waits for tasks of its own node ends with the grace, and what it waited for is kept', async () => {
    const world = new World();
    const { WorkAgent } = worker(() => 60_000);
    class BossAgent extends Agent {
      static readonly role = 'boss';
      @onTask('split') async split(): Promise<void> {
        await Promise.all([1, 2, 3].map((part) => this.run(address, part)));
      }
    }
    const node = await world.start('n1', [single(BossAgent), pool(WorkAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.enqueue({ role: 'boss', task: 'split' }, {}));
    await world.eventually(() => saidOf(node, 'task.started').length === 2, 'one part');
    const startedAt = world.clock.monotonic();
    await world.until(node.node.stop({ graceMs: 3_000 }));
    expect(world.clock.monotonic() - startedAt).toBeLessThan(5_000);
    expect(outcomesOf(node)).toEqual(expect.arrayContaining(['release', 'release']));
    expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 3, claimed: 0 });
    expect(await world.until(fleet.queue('boss'))).toMatchObject({ waiting: 1, claimed: 0 });
    expect(node.clock.pending).toBe(0);
  });

  test('on a cut link ends soon after its grace', async () => {
    const world = new World();
    const { runs, WorkAgent } = worker(() => 1_000);
    const node = await world.start('n1', [pool(WorkAgent, { size: 2 })]);
    const { fleet } = await world.connect();
    await world.until(Promise.all([1, 2, 3].map((input) => fleet.enqueue(address, input))));
    await world.eventually(() => runs.length === 2, 'two runs');
    node.broker.cutLink();
    const startedAt = world.clock.monotonic();
    await world.until(node.node.stop({ graceMs: 2_000 }));
    expect(world.clock.monotonic() - startedAt).toBeLessThan(10_000);
    expect(node.clock.pending).toBe(0);
  });

  test('reads nothing more when its link comes back while it leaves', async () => {
    const world = new World();
    class LastWordsAgent extends Agent {
      static readonly role = 'last';
      @onBroadcast('news') heard(): void {}
      @onStop() end(): void {
        void this.broadcast('gone', {}).catch(() => undefined); // nobody waits for it: the node does, for a second
      }
    }
    const node = await world.start('n1', [pool(LastWordsAgent)]);
    await world.advance(1_000);
    node.broker.cutLink();
    const stopped = node.node.stop({ graceMs: 0 });
    await world.eventually(() => saidOf(node, 'agent.down').length === 1, 'the agent to end');
    const asked: unknown[] = [];
    const { events } = node.broker;
    const read = events.read.bind(events);
    events.read = (request) => {
      asked.push(request);
      return read(request);
    };
    node.broker.restoreLink();
    await world.until(stopped);
    expect(asked).toEqual([]);
    expect(node.clock.pending).toBe(0);
  });

  test('leaves no timer, no wait and no presence behind', async () => {
    const world = new World();
    const node = await world.start('n1', [
      pool(BusyAgent, { size: 3 }),
      single(
        class Solo extends BusyAgent {
          static override readonly role = 'solo';
        },
      ),
    ]);
    const { fleet, broker } = await world.connect();
    await world.until(Promise.all(Array.from({ length: 9 }, () => fleet.run({ role: 'busy', task: 'work' }, {}))));
    const asked = fleet.ask('solo', 'hang').catch((error: unknown) => error);
    await world.advance(5_000);
    await world.until(node.node.stop({ graceMs: 2_000 }));
    expect(await world.until(asked)).toMatchObject({ code: 'agent-unavailable' });
    expect(node.clock.pending).toBe(0);
    await world.advance(60_000);
    expect(node.clock.pending).toBe(0);
    expect([world.fleet.waiters.size, world.fleet.exchange.notices.has('n1')]).toEqual([0, false]);
    expect(await world.until(broker.presence.nodes())).toEqual([]);
  });

  test('runs every onStop, also after one that throws or hangs, in reverse order', async () => {
    const world = new World();
    const stopped: string[] = [];
    const made = (role: string, end: () => unknown) =>
      single(
        class extends Agent {
          static readonly role = role;
          @onStop() async end(): Promise<void> {
            stopped.push(role);
            await end();
          }
          @onMessage('x') x(): void {}
        },
      );
    const agents = [
      made('one', () => undefined),
      made('two', () => gate().passed),
      made('three', () => Promise.reject(new Error('no'))),
    ];
    const node = await world.start('n1', agents);
    await world.until(node.node.stop());
    expect(stopped).toEqual(['three', 'two', 'one']);
    expect(saidOf(node, 'log').map(({ agent }) => agent)).toEqual(['three', 'two']);
    expect(saidOf(node, 'agent.down').map(({ agent }) => agent)).toEqual(['three', 'two', 'one']);
  });

  test('is stopped once however often it is told', async () => {
    const world = new World();
    const { WorkAgent } = worker(() => 1_000);
    const node = await world.start('n1', [pool(WorkAgent)]);
    await world.until(Promise.all([node.node.stop(), node.node.stop(), node.node.stop()]));
    expect(saidOf(node, 'node.down')).toHaveLength(1);
  });
});
