/**
 * Semaphores and guarded resources in a fleet that fails: never more inside than there are permits, and nothing for a
 * holder that was too slow.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { saidOf, World } from './world.ts';

describe('a semaphore', () => {
  test('lets as many in as it has permits, on all nodes together, and loses no turn when a node crashes', async () => {
    const world = new World();
    const inside = new Map<string, string>();
    const ended = new Set<unknown>();
    let most = 0;
    class CallAgent extends Agent {
      static readonly role = 'call';
      @onTask('call', undefined, undefined, { retries: 5, backoff: '1s' })
      async call(task: Task): Promise<void> {
        await using permit = await this.lock('model', { permits: 3, lease: '6s', signal: task.signal });
        inside.set(task.id, this.id);
        most = Math.max(most, inside.size);
        await sleep(this.clock, 400, permit.signal).finally(() => inside.delete(task.id));
        ended.add(task.input);
      }
    }
    const nodes = [];
    for (const id of ['n1', 'n2', 'n3']) nodes.push(await world.start(id, [pool(CallAgent, { size: 4 })]));
    const { fleet } = await world.connect();
    const tasks = Array.from({ length: 40 }, (_, n) => fleet.run({ role: 'call', task: 'call' }, n));
    await world.eventually(
      () => inside.size === 3 && [...inside.values()].some((id) => id.includes('n1')),
      'n1 inside',
    );
    world.crash(nodes[0]!);
    for (const [task, id] of inside) if (id.includes('n1')) inside.delete(task); // it will never run again
    await world.until(Promise.all(tasks));
    expect([most, ended.size, inside.size]).toEqual([3, 40, 0]);
    expect(world.fleet.locks.has('model')).toBe(false);
    expect(saidOf(nodes[1]!, 'broker.trouble')).toEqual([]);
  });

  test('renews every permit by itself, and its loss is told to its holder alone', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const options = { permits: 2, lease: '6s' } as const;
    const [one, two] = [
      await world.until(fleet.lock('model', options)),
      await world.until(fleet.lock('model', options)),
    ];
    await world.advance(60_000);
    expect([one.signal.aborted, two.signal.aborted]).toEqual([false, false]);
    expect(await world.until(fleet.tryLock('model', options))).toBeUndefined();
    const holders = world.fleet.locks.get('model')?.holders;
    for (const [holder, { token }] of holders ?? []) if (token === one.token) holders?.delete(holder);
    await world.advance(2_100);
    expect(one.signal.reason).toMatchObject({ code: 'lock-lost', details: { token: one.token } });
    expect(two.signal.aborted).toBe(false);
    const third = await world.until(fleet.tryLock('model', options));
    expect(third?.token).toBeGreaterThan(two.token);
  });

  test('tells a caller that says another number of permits', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const held = await world.until(fleet.lock('model', { permits: 2 }));
    const refused = { code: 'lock-permits', details: { name: 'model', permits: 1, inUse: 2 } };
    await expect(world.until(fleet.lock('model'))).rejects.toMatchObject(refused);
    await expect(world.until(fleet.tryLock('model'))).rejects.toMatchObject(refused);
    await world.until(held.release());
    expect(await world.until(fleet.tryLock('model'))).toBeDefined();
  });
});

describe('tryLock', () => {
  test('takes a free lock, and is undefined at once when it is held', async () => {
    const world = new World();
    const [one, two] = [await world.connect(), await world.connect()];
    const held = await world.until(one.fleet.tryLock('repo'));
    const askedAt = world.clock.monotonic();
    expect(await world.until(two.fleet.tryLock('repo'))).toBeUndefined();
    expect(world.clock.monotonic() - askedAt).toBeLessThan(100);
    await world.until(held?.release() ?? Promise.reject(new Error('it was free')));
    expect((await world.until(two.fleet.tryLock('repo')))?.name).toBe('repo');
  });

  test('rejects when the broker cannot be reached, rather than to say that the lock is held', async () => {
    const world = new World();
    const { fleet, broker } = await world.connect();
    broker.cutLink();
    await expect(world.until(fleet.tryLock('repo'))).rejects.toMatchObject({ code: 'unreachable' });
  });
});

test('a guarded resource refuses a holder that slept past its lease, before it has heard of its loss', async () => {
  const world = new World();
  const [slow, next] = [await world.connect(), await world.connect()];
  const file = { token: 0, lines: [] as string[] };
  const stale = await world.until(slow.fleet.lock('report', { lease: '5s' }));
  stale.guard(file);
  world.pause(slow);
  const lock = await world.until(next.fleet.lock('report'));
  lock.guard(file);
  expect(stale.signal.aborted).toBe(false);
  expect(() => stale.guard(file)).toThrow(expect.objectContaining({ code: 'lock-lost' }));
  expect(file.token).toBe(lock.token);
  world.resume(slow);
  await world.advance(1);
  expect(stale.signal.aborted).toBe(true);
});
