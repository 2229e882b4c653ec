/**
 * A parent whose call to cancel the siblings of a failed child is lost: it is said again.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { simulate } from '../../src/testing.ts';

class ParentAgent extends Agent {
  static readonly role = 'parent';
  @onTask('split', undefined, undefined, { retries: 0 }) async split(task: Task): Promise<unknown> {
    const children = await task.fanOut({ role: 'child', task: 'child' }, [100, 60_000], { onFailure: 'cancel' });
    return await children.results();
  }
}

class ChildAgent extends Agent {
  static readonly role = 'child';
  @onTask('child', undefined, undefined, { retries: 0 }) async child(task: Task): Promise<void> {
    await sleep(this.clock, Number(task.input), task.signal);
    throw new Error('it fails');
  }
}

test.each(['lost-call', 'lost-reply'] as const)(
  'ends with the failure at once, whatever became of the first call (%s)',
  async (kind) => {
    const faults = [{ kind, at: 'n1.1.1/control.cancel//1', shape: 0.5 }];
    const sim = await simulate({ agents: [pool(ParentAgent), pool(ChildAgent, { size: 2 })], faults });
    sim.chaos();
    const began = sim.elapsedMs;
    await expect(sim.fleet.run(ParentAgent, 'split', null)).rejects.toThrow('it fails');
    expect(sim.faults).toEqual(faults);
    expect(sim.elapsedMs - began).toBeLessThan(10_000);
    await sim.settle();
    sim.expect.noViolations();
    await sim.close();
  },
);
