/**
 * The reports of node processes that hung: where they were, without secrets, and not more and more of them.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keepReport } from '../../../src/cli/reports.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const report = JSON.stringify({
  header: { commandLine: ['node', 'runtime.js', '--redis', 'redis://user:secret@host:6379'] },
  javascriptStack: {
    stack: [
      'at Object.getReport (node:internal/process/report:36:13)',
      'at eval (eval at spin (file:///agents/echo.ts:1:1), <anonymous>:5:21)',
      'at eval (eval at spin (file:///agents/echo.ts:1:1), <anonymous>:6:7)',
      'at EchoAgent.spin (/agents/echo.ts:5:40)',
      'at Cell.call (/src/runtime/cell.ts:1:1)',
    ],
  },
});

async function reportsFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'reports-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a report says where the process was, without the frames of the report itself and without passwords', async () => {
  const { file, at } = keepReport(await reportsFolder(), 'n1', report, new VirtualClock());
  expect(at).toBe('EchoAgent.spin (/agents/echo.ts:5:40)');
  const text = await readFile(file, 'utf8');
  expect(text).not.toContain('secret');
  expect(JSON.parse(text).javascriptStack.stack).toHaveLength(2);
});

test('the newest twenty are kept', async () => {
  const [folder, clock] = [await reportsFolder(), new VirtualClock()];
  const files: string[] = [];
  for (let count = 0; count < 23; count++) {
    files.push(keepReport(folder, 'n1', report, clock).file);
    await clock.advance(1_000);
  }
  const left = (await readdir(folder)).sort().map((name) => join(folder, name));
  expect(left).toEqual(files.slice(-20));
});
