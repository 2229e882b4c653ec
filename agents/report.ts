/**
 * Renders the reports of an audit as Markdown, for `agents.md`.
 *
 * Pure, and without trust: reports crossed processes and quote file names and lines of the audited tree, so nothing in
 * them may become a heading, a link, a table cell or HTML of the page.
 */
import type { CheckReport, Finding } from './checks/check.ts';

export interface ReportInput {
  /** What was audited. */
  readonly path: string;
  readonly reports: readonly CheckReport[];
  /** What the run counted, such as tasks and retries, shown below the summary. */
  readonly counts?: Readonly<Record<string, string | number>>;
  /** As it shall be shown, usually ISO 8601. */
  readonly finishedAt: string;
}

/** The whole page, ending with a newline; the reports keep their order. */
export function renderReport({ path, reports, counts = {}, finishedAt }: ReportInput): string {
  const blocks = [
    '# Audit report',
    `${code(path)}, finished ${escape(finishedAt)}.`,
    '## Summary',
    summary(reports),
    facts(counts),
    ...reports.flatMap(section),
    ...skippedSection(reports),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function summary(reports: readonly CheckReport[]): string {
  const rows = reports.map((report) => {
    const { error, warning, info } = report.counts;
    return `| ${escape(report.title)} | ${error} | ${warning} | ${info} | ${report.skippedTotal} |`;
  });
  const sum = (pick: (report: CheckReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  const totals = [sum((r) => r.counts.error), sum((r) => r.counts.warning), sum((r) => r.counts.info)];
  return [
    '| Check | Errors | Warnings | Notes | Files skipped |',
    '|---|---:|---:|---:|---:|',
    ...rows,
    `| **All ${reports.length} checks** | ${totals.join(' | ')} | |`,
  ].join('\n');
}

function section(report: CheckReport): string[] {
  const more = report.total - report.findings.length;
  const findings = report.findings.map(finding);
  if (more > 0) findings.push(`- and ${more} more`);
  return [
    `## ${escape(report.title)}`,
    facts(report.facts),
    findings.length === 0 ? 'No findings.' : findings.join('\n'),
    report.skippedTotal === 0 ? '' : `Files skipped: ${report.skippedTotal}.`,
  ];
}

function finding({ severity, message, file, line }: Finding): string {
  const label = severity === 'info' ? 'note' : severity;
  const place = file === undefined ? '' : ` ${code(line === undefined ? file : `${file}:${line}`)}`;
  return `- **${label}**${place} ${escape(message)}`;
}

function facts(entries: Readonly<Record<string, string | number>>): string {
  return Object.entries(entries)
    .map(([key, value]) => `- ${escape(key)}: ${escape(String(value))}`)
    .join('\n');
}

/** Most checks skip the same files, so they are listed once. */
function skippedSection(reports: readonly CheckReport[]): string[] {
  const lines = reports.flatMap(({ skipped }) =>
    skipped.map(({ file, reason }) => `- ${code(file)} ${escape(reason)}`),
  );
  const unique = [...new Set(lines)].sort();
  if (unique.length === 0) return [];
  const most = Math.max(...reports.map((report) => report.skippedTotal));
  const more = most > unique.length ? [`- and at least ${most - unique.length} more`] : [];
  return ['## Skipped files', [...unique, ...more].join('\n')];
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

function escape(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]<>|~#!]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replace(/:\/\//g, '&#58;//')
    .replace(/\bwww\./gi, 'www&#46;');
}

/** A code span whose fence is longer than any run of backticks in it. */
function code(text: string): string {
  const plain = oneLine(text);
  const longest = Math.max(0, ...[...plain.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 && plain !== '' ? `${fence}${plain}${fence}` : `${fence} ${plain} ${fence}`;
}
