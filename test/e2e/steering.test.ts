/**
 * Steering a fleet from another terminal: cancel, pause and resume, dead letters and the way back.
 *
 * The fleet is a process of its own; the commands run in this one, since each of them takes longer to start than to run.
 */
import { expect, test } from 'vitest';
import { runCommand } from '../../src/cli/main.ts';
import { waitFor } from '../support/wait.ts';
import { recording } from '../unit/cli/recording.ts';
import { echoProject, project, says } from './project.ts';

async function started() {
  const { folder, runtime } = await project(echoProject);
  const fleet = runtime('start');
  await says(fleet, 'the fleet is up');
  /** What the command printed for programs. */
  const printed = async (args: readonly string[], code = 0): Promise<string> => {
    const context = recording({ cwd: folder });
    expect(await runCommand(args, context), context.lines.err.join('\n')).toBe(code);
    return context.lines.out.join('\n');
  };
  return { fleet, printed };
}

test('a running task is cancelled, and a queue is paused and resumed', async () => {
  const { fleet, printed } = await started();
  const hanging = await printed(['enqueue', 'echo', 'hang']);
  await says(fleet, 'hanging');
  expect(await printed(['cancel', hanging, '--reason', 'it hangs'])).toBe('requested');
  expect(await printed(['cancel', 'echo.n.1-1'], 1)).toBe('unknown');

  expect(await printed(['pause', 'echo'])).toMatch(/^echo is now paused: 0 waiting/);
  const waiting = await printed(['enqueue', 'echo', 'echo', '--key', 'once']);
  expect(await printed(['enqueue', 'echo', 'echo', '--key', 'once'])).toBe(waiting);
  const shown = async (): Promise<object | undefined> => {
    const { queues } = JSON.parse(await printed(['status', '--json'])) as { queues: object[] };
    return queues[0]; // a node tells its queues with its next heartbeat
  };
  expect(await waitFor(shown, { what: 'the queue to be shown' })).toMatchObject({ waiting: 1, paused: true });
  expect(await printed(['resume', 'echo'])).toMatch(/^echo is now running/);
  await says(fleet, 'echoing');
  expect(await printed(['cancel', hanging])).toBe('cancelled');
});

test('dead letters are shown, and put back one by one or all', async () => {
  const { printed } = await started();
  await printed(['enqueue', 'echo', 'fail', '--wait'], 1);
  expect(await printed(['dead', 'echo'])).toContain('it cannot be done');
  const letter = JSON.parse(await printed(['dead', 'echo', '--json'])) as { id: string };
  expect(letter).toMatchObject({ name: 'fail', reason: 'terminal', attempts: 1 });
  expect(await printed(['dead', 'echo', '--requeue', letter.id])).toBe('1 task put back into echo');
  await waitFor(async () => (await printed(['dead', 'echo', '--json'])) !== '', { what: 'it to die again' });
  expect(await printed(['dead', 'echo', '--requeue', 'all'])).toBe('1 task put back into echo');
  expect(await printed(['dead', 'echo', '--requeue', 'echo.n.1-1'], 1)).toBe('0 tasks put back into echo');
});
