/** The example fleet as a whole, in this process on the memory broker: from a directory on disk to the report. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pool, type Task, TerminalError } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { AuditAgent } from '../../agents/audit-agent.ts';
import { checks } from '../../agents/checks/catalogue.ts';
import { auditRepository, monitorCounts, type runOneCheck, whoEdits } from '../../agents/contracts.ts';
import config from '../../runtime.config.ts';
import type { Progress } from '../../src/agent/task-handle.ts';
import { startFleet } from '../../src/compose/start-fleet.ts';
import type { RuntimeOptions } from '../../src/config/config.ts';
import { Observer } from '../../src/core/observer.ts';
import { waitFor } from '../support/wait.ts';
import { treeOf } from '../unit/agents/audited-tree.ts';

test('an audit runs every check, tells how far it is, and leaves a report', async () => {
  const { fleet } = await fleetOf(config);
  const [path, output] = [await smallRepository(), await emptyDirectory()];
  const handle = await fleet.enqueue(auditRepository, { path, output });
  const steps: Progress[] = [];
  for await (const step of handle.progress()) steps.push(step);

  const { report, seconds, ...counted } = await handle.result();
  expect(report).toBe(join(output, 'agents.md'));
  expect(seconds).toBeGreaterThanOrEqual(0);
  expect(counted).toMatchObject({ checks: 13, failedChecks: 0 });
  expect(counted.findings).toBeGreaterThanOrEqual(counted.errors + counted.warnings);
  expect(counted.warnings).toBeGreaterThan(0);
  const page = await readFile(report, 'utf8');
  for (const { title } of checks) expect(page).toContain(`## ${title}\n`);
  expect(page).toContain('gone.md');
  expect(page).toContain('failed checks: 0');
  expect(await readdir(output)).toEqual(['agents.md']);
  expect(steps.at(-1)).toMatchObject({ done: 13, total: 13, note: expect.stringMatching(/: \d+ findings?$/) });
});

test('whoever asks is told what was written and what was heard', async () => {
  const { fleet } = await fleetOf(config);
  const [path, output] = [await smallRepository(), await emptyDirectory()];
  const { report } = await fleet.run(auditRepository, { path, output });

  const edits = await fleet.ask('docs', whoEdits, { file: 'agents.md' });
  expect(edits).toMatchObject({ agent: 'docs', last: { report, path } });
  expect(await fleet.ask('docs', whoEdits, { file: 'other.md' })).toEqual({ agent: null, last: null });
  expect(await fleet.ask('docs', 'status')).toMatchObject({ written: 1, last: { report } });
  const expected = { 'audit.started': 1, 'audit.check.started': 13, 'audit.check.done': 13, 'audit.finished': 1 };
  await waitFor(
    async () => {
      const counts = await fleet.ask('monitor', monitorCounts, null);
      expect(counts).toEqual({ total: 29, topics: { ...expected, 'docs.written': 1 } });
      return true;
    },
    { what: 'the monitor to have heard every broadcast once' },
  );
});

test('a path that is no directory fails the audit at once, with a message that says so', async () => {
  const { fleet } = await fleetOf(config);
  const missing = join(await emptyDirectory(), 'missing');
  const failure = fleet.run(auditRepository, { path: missing });
  await expect(failure).rejects.toThrow(/after 1 attempts? .*expected path to be a directory, got: .*nothing is there/);
  expect(await fleet.events.read({ topic: 'audit.**' })).toEqual([]);
});

test('an output directory that cannot be made fails the audit without auditing again', async () => {
  const { fleet } = await fleetOf(config);
  const path = await smallRepository();
  const failure = fleet.run(auditRepository, { path, output: join(path, 'README.md', 'report') });
  await expect(failure).rejects.toThrow(/report was not written: .*expected output to be a directory/);
  expect(await fleet.events.read({ topic: 'audit.started' })).toHaveLength(1);
});

/** Cannot do one of the checks. */
class LimitedAuditAgent extends AuditAgent {
  static readonly role = 'audit';

  override check(task: Task<typeof runOneCheck>) {
    if (task.input.check === 'encoding') throw new TerminalError('no decoder here');
    return super.check(task);
  }
}

test('a check that fails for good is said in the report and does not fail the audit', async () => {
  const agents = [
    ...listOf(config).filter((hosting) => !('role' in hosting && hosting.role === 'audit')),
    pool(LimitedAuditAgent, { size: 2 }),
  ];
  const { fleet } = await fleetOf({ ...config, agents });
  const [path, output] = [await smallRepository(), await emptyDirectory()];
  const result = await fleet.run(auditRepository, { path, output });
  expect(result).toMatchObject({ checks: 13, failedChecks: 1 });
  expect(result.errors).toBeGreaterThanOrEqual(1);
  const page = await readFile(result.report, 'utf8');
  expect(page).toMatch(/- \*\*error\*\* The check could not be done: .*no decoder here/);
  expect(page).toContain('failed checks: 1');
  const told = await fleet.events.read({ topic: 'audit.check.done' });
  expect(told.filter(({ data }) => (data as { failed: boolean }).failed)).toHaveLength(1);
});

/** Never ends by itself. */
class EndlessAuditAgent extends AuditAgent {
  static readonly role = 'audit';

  override check(task: Task<typeof runOneCheck>): Promise<never> {
    return new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason as Error)));
  }
}

test('an audit that a shutdown cuts short is handed back, not failed', async () => {
  const outcomes = new Map<string, string>();
  const observer = new Observer();
  observer.on('task.settled', ({ name, outcome }) => outcomes.set(name, outcome));
  const started = new Promise((resolve) => {
    observer.on('task.started', ({ name }) => name === 'check' && resolve(undefined));
  });
  const agents = [
    ...listOf(config).filter((hosting) => !('role' in hosting && hosting.role === 'audit')),
    pool(EndlessAuditAgent),
  ];
  const { fleet, stop } = await fleetOf({ ...config, agents }, observer);
  await fleet.enqueue(auditRepository, { path: await smallRepository(), output: await emptyDirectory() });
  await started;
  await stop();
  expect(Object.fromEntries(outcomes)).toEqual({ 'audit-repository': 'release', check: 'release' });
});

/** Without a server on the PATH and without a URL, the fleet lives in this process's memory. */
async function fleetOf({ redis: _redis, ...options }: RuntimeOptions, observer = new Observer()) {
  const projectDir = await emptyDirectory();
  const running = await startFleet(options, { projectDir, env: { PATH: '' }, observer });
  const stop = (): Promise<void> => running.stop({ graceMs: 0 });
  onTestFinished(stop);
  return { fleet: running.fleet, stop };
}

function listOf({ agents = [] }: RuntimeOptions) {
  return typeof agents === 'string' ? [] : agents;
}

function smallRepository(): Promise<string> {
  return treeOf({
    'README.md': '# Small\n\n[gone](gone.md)\n',
    'src/main.ts': `export const main = 1; // ${'FIX' + 'ME'}: grow\n`,
    'package.json': '{ "name": "small", "dependencies": { "left": "*" } }\n',
  });
}

async function emptyDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'fleet-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
