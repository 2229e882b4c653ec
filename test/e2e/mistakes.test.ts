/**
 * What the command line answers to mistakes: one clear message, an exit code of its own, and nothing started.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { echoProject, project } from './project.ts';

test('a wrong configuration is told with all its problems at once and exits with 78', async () => {
  const { runtime, folder } = await project({
    ...echoProject,
    'runtime.config.ts': `
      import { Agent, pool } from 'agent-runtime';
      class IdleAgent extends Agent {}
      export default { flet: 'a', redis: 'mysql://root:secret@db', agents: [pool(IdleAgent, { size: -1 })] };
    `,
  });
  const run = runtime('start');
  expect(await run.ended(), run.out() + run.err()).toBe(78);
  for (const part of ['flet', '"fleet"', 'redis (REDIS_URL)', 'agents[0].size', 'IdleAgent'])
    expect(run.err()).toContain(part);
  expect(run.err()).not.toContain('secret');
  expect(existsSync(join(folder, '.runtime'))).toBe(false);
});

test('wrong input is refused before anything starts and exits with 64', async () => {
  const { runtime, folder } = await project(echoProject);
  const runs = [
    runtime('start', '--run', 'echo', '--input', '{path:1}'),
    runtime('start', '--run', 'eccho'),
    runtime('start', '--exit'),
    runtime('statsu'),
  ];
  expect(await Promise.all(runs.map((run) => run.ended()))).toEqual([64, 64, 64, 64]);
  expect(runs.map((run) => run.err().split('\n')[0])).toEqual([
    'error: expected --input to be JSON, got: {path:1}',
    'error: expected --run to name a task of the agents, got: "eccho"',
    'error: expected --exit to come with --run, got: --exit alone',
    "error: unknown command 'statsu'",
  ]);
  expect(existsSync(join(folder, '.runtime'))).toBe(false);
});
