/**
 * How a node starts, fails to start, and loses its presence.
 */
import { Agent, every, onMessage, onStart, onStop, onTask, pool, single, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, outcomesOf, saidOf, World } from './world.ts';

function plain(role: string, hooks: { begin?: (agent: Agent) => unknown; end?: () => unknown } = {}) {
  return class PlainAgent extends Agent {
    static readonly role = role;
    @onStart() async begin(): Promise<void> {
      await hooks.begin?.(this);
    }
    @onStop() async end(): Promise<void> {
      await hooks.end?.();
    }
    @onMessage('ping') ping(): string {
      return 'pong';
    }
  };
}

describe('a node that starts', () => {
  test('brings its agents up one after the other in the order of the configuration', async () => {
    const world = new World();
    const log: string[] = [];
    const slow = (role: string, ms: number) =>
      plain(role, {
        begin: async (agent) => {
          log.push(`${role} begins`);
          await sleep(agent.clock, ms);
          log.push(`${role} is up`);
        },
      });
    await world.start('n1', [single(slow('a', 500)), single(slow('b', 10))]);
    expect(log).toEqual(['a begins', 'a is up', 'b begins', 'b is up']);
  });

  test('restarts an agent whose onStart throws, with growing pauses, and in the end says that it cannot go on', async () => {
    const world = new World();
    const at: number[] = [];
    const broken = plain('broken', {
      begin: (agent) => {
        at.push(agent.clock.monotonic());
        throw new Error('no database');
      },
    });
    const node = await world.start('n1', [single(broken), single(plain('fine'))]);
    await world.eventually(() => node.ends.length > 0, 'the end');
    expect(node.ends).toMatchObject([{ kind: 'failed', error: { message: 'no database' } }]);
    expect(at).toHaveLength(6);
    expect(saidOf(node, 'agent.restarting')).toHaveLength(5);
    expect(saidOf(node, 'agent.up').map(({ agent }) => agent)).toEqual(['fine']);
    await world.until(node.node.stop());
    expect(node.clock.pending).toBe(0);
  });

  test('tells what a failed start began that it has to end', async () => {
    const world = new World();
    const aborted: unknown[] = [];
    let starts = 0;
    const flaky = plain('flaky', {
      begin: (agent) => {
        agent.signal.addEventListener('abort', () => aborted.push(agent.signal.reason));
        if (++starts === 1) throw new Error('first');
      },
    });
    const node = await world.start('n1', [single(flaky)]);
    await world.eventually(() => saidOf(node, 'agent.up').length === 1, 'the agent');
    expect(aborted).toMatchObject([{ message: 'first' }]);
  });

  test('whose broker cannot be reached rejects, leaves no link open and no timer behind', async () => {
    const world = new World();
    const made = world.make('n1', [single(plain('docs'))]);
    made.broker.notices.listen = () => Promise.reject(new Error('no channel'));
    await expect(world.until(made.node.start())).rejects.toThrow('no channel');
    await expect(made.broker.presence.nodes()).rejects.toMatchObject({ code: 'closed' });
    expect(made.clock.pending).toBe(0);
  });

  test('that cannot activate its agents rejects, and has left the fleet', async () => {
    const world = new World();
    const made = world.make('n1', [single(plain('docs'))]);
    made.broker.presence.activate = () => Promise.reject(new Error('refused'));
    await expect(world.until(made.node.start())).rejects.toThrow('refused');
    expect(world.fleet.directory.nodes.size).toBe(0);
    expect(made.clock.pending).toBe(0);
  });

  test('and is stopped meanwhile ends what has begun, and rejects', async () => {
    const world = new World();
    const ended: string[] = [];
    const hanging = plain('hanging', { begin: () => gate().passed });
    const made = world.make('n1', [
      single(plain('fine', { end: () => void ended.push('fine') })),
      single(hanging),
      single(plain('later', { begin: () => void ended.push('later began') })),
    ]);
    const starting = made.node.start().catch((error: unknown) => error);
    await world.advance(100);
    const stoppedAt = world.clock.monotonic();
    await world.until(made.node.stop());
    expect(await starting).toMatchObject({ code: 'stopped' });
    expect(world.clock.monotonic() - stoppedAt).toBeLessThan(2_000);
    expect(ended).toEqual(['fine']);
    expect(made.clock.pending).toBe(0);
    expect(world.fleet.directory.nodes.size).toBe(0);
  });

  test('and loses its presence meanwhile rejects, and calls nobody', async () => {
    const world = new World();
    const made = world.make('n1', [
      single(plain('slow', { begin: (agent) => sleep(agent.clock, 60_000, agent.signal) })),
    ]);
    const starting = made.node.start().catch((error: unknown) => error);
    await world.advance(100);
    made.broker.cutLink();
    expect(await world.until(starting)).toMatchObject({ code: 'presence-lost' });
    expect(made.ends).toEqual([]);
    expect(made.clock.pending).toBe(0);
  });
});

describe('a node whose presence has ended', () => {
  test('aborts its handlers when its lease ends by its own clock, settles nothing, and says so once', async () => {
    const world = new World();
    const aborted: number[] = [];
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') async work(task: Task): Promise<void> {
        task.signal.addEventListener('abort', () => aborted.push(this.clock.monotonic()));
        await sleep(this.clock, 60_000, task.signal);
      }
    }
    const node = await world.start('n1', [pool(WorkAgent, { size: 2 })]);
    const { fleet } = await world.connect();
    await world.until(Promise.all([1, 2].map((input) => fleet.enqueue({ role: 'work', task: 'work' }, input))));
    await world.eventually(() => saidOf(node, 'task.started').length === 2, 'both');
    const cutAt = world.clock.monotonic();
    node.broker.cutLink();
    await world.advance(30_000);
    expect(aborted).toHaveLength(2);
    expect(Math.max(...aborted) - cutAt).toBeLessThanOrEqual(6_000);
    expect(outcomesOf(node)).toEqual(['abandoned', 'abandoned']);
    expect(node.ends).toMatchObject([{ kind: 'fenced' }]);
    await world.until(node.node.stop({ graceMs: 0 }));
    expect(node.clock.pending).toBe(0);
  });

  test('notices it also when the broker never answers', async () => {
    const world = new World();
    const node = await world.start('n1', [single(plain('docs'))]);
    node.broker.presence.renew = () => gate<never>().passed;
    await world.advance(6_000);
    expect(node.ends).toMatchObject([{ kind: 'fenced' }]);
  });

  test('cannot write any more, whatever its zombies try', async () => {
    const world = new World();
    const failures: unknown[] = [];
    const tried = gate();
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onMessage('zombie') async zombie(): Promise<void> {
        await tried.passed;
        for (const write of [
          () => this.send('x', 'y'),
          () => this.broadcast('a.b'),
          () => this.enqueue({ role: 'q', task: 't' }, 1),
        ])
          await write().catch((error: unknown) => failures.push(error));
      }
    }
    const node = await world.start('n1', [single(WorkAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.send('work', 'zombie'));
    await world.advance(100);
    world.pause(node);
    await world.advance(10_000);
    node.broker.restoreLink();
    tried.open();
    await world.advance(100);
    world.resume(node);
    await world.advance(5_000);
    expect(failures).toMatchObject([{ code: 'presence-lost' }, { code: 'presence-lost' }, { code: 'presence-lost' }]);
    expect([
      world.fleet.inboxes.has('x'),
      world.fleet.events.length,
      world.fleet.queues.get('q')?.tasks.size ?? 0,
    ]).toEqual([false, 0, 0]);
  });
});

describe('the timers of an agent', () => {
  test('wait for their interval after each turn, and never pile up', async () => {
    const world = new World();
    const turns: number[] = [];
    class TickAgent extends Agent {
      static readonly role = 'tick';
      @every('1s') async tick(): Promise<void> {
        turns.push(this.clock.monotonic());
        await sleep(this.clock, 2_500);
      }
    }
    await world.start('n1', [single(TickAgent)]);
    await world.advance(20_000);
    const gaps = turns.slice(1).map((at, index) => at - Number(turns[index]));
    expect(gaps.length).toBeGreaterThanOrEqual(4);
    expect(new Set(gaps)).toEqual(new Set([3_500]));
  });

  test('go on after a turn that failed, and end with the agent', async () => {
    const world = new World();
    let turns = 0;
    class TickAgent extends Agent {
      static readonly role = 'tick';
      @every('1s') tick(): void {
        turns++;
        throw new Error('no');
      }
    }
    const node = await world.start('n1', [single(TickAgent)]);
    await world.advance(5_500);
    expect([turns, saidOf(node, 'message.failed').length]).toEqual([5, 5]);
    await world.until(node.node.stop());
    await world.advance(5_000);
    expect(turns).toBe(5);
  });
});
