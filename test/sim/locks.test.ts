/**
 * Locks in a fleet that fails: one holder at a time while the lease holds, and a holder that lost its lease is told.
 */
import { Agent, type Lock, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { outcomesOf, saidOf, World } from './world.ts';

function guarded(workMs = 100) {
  const state = { inside: 0, most: 0, tokens: [] as number[] };
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work', undefined, undefined, { lock: () => 'repo', backoff: '1s' })
    async work(task: Task): Promise<void> {
      state.most = Math.max(state.most, ++state.inside);
      state.tokens.push(Number(task.lock?.token));
      await sleep(this.clock, workMs, task.signal).finally(() => state.inside--);
    }
  }
  return { state, WorkAgent };
}

const address = { role: 'work', task: 'work' };

describe('the lock of a task', () => {
  test('excludes tasks on all nodes from one another, and its tokens grow', async () => {
    const world = new World();
    const { state, WorkAgent } = guarded();
    for (const id of ['n1', 'n2', 'n3']) await world.start(id, [pool(WorkAgent, { size: 2 })]);
    const { fleet } = await world.connect();
    const startedAt = world.clock.monotonic();
    await world.until(Promise.all(Array.from({ length: 30 }, () => fleet.run(address, {}))));
    expect([state.most, state.tokens.length]).toEqual([1, 30]);
    expect(state.tokens).toEqual([...state.tokens].sort((a, b) => a - b));
    expect(new Set(state.tokens).size).toBe(30);
    expect(world.clock.monotonic() - startedAt).toBeLessThan(4_000);
  });

  test('of a crashed node is free for the next one when its lease has ended', async () => {
    const world = new World();
    const { state, WorkAgent } = guarded(3_600_000);
    const first = await world.start('n1', [pool(WorkAgent)], { timing: { lockLease: '8s' } });
    const { fleet } = await world.connect();
    await world.until(fleet.enqueue(address, {}));
    await world.eventually(() => state.inside === 1, 'the first holder');
    const second = await world.start('n2', [pool(WorkAgent)]);
    world.crash(first);
    await world.eventually(() => state.tokens.length === 2, 'the next holder', 20_000);
    expect(Number(state.tokens[1])).toBeGreaterThan(Number(state.tokens[0]));
    expect(saidOf(second, 'task.started')).toMatchObject([{ attempt: 2, redelivered: true }]);
  });

  test('aborts the handler when it is lost, and the task is tried again', async () => {
    const world = new World();
    const { WorkAgent } = guarded(60_000);
    const node = await world.start('n1', [pool(WorkAgent)], { timing: { lockLease: '6s' } });
    const { fleet } = await world.connect();
    await world.until(fleet.enqueue(address, {}, { retries: 0 }));
    await world.eventually(() => saidOf(node, 'task.started').length === 1, 'the start');
    world.fleet.locks.clear();
    await world.eventually(() => outcomesOf(node).length === 1, 'the end', 7_000);
    expect(saidOf(node, 'task.settled')).toMatchObject([{ outcome: 'dead', error: { code: 'lock-lost' } }]);
  });

  test('does not count as the time of a handler that waits for it', async () => {
    const world = new World();
    const order: number[] = [];
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work', undefined, undefined, { lock: 'repo', timeout: '3s', retries: 0 })
      async work(task: Task): Promise<void> {
        order.push(Number(task.input));
        await sleep(this.clock, 2_000, task.signal);
      }
    }
    await world.start('n1', [pool(WorkAgent, { size: 4 })]);
    const { fleet } = await world.connect();
    await world.until(Promise.all([0, 1, 2, 3].map((number) => fleet.run(address, number))));
    expect(order).toHaveLength(4);
  });
});

describe('a lock of a client', () => {
  test('goes from hand to hand in the order of asking, with growing tokens', async () => {
    const world = new World();
    const order: string[] = [];
    const clients = [await world.connect('a'), await world.connect('b'), await world.connect('c')];
    const first = await world.until(clients[0]!.fleet.lock('repo'));
    const waiting: Promise<void>[] = [];
    for (const { fleet } of clients) {
      const enter = async (lock: Lock): Promise<void> => {
        order.push(`${fleet.name} ${lock.token > first.token}`);
        await sleep(world.clock, 10);
      };
      waiting.push(fleet.withLock('repo', enter));
      await world.advance(1);
    }
    await world.advance(5_000);
    expect(order).toEqual([]);
    await world.until(first.release());
    await world.until(Promise.all(waiting));
    expect(order).toEqual(['a true', 'b true', 'c true']);
  });

  test('is waited for across a cut link, and kept through one that is shorter than its lease', async () => {
    const world = new World();
    const [holder, waiter] = [await world.connect(), await world.connect()];
    const held = await world.until(holder.fleet.lock('repo', { lease: '10s' }));
    const waiting = waiter.fleet.lock('repo');
    await world.advance(100);
    holder.broker.cutLink();
    waiter.broker.cutLink();
    await world.advance(5_000);
    holder.broker.restoreLink();
    waiter.broker.restoreLink();
    await world.advance(20_000);
    expect(held.signal.aborted).toBe(false);
    await world.until(held.release());
    const lock = await world.until(waiting);
    expect(lock.token).toBeGreaterThan(held.token);
  });

  test('that is held is refused when its caller does not want to wait, or not any longer', async () => {
    const world = new World();
    const [one, two] = [await world.connect(), await world.connect()];
    const held = await world.until(one.fleet.lock('repo'));
    await expect(world.until(two.fleet.lock('repo', { wait: 0 }))).rejects.toMatchObject({ code: 'lock-held' });
    await expect(world.until(two.fleet.lock('repo', { wait: '3s' }))).rejects.toMatchObject({ code: 'lock-held' });
    const abort = new AbortController();
    const waiting = two.fleet.lock('repo', { signal: abort.signal });
    await world.advance(100);
    abort.abort(new Error('never mind'));
    await expect(world.until(waiting)).rejects.toThrow('never mind');
    await world.until(held.release());
    await world.until((await world.until(two.fleet.lock('repo', { wait: 0 }))).release());
    expect(two.clock.pending).toBe(0);
  });

  test('keeps what its body returned or threw when the release fails', async () => {
    const world = new World();
    const { fleet, broker, said } = await world.connect();
    const body = (): Promise<string> => {
      broker.cutLink();
      return Promise.resolve('done');
    };
    expect(await world.until(fleet.withLock('repo', body))).toBe('done');
    broker.restoreLink();
    const throwing = fleet.withLock('other', () => {
      broker.cutLink();
      throw new Error('mine');
    });
    await expect(world.until(throwing)).rejects.toThrow('mine');
    expect(saidOf({ said }, 'broker.trouble')).toHaveLength(2);
  });

  test('is lost when its process leaves the fleet, and whoever waits in it is told', async () => {
    const world = new World();
    const { fleet, clock } = await world.connect();
    const held = await world.until(fleet.lock('repo'));
    const waiting = fleet.lock('repo').catch((error: unknown) => error);
    await world.advance(100);
    await world.until(fleet.close());
    expect(held.signal.aborted).toBe(true);
    expect(await world.until(waiting)).toMatchObject({ code: 'closed' });
    expect(clock.pending).toBe(0);
  });
});

test('whoever looks is told who holds a lock, and that nobody does', async () => {
  const world = new World();
  const { fleet } = await world.connect();
  expect(await world.until(fleet.locks.inspect('repo'))).toBeUndefined();
  const lock = await world.until(fleet.lock('repo'));
  expect(await world.until(fleet.locks.inspect('repo'))).toMatchObject({
    holders: [{ token: lock.token }],
    waiters: 0,
  });
  await world.until(lock.release());
  expect(await world.until(fleet.locks.inspect('repo'))).toBeUndefined();
});

test('a handler that ignores its timeout keeps its lock until it has really ended', async () => {
  const world = new World();
  const inside: string[] = [];
  class StubbornAgent extends Agent {
    @onTask('work', undefined, undefined, { lock: 'repo', timeout: '1s', retries: 1, backoff: 0 })
    async work(task: Task): Promise<void> {
      inside.push(`in ${task.attempt}`);
      await sleep(this.clock, task.attempt === 1 ? 8_000 : 100);
      inside.push(`out ${task.attempt}`);
    }
  }
  await world.start('n1', [pool(StubbornAgent, { size: 2 })]);
  const { fleet } = await world.connect();
  await world.until(fleet.run({ role: 'stubborn', task: 'work' }, {}));
  expect(inside).toEqual(['in 1', 'out 1', 'in 2', 'out 2']);
});
