/** The example fleet without a runtime: what each agent handles, and that the contracts fit what the checks return. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { AuditAgent } from '../../../agents/audit-agent.ts';
import { checks, runCheck } from '../../../agents/checks/catalogue.ts';
import { auditRepository, checkReport, runOneCheck, writeReport } from '../../../agents/contracts.ts';
import { DocsAgent } from '../../../agents/docs-agent.ts';
import { MonitorAgent } from '../../../agents/monitor-agent.ts';
import { OrchestratorAgent } from '../../../agents/orchestrator-agent.ts';
import fleet from '../../../runtime.config.ts';
import { handlersOf } from '../../../src/agent/handlers.ts';
import { resolveConfig } from '../../../src/config/config.ts';
import { signal, treeOf } from './audited-tree.ts';

test('each agent handles the tasks of its role, tried as the contract says', () => {
  const tables = [OrchestratorAgent, AuditAgent, DocsAgent].map(handlersOf);
  expect(tables.map(({ role, tasks }) => [role, ...tasks.keys()])).toEqual([
    ['orchestrator', 'audit-repository'],
    ['audit', 'check'],
    ['docs', 'write-report'],
  ]);
  expect(tables[1]?.tasks.get('check')?.options).toMatchObject({ retries: 2, timeoutMs: 300_000 });
});

test('the report is written under the lock "agents.md"', () => {
  const { lockName } = handlersOf(DocsAgent).tasks.get('write-report')?.options ?? {};
  expect(lockName?.({} as never)).toBe('agents.md');
});

test('the docs agent and the monitor answer questions about themselves', () => {
  expect([...handlersOf(DocsAgent).messages.keys()]).toEqual(['who-edits', 'status']);
  expect([...handlersOf(MonitorAgent).messages.keys()]).toEqual(['counts']);
});

test('the monitor hears every topic of the fleet and nothing else', () => {
  const { broadcasts, timers, start, stop } = handlersOf(MonitorAgent);
  const heard = (topic: string): number => broadcasts.filter((handler) => handler.matches(topic)).length;
  expect(['audit.started', 'audit.check.done', 'audit.finished', 'docs.written'].map(heard)).toEqual([1, 1, 1, 1]);
  expect(['other.topic', 'docs.a.b'].map(heard)).toEqual([0, 0]);
  expect(timers).toEqual([{ everyMs: 30_000, method: 'summarise' }]);
  expect([start, stop]).toEqual([['listen'], ['sayGoodbye']]);
});

test('the configuration is complete and says how each agent is run', () => {
  const { agents, classic } = resolveConfig({ ...fleet, redis: undefined });
  expect(classic).toBe(true);
  expect(agents).toMatchObject([
    { kind: 'single', id: 'orchestrator' },
    { kind: 'pool', role: 'audit', size: 3 },
    { kind: 'single', id: 'docs' },
    { kind: 'single', id: 'monitor' },
  ]);
});

test('an audit without input is of this directory, into "report"', () => {
  expect(auditRepository.input.parse({})).toEqual({ path: '.', output: 'report' });
  expect(auditRepository.input.safeParse({ path: '' }).success).toBe(false);
});

test('a check that does not exist is refused by its contract, thirteen are taken', () => {
  const accepts = (check: string): boolean => runOneCheck.input.safeParse({ check, path: '.' }).success;
  expect(checks.filter(({ name }) => accepts(name))).toHaveLength(13);
  expect(accepts('constructor')).toBe(false);
});

test('what every check returns passes through its contract and JSON unchanged', async () => {
  const tree = await treeOf({
    'src/a.ts': `${'// word '.repeat(40)}\nexport const a = 1; // ${'TO' + 'DO'} later\r\n`,
    'b.bin': Buffer.from([0, 1, 2]),
    'README.md': '[gone](gone.md)\n',
    'package.json': '{ "dependencies": { "left": "*" } }',
  });
  const reports = await Promise.all(checks.map(({ name }) => runCheck(name, tree, { signal })));
  expect(reports.reduce((total, { findings }) => total + findings.length, 0)).toBeGreaterThan(3);
  const received = z.array(checkReport).parse(JSON.parse(JSON.stringify(reports)));
  expect(received).toEqual(reports);
  const input = { path: tree, output: tree, reports, counts: { seconds: 1 } };
  expect(writeReport.input.parse(input)).toEqual(input);
});
