/**
 * `runtime quarantine`: list, show, release and drop, as a person uses them.
 */
import { expect, test } from 'vitest';
import { runCommand } from '../../src/cli/main.ts';
import { files, recording } from '../unit/cli/recording.ts';
import { waitFor } from '../support/wait.ts';
import { auditor, classicStage } from './fleet.ts';

const stage = classicStage();

async function runtime(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const context = recording({ cwd: await files({}), env: { REDIS_URL: stage.server.url } });
  const code = await runCommand(['quarantine', ...args], context);
  return { code, out: context.lines.out.join('\n'), err: context.lines.err.join('\n') };
}

test('what cannot be read is listed, shown, given back and forgotten', async () => {
  expect(await runtime()).toMatchObject({
    code: 0,
    err: expect.stringContaining('nothing is in quarantine') as unknown,
  });
  const { agents } = auditor();
  const node = await stage.start({ agents, classic: { foreign: [] } });
  await stage.raw.lpush('task:queue', '{"taskId":', 'no JSON');
  await waitFor(async () => (await stage.raw.llen('task:queue')) === 0, { what: 'both to be set aside' });
  await node.stop();
  const listed = await runtime('list', '--json');
  const entries = listed.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; text: string; origin: string });
  expect(entries.map(({ text, origin }) => [text, origin])).toEqual([
    ['no JSON', 'task:queue'],
    ['{"taskId":', 'task:queue'],
  ]);
  expect((await runtime()).out).toContain('task:queue');
  const [first, second] = entries.map(({ id }) => id) as [string, string];
  expect((await runtime('show', first)).out).toContain('no JSON');
  expect((await runtime('release', first)).out).toContain('1 entry given back');
  expect(await stage.raw.lrange('task:queue', 0, -1)).toEqual(['no JSON']);
  expect(await runtime('drop', first)).toMatchObject({ code: 1 });
  expect((await runtime('drop', 'all')).out).toContain('1 entry forgotten');
  expect(await runtime('show', second)).toMatchObject({ code: 1 });
  expect(await runtime('burn', second)).toMatchObject({ code: 64 });
  expect(await runtime('show')).toMatchObject({ code: 64 });
});
