/**
 * `runtime events --lifecycle`: what became of nodes and agents, seen from another terminal.
 */
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { echoProject, project, says } from './project.ts';

test('another terminal sees which nodes and agents came up, and follows their end', async () => {
  const { runtime } = await project(echoProject);
  const fleet = runtime('start');
  await says(fleet, 'the fleet is up');
  const [all, last] = [runtime('events', '--lifecycle', '--json'), runtime('events', '-l', '--last', '1')];
  expect(await Promise.all([all, last].map((run) => run.ended())), all.err() + last.err()).toEqual([0, 0]);
  const records = all
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(records).toMatchObject([{ kind: 'node.up' }, { kind: 'agent.up', agent: 'echo', role: 'echo' }]);
  expect(last.out()).toMatch(/ \+ echo on node \w+ is up\n$/);

  const follower = runtime('events', '--lifecycle', '--follow', '--last', '1');
  await says(follower, 'is up');
  fleet.child.kill('SIGTERM');
  await waitFor(() => /echo on node \w+ is down {2}stopped/.test(follower.out()), { what: 'the end of the agent' });
  follower.child.kill('SIGINT');
  await follower.ended();
}, 60_000);
