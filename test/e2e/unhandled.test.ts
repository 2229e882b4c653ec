/**
 * A promise that an agent leaves floating and that rejects: its process says whose it was and ends, and its task is taken over.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { openClient, startNode, timing } from '../chaos/fleet-parts.ts';
import { startRedis } from '../support/redis-server.ts';
import { project, says } from './project.ts';

test('an unhandled rejection ends the process of its agent with the error and where it came from; the task runs elsewhere', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const { runtime } = await project({
    'runtime.config.ts': `
      import { Agent, defineConfig, onTask, pool } from 'agent-runtime';
      class WorkAgent extends Agent {
        static role = 'work';
        @onTask('work') async work() { void Promise.reject(new Error('left floating')); return 'never settled'; }
      }
      export default defineConfig({ redis: '${server.url}', timing: ${JSON.stringify(timing)}, agents: [pool(WorkAgent)] });
    `,
  });
  const careless = runtime('start', '--plain');
  await says(careless, 'the fleet is up');
  const { fleet } = await openClient(server.url);
  const handle = await fleet.enqueue({ role: 'work', task: 'work' }, null);
  expect(await careless.ended()).toBe(1);
  expect(careless.err()).toContain('Error: left floating');
  expect(careless.err()).toContain('WorkAgent.work');
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work({ redelivered }: Task): boolean {
      return redelivered;
    }
  }
  await startNode(server.url, [pool(WorkAgent)]);
  expect(await handle.result()).toBe(true);
});
