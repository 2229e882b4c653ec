/**
 * What the agents of the example fleet say to each other: every task, message and broadcast with its schemas.
 *
 * Contracts live apart from the agents, so that a caller imports what it sends and not the class that receives it. Sender
 * and receiver both check payloads against them.
 */
import { defineBroadcast, defineMessage, defineTask } from 'agent-runtime';
import { z } from 'zod';
import { checks } from './checks/catalogue.ts';

const count = z.int().min(0);
const path = z.string().min(1);
const check = z.enum(checks.map(({ name }) => name));

const finding = z.object({
  severity: z.enum(['info', 'warning', 'error']),
  message: z.string(),
  file: z.string().exactOptional(),
  line: count.exactOptional(),
});

/** What one check found; the same shape as `CheckReport` in checks/check.ts. */
export const checkReport = z.object({
  check: z.string(),
  title: z.string(),
  findings: z.array(finding).readonly(),
  total: count,
  counts: z.object({ info: count, warning: count, error: count }),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
  skipped: z.array(z.object({ file: z.string(), reason: z.string() })).readonly(),
  skippedTotal: count,
});

/** Audits a whole directory: every check, and a report of what they found. */
export const auditRepository = defineTask('audit-repository', {
  role: 'orchestrator',
  input: z.object({
    path: path.default('.').describe('The directory to audit.'),
    output: path.default('report').describe('The directory that gets agents.md.'),
  }),
  output: z.object({
    report: z.string().describe('The path of agents.md.'),
    checks: count,
    findings: count,
    errors: count,
    warnings: count,
    failedChecks: count.describe('Checks that failed for good; the report says why.'),
    seconds: z.number(),
  }),
  retries: 1,
});

/** Runs one check over a directory. */
export const runOneCheck = defineTask('check', {
  role: 'audit',
  input: z.object({ check, path }),
  output: checkReport,
  retries: 2,
  timeout: '5m',
});

/** Writes `agents.md` into the directory `output`. */
export const writeReport = defineTask('write-report', {
  role: 'docs',
  input: z.object({
    path,
    output: path,
    reports: z.array(checkReport).readonly(),
    /** What the run counted, shown below the summary. */
    counts: z.record(z.string(), z.number()),
  }),
  output: z.object({ report: z.string() }),
  timeout: '5m',
});

export const auditStarted = defineBroadcast('audit.started', { data: z.object({ path, checks: count }) });
export const checkStarted = defineBroadcast('audit.check.started', {
  data: z.object({ path, check, attempt: count }),
});
export const checkDone = defineBroadcast('audit.check.done', {
  data: z.object({ path, check, findings: count, failed: z.boolean() }),
});
export const auditFinished = defineBroadcast('audit.finished', {
  data: z.object({ path, report: z.string(), findings: count, failedChecks: count }),
});
export const docsWritten = defineBroadcast('docs.written', { data: z.object({ path, report: z.string() }) });

const lastReport = z.object({ report: z.string(), path: z.string(), writtenAt: z.iso.datetime() });

/** Who writes a file, and when it was last written. */
export const whoEdits = defineMessage('who-edits', {
  data: z.object({ file: z.string() }),
  reply: z.object({ agent: z.string().nullable(), last: lastReport.nullable() }),
});
/** How often each topic was heard. */
export const monitorCounts = defineMessage('counts', {
  data: z.unknown(),
  reply: z.object({ total: count, topics: z.record(z.string(), count) }),
});
