/**
 * `start --run` whose node is fenced in the middle of the task: the next incarnation of the process waits for it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../support/redis-server.ts';
import { project, says } from './project.ts';

const files = {
  'runtime.config.js': `
    import { defineConfig } from 'agent-runtime';
    export default defineConfig({ agents: './agents' });
  `,
  'agents/slow-agent.js': `
    import { existsSync } from 'node:fs';
    import { setTimeout as wait } from 'node:timers/promises';
    import { Agent, task } from 'agent-runtime';
    export class SlowAgent extends Agent {
      static role = 'slow';
      static handlers = { slow: task(undefined, undefined, { retries: 0 }) };
      async slow({ attempt, signal }) {
        this.log.info('working');
        while (!existsSync('go')) await wait(20, undefined, { signal });
        return { attempt };
      }
    }
  `,
};

test('start --run waits for its task also when its node is fenced meanwhile, and tells its result', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const { runtime, folder } = await project(files);
  const run = runtime('start', '--redis', server.url, '--run', 'slow', '--exit', '--plain');
  await says(run, 'working');
  const redis = new Redis(server.url);
  onTestFinished(() => redis.disconnect());
  const [lease, ...others] = await redis.keys('rt:*:{p}:lease:n*');
  expect([typeof lease, others]).toEqual(['string', []]);
  await redis.del(lease ?? '');
  await says(run, 'was fenced');
  await writeFile(join(folder, 'go'), '');
  expect(await run.ended(), run.err()).toBe(0);
  expect(run.out()).toMatch(/slow is done[^]*attempt +2/);
});
