/**
 * `runtime events --lifecycle`: what became of nodes and agents, seen from another terminal.
 */
import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { project, says } from './project.ts';

test('another terminal sees which nodes and agents came up, and follows their end', async () => {
  const server = await startRedis(); // one that outlives the last node
  onTestFinished(() => server.stop());
  const { runtime } = await project({
    'runtime.config.ts': `
      import { Agent, defineConfig, onMessage, single } from 'agent-runtime';
      class EchoAgent extends Agent {
        static role = 'echo';
        @onMessage('who') who() { return this.id; }
      }
      export default defineConfig({ redis: '${server.url}', agents: [single(EchoAgent)] });
    `,
  });
  const fleet = runtime('start');
  await says(fleet, 'the fleet is up');
  const all = runtime('events', '--lifecycle', '--json');
  expect(await all.ended(), all.err()).toBe(0);
  const records = all
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(records).toMatchObject([{ kind: 'node.up' }, { kind: 'agent.up', agent: 'echo', role: 'echo' }]);

  const follower = runtime('events', '-l', '--follow', '--last', '1');
  await says(follower, 'is up');
  expect(follower.out()).toMatch(/ \+ echo on node \w+ is up\n$/);
  fleet.child.kill('SIGTERM');
  await waitFor(() => /echo on node \w+ is down {2}stopped/.test(follower.out()), { what: 'the end of the agent' });
  follower.child.kill('SIGINT');
  await follower.ended();
}, 60_000);
