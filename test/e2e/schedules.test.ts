/**
 * Schedules as an operator meets them: named in the configuration, made by the fleet, shown and steered from another terminal.
 */
import { expect, test } from 'vitest';
import { runCommand } from '../../src/cli/main.ts';
import { waitFor } from '../support/wait.ts';
import { recording } from '../unit/cli/recording.ts';
import { echoProject, project, says } from './project.ts';

const config = `
  import { defineConfig } from 'agent-runtime';
  const echo = { role: 'echo', task: 'echo' };
  export default defineConfig({
    agents: './agents',
    schedules: {
      beat: { every: '1s', task: [echo, { by: 'beat' }] },
      nightly: { cron: '0 3 * * *', timeZone: 'Europe/Berlin', task: [echo, { by: 'night' }], missed: 'once' },
    },
  });
`;

test('schedules of the configuration run; they are listed, paused, resumed, run by hand and removed', async () => {
  const { folder, runtime } = await project({ ...echoProject, 'runtime.config.ts': config });
  const fleet = runtime('start');
  await says(fleet, 'the fleet is up');
  await says(fleet, 'echoing');
  const printed = async (args: readonly string[], code = 0): Promise<string> => {
    const context = recording({ cwd: folder });
    expect(await runCommand(args, context), context.lines.err.join('\n')).toBe(code);
    return context.lines.out.join('\n');
  };
  type Shown = { name: string; runs: number; paused: boolean };
  const shown = async (name: string): Promise<Shown | undefined> => {
    const lines = (await printed(['schedules', '--json'])).split('\n');
    return lines.map((line) => JSON.parse(line) as Shown).find((one) => one.name === name);
  };
  await waitFor(async () => ((await shown('beat'))?.runs ?? 0) > 1, { what: 'two runs' });
  expect(await printed(['schedules'])).toMatch(
    /^NAME.*\nbeat +every 1.0 s .*\nnightly +0 3 \* \* \* Europe\/Berlin .* echo echo$/,
  );
  expect(await printed(['schedules', 'pause', 'beat'])).toBe('beat is now paused');
  expect(await printed(['schedules', 'pause', 'beat'])).toBe('beat is already paused');
  expect(await shown('beat')).toMatchObject({ paused: true });
  expect(await printed(['schedules', 'run', 'nightly'])).toMatch(/^echo\.n\./);
  expect(await printed(['schedules', 'resume', 'beat'])).toBe('beat is now running');
  expect(await printed(['schedules', 'remove', 'beat'])).toBe('beat is removed');
  expect(await shown('beat')).toBe(undefined);
  await printed(['schedules', 'pause', 'beat'], 1);
});
