/** What the orchestrator makes of reports: a failed check is a finding, sums are true, and the whole fits one payload. */
import { expect, test } from 'vitest';
import { checks } from '../../../agents/checks/catalogue.ts';
import type { CheckReport, Finding } from '../../../agents/checks/check.ts';
import { failedReport, fitting, REPORTS_BYTES, sumUp } from '../../../agents/results.ts';

const [anyCheck = { name: 'a', title: 'A' }] = checks;

function reportOf(findings: readonly Finding[]): CheckReport {
  return { ...failedReport(anyCheck, ''), findings, total: 900, counts: { info: 0, warning: 899, error: 1 } };
}

test('a check that failed for good is an error finding that says why, cut to a readable length', () => {
  const report = failedReport(anyCheck, `no such thing ${'x'.repeat(1_000)}`);
  expect(report).toMatchObject({ check: anyCheck.name, title: anyCheck.title, total: 1, counts: { error: 1 } });
  expect(report.findings[0]?.message).toMatch(/^The check could not be done: no such thing x{300}/);
  expect(report.findings[0]?.message.length).toBeLessThanOrEqual(400);
});

test('the sums count what was found, not what the reports still hold', () => {
  const reports = [reportOf([]), failedReport(anyCheck, 'why')];
  expect(sumUp(reports)).toEqual({ findings: 901, errors: 2, warnings: 899 });
});

test('small reports are handed on whole', () => {
  const reports = [reportOf([{ severity: 'error', message: 'a' }])];
  expect(fitting(reports)).toEqual(reports);
});

test('thirteen reports as large as checks may make them lose their least findings, never their totals', () => {
  const findings = Array.from({ length: 50 }, (_, line) => {
    return { severity: 'warning' as const, message: '漢'.repeat(240), file: 'é'.repeat(300), line };
  });
  const reports = fitting(checks.map(() => reportOf(findings)));
  expect(Buffer.byteLength(JSON.stringify(reports))).toBeLessThanOrEqual(REPORTS_BYTES);
  expect(reports).toHaveLength(13);
  for (const report of reports) {
    expect(report.findings[0]).toEqual(findings[0]);
    expect(report.findings.length).toBeLessThan(50);
    expect(report.total).toBe(900);
  }
});
