/**
 * What the orchestrator makes of thirteen reports: a stand-in for a check that failed, the sums, and a set small enough to
 * hand on. Pure functions, so that the agent reads as the story it is.
 */
import type { CheckReport } from './checks/check.ts';

/** The reports handed to the docs agent stay below this as JSON: a payload in the fleet has at most 256 KiB. */
export const REPORTS_BYTES = 192 * 1024;
const REASON_LENGTH = 400;

/** A check that failed for good is a finding like any other: it is said, and the audit goes on. */
export function failedReport(check: { readonly name: string; readonly title: string }, reason: string): CheckReport {
  return {
    check: check.name,
    title: check.title,
    findings: [{ severity: 'error', message: `The check could not be done: ${reason}`.slice(0, REASON_LENGTH) }],
    total: 1,
    counts: { info: 0, warning: 0, error: 1 },
    facts: {},
    skipped: [],
    skippedTotal: 0,
  };
}

/** The sums over all reports. */
export function sumUp(reports: readonly CheckReport[]) {
  const sum = (pick: (report: CheckReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  return {
    findings: sum((report) => report.total),
    errors: sum((report) => report.counts.error),
    warnings: sum((report) => report.counts.warning),
  };
}

/** The reports with as many of their worst findings as fit into `bytes`; totals and counts stay true. */
export function fitting(reports: readonly CheckReport[], bytes: number = REPORTS_BYTES): readonly CheckReport[] {
  for (const kept of [50, 25, 12, 6, 3, 1]) {
    const shorter = shorten(reports, kept);
    if (Buffer.byteLength(JSON.stringify(shorter)) <= bytes) return shorter;
  }
  return shorten(reports, 0);
}

function shorten(reports: readonly CheckReport[], kept: number): readonly CheckReport[] {
  return reports.map((report) => ({
    ...report,
    findings: report.findings.slice(0, kept),
    skipped: report.skipped.slice(0, kept),
  }));
}
