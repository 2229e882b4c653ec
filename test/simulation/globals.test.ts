/**
 * The machine's clock, timers and dice in agents that never heard of `this.clock`: those of the simulated process, told, or refused.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { simulate } from '../../src/testing.ts';

/** By name, since tests themselves have no use for them. */
const machineOf = (name: 'setTimeout' | 'setInterval' | 'clearInterval'): ((...args: unknown[]) => unknown) =>
  Reflect.get(globalThis, name) as (...args: unknown[]) => unknown;

class OldAgent extends Agent {
  static readonly role = 'old';
  @onTask('wait', undefined, undefined, { timeout: '2h' }) async wait(_task: Task): Promise<unknown> {
    const [since, from] = [Date.now(), performance.now()];
    await new Promise((resolve) => machineOf('setTimeout')(resolve, 1_800_000));
    const ticks = await new Promise<number>((resolve) => {
      let count = 0;
      const timer = machineOf('setInterval')(() => {
        if (++count < 3) return;
        machineOf('clearInterval')(timer);
        resolve(count);
      }, 1_000);
    });
    const isDate = new Date() instanceof Date && new Date(0).getTime() === 0;
    return {
      tookMs: Date.now() - since,
      bySpan: Math.round(performance.now() - from),
      ticks,
      isDate,
      dice: Math.random(),
      id: crypto.randomUUID(),
    };
  }
}

const agents = [pool(OldAgent)];

async function run(seed: number): Promise<Record<string, unknown>> {
  const sim = await simulate({ seed, agents });
  const result = await sim.fleet.run(OldAgent, 'wait', null);
  expect(sim.leaks.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['Date', 'performance.now', 'setTimeout', 'setInterval', 'Math.random']),
  );
  expect(sim.leaks.every(({ where }) => /globals\.test\.ts:\d+:\d+/.test(where))).toBe(true);
  await sim.close();
  return result as Record<string, unknown>;
}

test('they are those of the simulated process, and listed with their places', async () => {
  const globals = () => [Date, Math.random, machineOf('setTimeout')];
  const machine = globals();
  const result = await run(1);
  expect(result).toMatchObject({ tookMs: 1_803_000, bySpan: 1_803_000, ticks: 3, isDate: true });
  expect(await run(1)).toEqual(result);
  expect((await run(2)).dice).not.toBe(result.dice);
  globals().forEach((one, index) => expect(one).toBe(machine[index]));
});

test('they are refused where that is asked for, with the place', async () => {
  const sim = await simulate({ agents, globals: 'refuse' });
  const handle = await sim.fleet.enqueue(OldAgent, 'wait', null, { retries: 0 });
  await expect(handle.result()).rejects.toThrow(/got: Date at .*globals\.test\.ts:\d+:\d+/);
  await sim.close();
});
