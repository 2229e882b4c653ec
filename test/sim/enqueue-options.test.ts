/**
 * When a task may start and when it is the same as another: `runAt`, `delay` and `dedupe`, as callers see them.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { World } from './world.ts';

const address = { role: 'work', task: 'work' };

function worker(world: World) {
  const ran: { readonly input: unknown; readonly at: number }[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work(task: Task): void {
      ran.push({ input: task.input, at: world.clock.now() });
    }
  }
  return { ran, WorkAgent };
}

describe('runAt', () => {
  test('is a time by the clock of the fleet, whatever the clock of the caller shows', async () => {
    const world = new World();
    const { ran, WorkAgent } = worker(world);
    await world.start('n1', [pool(WorkAgent)]);
    const { fleet, clock } = await world.connect();
    clock.now = () => world.clock.now() + 86_400_000;
    const at = Math.ceil(world.clock.now()) + 60_000;
    await world.until(fleet.enqueue(address, 'number', { runAt: at }));
    await world.until(fleet.enqueue(address, 'date', { runAt: new Date(at + 10_000) }));
    await world.until(fleet.enqueue(address, 'past', { runAt: at - 3_600_000 }));
    await world.advance(50_000);
    expect(ran.map(({ input }) => input)).toEqual(['past']);
    await world.advance(30_000);
    expect(ran.map(({ input }) => input)).toEqual(['past', 'number', 'date']);
    expect(ran[1]?.at).toBeGreaterThanOrEqual(at);
    expect(ran[1]?.at).toBeLessThan(at + 1_000);
    expect(ran[2]?.at).toBeGreaterThanOrEqual(at + 10_000);
  });

  test.each([
    ['with a delay', { runAt: 1, delay: '1s' }, 'expected one of runAt and delay, got: both'],
    ['that is no time', { runAt: new Date('never') }, 'expected runAt to be a Date or milliseconds since 1970'],
    ['beyond ten years', { runAt: 10 ** 13 }, 'expected runAt to be at most ten years ahead'],
    ['or a delay beyond them', { delay: '4000d' }, 'expected delay to be at most ten years ahead'],
  ] as const)('%s is refused', async (_, options, message) => {
    const world = new World();
    const { fleet } = await world.connect();
    const refused = await world.until(fleet.enqueue(address, 1, options).catch((error: unknown) => error));
    expect(refused).toMatchObject({ name: 'DeliveryError', code: 'malformed' });
    expect((refused as Error).message).toContain(message);
    expect(await world.until(fleet.queue('work'))).toMatchObject({ waiting: 0, parked: 0 });
  });
});

describe('dedupe', () => {
  test('makes one task of equal inputs within its window, from any process, whatever the order of the fields', async () => {
    const world = new World();
    const [a, b] = [await world.connect(), await world.connect()];
    const ids = new Map<string, string>();
    const put = async (name: string, input: unknown, task = 'work'): Promise<void> => {
      const { fleet } = ids.size % 2 === 0 ? a : b;
      ids.set(name, (await world.until(fleet.enqueue({ role: 'work', task }, input, { dedupe: '30s' }))).id);
    };
    await put('first', { x: 1, y: [{ u: 1, v: 2 }] });
    await put('turned', { y: [{ v: 2, u: 1 }], x: 1 });
    await put('other', { x: 1, y: [{ u: 1, v: 3 }] });
    await put('list', [['x', 1]]);
    await put('fields', { x: 1 });
    await put('other task', { x: 1 }, 'more');
    await put('null', null);
    await put('nothing', undefined);
    expect(ids.get('turned')).toBe(ids.get('first'));
    expect(new Set(ids.values()).size).toBe(ids.size - 1);
    await world.advance(31_000);
    await put('later', { x: 1, y: [{ u: 1, v: 2 }] });
    expect(ids.get('later')).not.toBe(ids.get('first'));
  });

  test.each([{ key: 'mine' }, { keyTtl: '1h' }] as const)('with %o is refused', async (options) => {
    const world = new World();
    const { fleet } = await world.connect();
    const refused = world.until(fleet.enqueue(address, 1, { dedupe: '30s', ...options }));
    await expect(refused).rejects.toMatchObject({ name: 'DeliveryError', code: 'malformed' });
  });
});
