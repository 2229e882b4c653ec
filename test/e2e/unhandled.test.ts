/**
 * Errors that agents leave floating, and agents that cannot be kept up: what becomes of their process, their tasks and its exit status.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { openClient, timing } from '../chaos/fleet-parts.ts';
import { startRedis } from '../support/redis-server.ts';
import { project, type Run, says } from './project.ts';

/** A node of one configuration, which ends with the test. */
async function started(agents: string, options = ''): Promise<{ readonly node: Run; readonly url: string }> {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const { runtime } = await project({
    'runtime.config.ts': `
      import { Agent, defineConfig, group, onMessage, onStart, onTask, pool, single } from 'agent-runtime';
      ${agents}
      export default defineConfig({ redis: '${server.url}', timing: ${JSON.stringify(timing)}, agents, ${options} });
    `,
  });
  return { node: runtime('start', '--plain'), url: server.url };
}

const careless = `
  class WorkAgent extends Agent {
    static role = 'work';
    @onTask('float', undefined, undefined, { retries: 1 })
    async float({ attempt, signal }) {
      if (attempt > 1) return 'done';
      void Promise.reject(new Error('left floating'));
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    @onTask('throw') async throw() { setTimeout(() => { throw new Error('thrown late'); }); return 'told'; }
    @onTask('good') async good() { return process.pid; }
  }
`;

describe('an error that an agent leaves unhandled', () => {
  test('restarts that agent and not the process: its task is charged and runs again, the other agents go on', async () => {
    const { node, url } = await started(`${careless} const agents = [pool(WorkAgent, { size: 2 })];`);
    await says(node, 'the fleet is up');
    const { fleet } = await openClient(url);
    const before = await fleet.run({ role: 'work', task: 'good' }, null);
    const floated = await fleet.enqueue({ role: 'work', task: 'float' }, null);
    expect(await floated.result()).toBe('done');
    await says(node, /a rejection that nobody handles: .*left floating.*WorkAgent\.float/);
    await says(node, /restarts in .*left floating/);
    expect(await fleet.run({ role: 'work', task: 'throw' }, null)).toBe('told');
    await says(node, /an exception that nobody catches: .*thrown late/);
    expect(await fleet.run({ role: 'work', task: 'good' }, null)).toBe(before);
    node.child.kill('SIGTERM');
    expect(await node.ended(), node.err()).toBe(0);
  });

  test('ends the process with status 70 and the reason when there are more of them in a minute than it may survive', async () => {
    const { node, url } = await started(
      `${careless} const agents = [pool(WorkAgent, { size: 4 })];`,
      'limits: { unhandled: 2 }',
    );
    await says(node, 'the fleet is up');
    const { fleet } = await openClient(url);
    for (let count = 0; count < 3; count++) await fleet.enqueue({ role: 'work', task: 'throw' }, null);
    expect(await node.ended()).toBe(70);
    expect(node.err()).toMatch(/expected the agents of this process to leave at most 2 errors unhandled in a minute/);
    expect(node.err()).toContain('thrown late');
  });
});

test('an error that is no agent’s ends the process with status 1 and its stack', async () => {
  const { node, url } = await started(`
    let isAsked = false;
    class WorkAgent extends Agent { static role = 'work'; @onTask('begin') begin() { isAsked = true; } }
    setInterval(() => { if (isAsked) void Promise.reject(new Error('nobody owns this')); }, 20);
    const agents = [single(WorkAgent)];
  `);
  await says(node, 'the fleet is up');
  const { fleet } = await openClient(url);
  await fleet.enqueue({ role: 'work', task: 'begin' }, null);
  expect(await node.ended()).toBe(1);
  expect(node.err()).toContain('Error: nobody owns this');
});

test('a node whose agents fail more often than their group may restart them ends with status 70 and the reason', async () => {
  const { node } = await started(`
    class GoodAgent extends Agent { static role = 'good'; @onMessage('x') x() {} }
    class BadAgent extends Agent {
      static role = 'bad';
      @onStart() begin() { setTimeout(() => this.escalate(new Error('no database')), 20); }
      @onMessage('x') x() {}
    }
    const policy = { intensity: { restarts: 2 }, backoff: 10 };
    const agents = [group('pipeline', 'one-for-all', [single(GoodAgent), single(BadAgent)], policy)];
  `);
  expect(await node.ended()).toBe(70);
  expect(node.err()).toMatch(
    /expected group "pipeline" to need at most 2 restarts in 60000 ms, got: one more failure by agent "bad": no database/,
  );
  expect(node.out().match(/good .*restarts in/g)).toHaveLength(2);
});
