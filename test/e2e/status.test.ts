/**
 * `runtime status` and `runtime ready` as a user and a probe drive them, against fleets in processes of their own.
 */
import { expect, test } from 'vitest';
import { runCommand } from '../../src/cli/main.ts';
import type { FleetStatus } from '../../src/cli/fleet-status.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { recording } from '../unit/cli/recording.ts';
import { echoProject, project, says } from './project.ts';

/** What a command prints, here in this process. */
async function printed(folder: string, args: readonly string[], code = 0): Promise<string> {
  const context = recording({ cwd: folder });
  expect(await runCommand(args, context), [...context.lines.out, ...context.lines.err].join('\n')).toBe(code);
  return [...context.lines.out, ...context.lines.err].join('\n');
}

test('the status shows what an agent takes and what runs in it, one thing in full, and says when there is no such thing', async () => {
  const { folder, runtime } = await project(echoProject);
  const fleet = runtime('start', '--verbose');
  await says(fleet, 'the fleet is up');
  const order = ['membership', 'agents', 'intake', 'the start'].map((part) => fleet.out().indexOf(`+   ${part}\n`));
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order).not.toContain(-1);

  await printed(folder, ['enqueue', 'echo', 'hang']);
  await says(fleet, 'hanging');
  const hangs = async (): Promise<FleetStatus | undefined> => {
    const status = JSON.parse(await printed(folder, ['status', '--json'])) as FleetStatus;
    return status.inFlight.length > 0 ? status : undefined;
  };
  const status = await waitFor(hangs, { what: 'the task to be seen running' });
  expect(status).toMatchObject({
    nodes: [{ state: 'up', ready: true, why: [], pid: fleet.child.pid }],
    roles: [{ role: 'echo', tasks: ['echo', 'fail', 'hang'], messages: ['who'], states: { up: 1 } }],
    inFlight: [{ agent: 'echo', kind: 'task', name: 'hang' }],
    disagreements: [],
  });
  expect(await printed(folder, ['status'])).toMatch(/echo +[0-9a-f]{8} +1 +tasks echo, fail, hang; messages who/);
  expect(await printed(folder, ['status', 'echo'])).toMatch(
    /^agent echo {2}up on node .*\n[^]*runs now +task hang for /,
  );
  expect(await printed(folder, ['status', status.nodes[0]?.node ?? ''])).toMatch(/^node .* up\n[^]*task hang in echo/);
  expect(await printed(folder, ['status', 'nobody'], 64)).toContain('There are: echo, ');
  expect(await printed(folder, ['ready'])).toMatch(/^ready {2}n/);

  fleet.child.kill('SIGTERM');
  await says(fleet, 'draining');
  const stopping = async (): Promise<boolean> => (await printed(folder, ['status'])).includes('it is stopping');
  await waitFor(stopping, { what: 'the node to be seen stopping' });
  expect(await printed(folder, ['ready'], 1)).toMatch(/^not ready {2}n\w+: it is stopping/);
});

test('the status is followed until Ctrl-C, as one record a second for programs', async () => {
  const { runtime } = await project(echoProject);
  await says(runtime('start'), 'the fleet is up');
  const watched = [runtime('status', '--watch'), runtime('status', '--watch', '--json')];
  const [plain, json] = watched;
  const times = (run: (typeof watched)[number] | undefined, text: RegExp): number =>
    run?.out().match(text)?.length ?? 0;
  const isSeen = (): boolean => times(plain, /fleet default/g) >= 2 && times(json, /\n/g) >= 2;
  await waitFor(isSeen, { what: 'the status to be shown twice', timeoutMs: 15_000 });
  for (const run of watched) run.child.kill('SIGINT');
  expect(await Promise.all(watched.map((run) => run.ended()))).toEqual([0, 0]);
  const records = json
    ?.out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as FleetStatus);
  expect(records?.every(({ fleet, nodes }) => fleet === 'default' && nodes.length === 1)).toBe(true);
});

test('a probe is told with an exit code of a node, of a host and of the fleet, also when a node hangs', async () => {
  const server = await startRedis();
  try {
    const { folder, runtime } = await project({
      ...echoProject,
      'runtime.config.ts': `
        import { defineConfig } from 'agent-runtime';
        export default defineConfig({ redis: '${server.url}', timing: { presenceLease: '6s', heartbeat: '500ms' }, agents: './agents' });
      `,
    });
    expect(await printed(folder, ['ready'], 1)).toBe('not ready: no node is up');
    const fleet = runtime('start');
    await says(fleet, 'the fleet is up');
    const [line = '{}'] = (await printed(folder, ['ready', '--json'])).split('\n');
    const { node, host, ready } = JSON.parse(line) as { node: string; host: string; ready: boolean };
    expect(ready).toBe(true);
    expect(await printed(folder, ['ready', node])).toBe(`ready  ${node}`);
    expect(await printed(folder, ['ready', host])).toBe(`ready  ${node}`);
    expect(await printed(folder, ['ready', 'elsewhere'], 1)).toContain('no node "elsewhere" is up');
    fleet.child.kill('SIGSTOP');
    const isOld = async (): Promise<boolean> => {
      const context = recording({ cwd: folder });
      return (
        (await runCommand(['ready', node], context)) === 1 && context.lines.out.join().includes('its last heartbeat is')
      );
    };
    await waitFor(isOld, { what: 'the node that hangs not to be ready', timeoutMs: 5_000 });
    fleet.child.kill('SIGCONT');
  } finally {
    await server.stop();
  }
});

test('a node that joins with another contract of a role says so, and the status names who disagrees', async () => {
  const server = await startRedis();
  try {
    const config = `
      import { defineConfig, pool } from 'agent-runtime';
      import { EchoAgent } from './agents/echo-agent.ts';
      export default defineConfig({ redis: '${server.url}', agents: [pool(EchoAgent)] });
    `;
    const old = await project({ ...echoProject, 'runtime.config.ts': config });
    const agent = (echoProject['agents/echo-agent.ts'] ?? '').replace(
      "@onTask('hang')",
      "@onTask('hang', undefined, undefined, { retries: 0 })",
    );
    const fresh = await project({ 'agents/echo-agent.ts': agent, 'runtime.config.ts': config });
    const first = old.runtime('start');
    await says(first, 'the fleet is up');
    const second = fresh.runtime('start');
    await says(
      second,
      /! role echo has another contract elsewhere: [0-9a-f]{8} on this node \(n\w+\), [0-9a-f]{8} on n\w+;/,
    );
    await says(second, 'the fleet is up');
    expect(first.out()).not.toContain('another contract');
    const text = await printed(old.folder, ['status']);
    expect(text).toMatch(/! nodes disagree on the contract of role echo: [0-9a-f]{8} on n\w+; [0-9a-f]{8} on n\w+/);
    const { disagreements } = JSON.parse(await printed(old.folder, ['status', '--json'])) as FleetStatus;
    expect(disagreements.map(({ role, versions }) => [role, versions.length])).toEqual([['echo', 2]]);
  } finally {
    await server.stop();
  }
});
