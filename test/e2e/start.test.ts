/**
 * `runtime start` as a user drives it: a child process, a project of its own, a private server.
 */
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { echoProject, project, root, says } from './project.ts';

test('the demo audits a directory, leaves a report, exits with 0 and stops its private server', async () => {
  const demo = await project({ 'tree/README.md': '# A tree\n[a dead link](nowhere.md)\n' });
  for (const part of ['agents', 'runtime.config.ts'])
    cpSync(join(root, part), join(demo.folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules', 'zod'), join(demo.folder, 'node_modules', 'zod')); // as its package.json asks for
  const run = demo.runtime('start', '--run', 'audit-repository', '--input', '{"path":"tree"}', '--exit');
  expect(await run.ended(), run.out() + run.err()).toBe(0);
  const report = join(demo.folder, 'report', 'agents.md');
  expect(run.out()).toContain('audit-repository  13/13');
  expect(run.out()).toContain(report);
  expect(readFileSync(report, 'utf8')).toContain('nowhere.md');
  expect(existsSync(join(demo.folder, '.runtime', 'redis.json'))).toBe(false);
  expect(existsSync(join(demo.folder, '.runtime', 'redis.sock'))).toBe(false);
});

test('a task that fails is told with its error, and --exit ends with 1', async () => {
  const run = (await project(echoProject)).runtime('start', '--run', 'fail', '--exit');
  expect(await run.ended(), run.out() + run.err()).toBe(1);
  expect(run.err()).toContain('it cannot be done');
  expect(run.err()).not.toMatch(/^\s+at /m);
});

test('another terminal sees the fleet on its private server and drives it, and SIGTERM ends it with 0', async () => {
  const { runtime, folder } = await project(echoProject);
  const fleet = runtime('start');
  await says(fleet, 'the fleet is up');

  const waited = runtime('enqueue', 'echo', 'echo', '{"n":1}', '--wait');
  expect(await waited.ended(), waited.err()).toBe(0);
  expect(JSON.parse(waited.out())).toEqual({ n: 1 });
  const [status, events, logs, asked] = [
    runtime('status', '--json'),
    runtime('events', '--json', '--topic', 'echo.*'),
    runtime('logs', 'echo'),
    runtime('ask', 'echo', 'who'),
  ];
  const [since, before] = [
    runtime('events', '--since', '10m', '--from', 'echo', '--topic', 'echo.*', '--json'),
    runtime('events', '--since', '10m', '--until', '9m'),
  ];
  expect(await Promise.all([status, events, logs, asked].map((run) => run.ended()))).toEqual([0, 0, 0, 0]);
  expect(await Promise.all([since, before].map((run) => run.ended()))).toEqual([0, 0]);
  expect(since.out()).toBe(events.out());
  expect(before.out()).toBe('');
  expect(JSON.parse(status.out())).toMatchObject({
    nodes: [{ alive: true, pid: fleet.child.pid }],
    agents: [{ id: 'echo', role: 'echo', state: 'up' }],
    queues: [{ name: 'echo', waiting: 0 }],
  });
  expect(JSON.parse(events.out())).toMatchObject({ topic: 'echo.done', from: 'echo', data: { by: 'echo' } });
  expect(logs.out()).toContain('echoing');
  expect(JSON.parse(asked.out())).toEqual({ id: 'echo' });

  fleet.child.kill('SIGTERM');
  expect(await fleet.ended(), fleet.err()).toBe(0);
  expect(fleet.out()).toContain('draining');
  const none = runtime('status');
  expect(await none.ended()).toBe(69);
  expect(none.err()).toContain(`no private server runs in ${folder}`);
});

test('a second Ctrl-C ends a drain at once, and the next start adopts the server that was left behind', async () => {
  const { runtime } = await project(echoProject);
  const fleet = runtime('start', '--run', 'hang');
  await says(fleet, 'hanging');
  fleet.child.kill('SIGINT');
  await says(fleet, 'draining, press Ctrl-C again');
  await waitFor(() => fleet.child.exitCode !== null || void fleet.child.kill('SIGINT'), { what: 'the node to end' });
  expect(await fleet.ended()).toBe(130);

  const next = runtime('start', '--run', 'echo/echo', '--exit');
  await says(next, 'was running already');
  next.child.kill('SIGKILL');
});

test('two starts in one directory share one private server, and the last one stops it', async () => {
  const { runtime, folder } = await project(echoProject);
  const fleets = [runtime('start'), runtime('start')];
  await Promise.all(fleets.map((fleet) => says(fleet, 'the fleet is up')));
  const pids = fleets.map((fleet) => /redis-server of this directory \(pid (\d+)/.exec(fleet.out())?.[1]);
  expect(pids[0]).toBeDefined();
  expect(pids[1]).toBe(pids[0]);
  for (const [index, fleet] of fleets.entries()) {
    fleet.child.kill('SIGINT');
    expect(await fleet.ended(), fleet.err()).toBe(0);
    expect(existsSync(join(folder, '.runtime', 'redis.json'))).toBe(index === 0);
  }
});
