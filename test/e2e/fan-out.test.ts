/**
 * Parents and children on a real Redis: joined by the next attempt, ended with their parent, whoever has to tell them.
 */
import { Agent, connect, onTask, pool, startFleet, type Task, TerminalError } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';

const child = { role: 'child', task: 'part' };
const parent = { role: 'parent', task: 'split' };

async function started() {
  const server = await startRedis();
  const ran: unknown[] = [];
  const ended: string[] = [];
  class ChildAgent extends Agent {
    static readonly role = 'child';
    @onTask('part') async part(task: Task): Promise<unknown> {
      ran.push(task.input);
      if (task.input !== 'long') return task.input;
      return sleep(this.clock, 600_000, task.signal).catch((error: Error) => {
        ended.push(error.message);
        throw error;
      });
    }
  }
  class ParentAgent extends Agent {
    static readonly role = 'parent';
    @onTask('split', undefined, undefined, { backoff: 10 }) async split(task: Task): Promise<unknown> {
      const { parts, fails } = task.input as { parts: unknown[]; fails?: 'once' | 'for good' };
      const children = await task.fanOut(child, parts);
      if (fails === 'for good') throw new TerminalError('it cannot be done');
      const results = await children.results();
      if (fails === 'once' && task.attempt === 1) throw new Error('again');
      return results;
    }
  }
  const running = await startFleet({ redis: server.url, agents: [pool(ChildAgent, { size: 2 }), pool(ParentAgent)] });
  const fleet = await connect({ redis: server.url });
  onTestFinished(async () => {
    await fleet.close();
    await running.stop();
    await server.stop();
  });
  return { fleet, ran, ended };
}

test('an attempt that comes later joins the children of the one before', async () => {
  const { fleet, ran } = await started();
  expect(await fleet.run(parent, { parts: ['a', 'b', 'c'], fails: 'once' })).toEqual(['a', 'b', 'c']);
  expect(new Set(ran)).toEqual(new Set(['a', 'b', 'c']));
  expect(ran).toHaveLength(3);
});

test.each(['is cancelled', 'fails for good'])('children end when their parent %s', async (how) => {
  const { fleet, ran, ended } = await started();
  const fails = how === 'is cancelled' ? {} : { fails: 'for good' };
  const handle = await fleet.enqueue(parent, { parts: ['long', 'long', 'waits', 'waits'], ...fails });
  const result = handle.result().catch((error: unknown) => error);
  if (how === 'is cancelled') {
    await waitFor(() => ran.length === 2, { what: 'two children to run' });
    expect(await handle.cancel()).toBe('requested');
  }
  const reason = how === 'is cancelled' ? 'cancelled' : 'terminal';
  expect(await result).toMatchObject({ details: { reason, attempts: 1 } });
  const isOver = async (): Promise<boolean> => {
    const { waiting, parked, claimed } = await fleet.queue('child');
    return waiting + parked + claimed === 0;
  };
  await waitFor(isOver, { what: 'the children to end' });
  expect(ran).not.toContain('waits');
  expect(ended).toEqual(ran.map(() => `its parent ${handle.id} has ended`));
  expect(await fleet.queue('child')).toMatchObject({ dead: 0 });
});

test('a result that is kept no longer is said to be unknown', async () => {
  const { fleet } = await started();
  const handle = await fleet.enqueue(child, 'a', { resultTtl: 50 });
  await waitFor(async () => (await handle.state()) === 'unknown', { what: 'the result to expire' });
  await expect(handle.result()).rejects.toMatchObject({ code: 'unknown-task' });
});
