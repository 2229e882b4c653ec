/**
 * The order in which a node leaves, who hears of what it gives back, and how long it may take at most.
 */
import { Agent, onMessage, onStart, onStop, onTask, pool, single, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, outcomesOf, saidOf, World } from './world.ts';

const work = { role: 'work', task: 'work' };

describe('a node that is told to drain', () => {
  test('leaves; whoever told it hears when it has', async () => {
    const world = new World();
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') async work(task: Task): Promise<string> {
        await sleep(this.clock, 3_000, task.signal);
        return 'done';
      }
    }
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    const result = fleet.run(work, {});
    await world.eventually(() => node.node.health.running === 1, 'the run');
    const before = world.clock.monotonic();
    await world.until(fleet.drain('n1'));
    expect(world.clock.monotonic() - before).toBeGreaterThan(2_500);
    expect(world.clock.monotonic() - before).toBeLessThan(4_500);
    expect(await world.until(result)).toBe('done');
    expect(await world.until(fleet.nodes())).toEqual([]);
    await expect(world.until(fleet.drain('n1'))).rejects.toThrow('expected node "n1" to be present');
  });

  test('takes nothing new, ends what runs, runs onStop backwards, gives its ids back, leaves, in this order', async () => {
    const world = new World();
    const order: string[] = [];
    const made = (role: string) => {
      class OneAgent extends Agent {
        static readonly role: string = role;
        @onTask('work') async work(task: Task): Promise<void> {
          order.push(`${role} begins`);
          await sleep(this.clock, 1_000, task.signal);
          order.push(`${role} ends`);
        }
        @onStop() async end(): Promise<void> {
          await sleep(this.clock, 10);
          order.push(`${role} stops`);
        }
      }
      return single(OneAgent);
    };
    const node = await world.start('n1', [made('first'), made('second')]);
    const { fleet, broker, member } = await world.connect();
    await broker.notices.listen(member.deps.address, {
      onReset: () => {},
      onNotice: (notice) => {
        if (notice.kind === 'freed') order.push(`${notice.agentId} is free`);
        if (notice.kind === 'gone') order.push(`${notice.node} has gone`);
      },
    });
    await world.until(fleet.enqueue({ role: 'first', task: 'work' }, {}));
    await world.eventually(() => order.length === 1, 'the run');
    const stopped = node.node.stop();
    await world.until(fleet.enqueue({ role: 'first', task: 'work' }, {}));
    await world.until(stopped);
    await world.advance(1_000);
    expect(order).toEqual([
      'first begins',
      'first ends',
      'second stops',
      'second is free',
      'first stops',
      'first is free',
      'n1 has gone',
    ]);
    expect(await world.until(fleet.queue('first'))).toMatchObject({ waiting: 1, claimed: 0 });
  });

  test('hands a single over by notice, before the others have stopped and long before a lease or a heartbeat', async () => {
    const world = new World();
    const starts: number[] = [];
    class DocsAgent extends Agent {
      static readonly role = 'docs';
      @onStart() begin(): void {
        starts.push(this.clock.monotonic());
      }
      @onMessage('x') x(): void {}
    }
    class SlowAgent extends Agent {
      static readonly role = 'slow';
      @onTask('work') work(): void {}
      @onStop() end(): Promise<void> {
        return sleep(this.clock, 4_000);
      }
    }
    const slow = { timing: { heartbeat: '100s', presenceLease: '400s' } } as const;
    const first = await world.start('n1', [pool(SlowAgent), single(DocsAgent)], slow);
    await world.start('n2', [single(DocsAgent)], slow);
    const drainedAt = world.clock.monotonic();
    const stopped = first.node.stop();
    await world.eventually(() => starts.length === 2, 'the hand-over');
    expect(Number(starts[1]) - drainedAt).toBeLessThan(200);
    expect(saidOf(first, 'node.down')).toEqual([]); // its slow neighbour still runs its onStop
    await world.until(stopped);
  });

  test('is not held past the second after the grace by a handler, however long that may ignore its signal', async () => {
    const world = new World();
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work', undefined, undefined, { grace: '60s' }) work(): Promise<void> {
        return gate().passed;
      }
      @onMessage('hang') hang(): Promise<void> {
        return gate().passed;
      }
      @onStop() end(): void {
        stopped.push(this.id);
      }
    }
    const stopped: string[] = [];
    const node = await world.start('n1', [pool(WorkAgent, { size: 2, concurrency: 2 })]);
    const { fleet } = await world.connect();
    await world.until(fleet.enqueue(work, {}));
    void fleet.ask('work@n1.1', 'hang').catch(() => undefined);
    await world.eventually(() => node.node.health.running === 2, 'both handlers');
    const before = world.clock.monotonic();
    await world.until(node.node.stop({ graceMs: 4_000 }));
    expect(world.clock.monotonic() - before).toBeGreaterThanOrEqual(4_000);
    expect(world.clock.monotonic() - before).toBeLessThanOrEqual(5_000);
    expect(outcomesOf(node)).toEqual(['release']);
    expect(stopped).toEqual(['work@n1.2', 'work@n1.1']);
  });

  test('is not held past the second after the grace by onStop, of however many agents', async () => {
    const world = new World();
    class StuckAgent extends Agent {
      static readonly role = 'stuck';
      @onTask('work') work(): void {}
      @onStop() end(): Promise<void> {
        return gate().passed;
      }
    }
    const node = await world.start('n1', [pool(StuckAgent, { size: 20 })]);
    const before = world.clock.monotonic();
    await world.until(node.node.stop({ graceMs: 2_000 }));
    expect(world.clock.monotonic() - before).toBeLessThanOrEqual(3_000);
    expect(saidOf(node, 'log').filter(({ message }) => message.includes('failed while stopping'))).toHaveLength(20);
  });

  test('says so in its status at once', async () => {
    const world = new World();
    class StuckAgent extends Agent {
      static readonly role = 'stuck';
      @onTask('work') work(): void {}
      @onStop() end(): Promise<void> {
        return gate().passed;
      }
    }
    const node = await world.start('n1', [pool(StuckAgent)]);
    const { fleet } = await world.connect();
    const state = async (): Promise<unknown> => {
      const [record] = await world.until(fleet.nodes());
      return (JSON.parse(record?.status ?? '{}') as { phase?: unknown }).phase;
    };
    await world.advance(2_000);
    expect(await state()).toBe('up');
    const stopped = node.node.stop();
    await world.advance(50);
    expect(await state()).toBe('stopping');
    expect(await world.until(fleet.drain('n1').then(() => 'gone'))).toBe('gone'); // told twice, it drains once
    await world.until(stopped);
  });
});
