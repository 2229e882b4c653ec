/**
 * Steering a fleet from another terminal: cancel, pause and resume, dead letters and dead messages and the way back.
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
  const later = await printed(['enqueue', 'echo', 'hang', '--at', '2031-12-01T09:00:00+01:00']);
  const past = await printed(['enqueue', 'echo', 'echo', '--at', '2001-12-01T09:00:00Z']);
  expect(await waitFor(shown, { what: 'the queue to be shown' })).toMatchObject({ waiting: 2, parked: 1 });
  expect([await printed(['cancel', later]), await printed(['cancel', past])]).toEqual(['cancelled', 'cancelled']);
  expect(await printed(['resume', 'echo'])).toMatch(/^echo is now running/);
  await says(fleet, 'echoing');
  expect(await printed(['cancel', hanging])).toBe('cancelled');
});

test('a queue is limited, the limits are shown, and taken away', async () => {
  const { fleet, printed } = await started();
  expect(await printed(['limit', 'echo'])).toBe('echo: no limits');
  expect(await printed(['limit', 'echo', '--concurrency', '1'])).toBe('echo: at most 1 at a time');
  expect(await printed(['limit', 'echo', '--rate', '100/1m'])).toBe('echo: at most 1 at a time, 100 per 1m');
  const hanging = await printed(['enqueue', 'echo', 'hang']);
  await says(fleet, 'hanging');
  await printed(['enqueue', 'echo', 'echo', '--concurrency-key', 'one']);
  const shown = async (): Promise<string | undefined> =>
    /echo .*\(at most 1 at a time, 100 per 1m\).* 1 /.exec(await printed(['status']))?.[0];
  await waitFor(shown, { what: 'the limits and the task that waits to be shown' });
  expect(await printed(['limit', 'echo', '--rate', '5'], 64)).toBe('');
  expect(await printed(['limit', 'echo', '--none', '--concurrency', '2'], 64)).toBe('');
  await printed(['cancel', hanging]);
  await says(fleet, 'echoing');
  expect(await printed(['limit', 'echo', '--none'])).toBe('echo: no limits');
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

test('messages that no handler takes are shown, put back or forgotten', async () => {
  const { fleet, printed } = await started();
  await printed(['send', 'echo', 'sing', '{"song":"a"}', '--key', 'song']);
  expect(await printed(['send', 'echo', 'sing', '{"song":"b"}', '--key', 'song'])).toMatch(/^known/);
  await says(fleet, 'failed to handle "sing", now a dead letter');
  const shown = async (): Promise<{ letter: string; reason: string }[]> => {
    const lines = await printed(['dead', '--agent', 'echo', '--json']);
    return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line) as { letter: string; reason: string });
  };
  const first = await waitFor(async () => (await shown())[0], { what: 'the dead message' });
  expect(first).toMatchObject({ name: 'sing', from: 'cli', data: { song: 'a' }, reason: 'no-handler' });
  expect(await printed(['dead', '--agent', 'echo'])).toMatch(/sing +cli .* no-handler/);
  expect(await printed(['dead', '--agent', 'echo', '--requeue', first.letter])).toBe(
    '1 message put back into the inbox of echo',
  );
  const isAnother = async (): Promise<boolean> => (await shown()).some(({ letter }) => letter !== first.letter);
  await waitFor(isAnother, { what: 'it to die again' });
  expect(await printed(['dead', '--agent', 'echo', '--drop', 'all'])).toBe('1 message of echo forgotten');
  expect(await printed(['dead', '--agent', 'echo', '--drop', first.letter], 1)).toBe('0 messages of echo forgotten');
  expect(await shown()).toEqual([]);
  expect(await printed(['send', 'echo', 'who', '--volatile'])).toBe('told echo');
  await printed(['send', 'nobody', 'who', '--volatile'], 69);
  await printed(['dead'], 64);
  await printed(['dead', 'echo', '--agent', 'echo'], 64);
  await printed(['dead', 'echo', '--drop', 'all'], 64);
});
