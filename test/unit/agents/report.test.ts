/** The rendered audit: what stands in it, and that nothing quoted can change its form. */
import { expect, test } from 'vitest';
import type { CheckReport } from '../../../agents/checks/check.ts';
import { renderReport } from '../../../agents/report.ts';

const report: CheckReport = {
  check: 'encoding',
  title: 'Encoding and line ends',
  findings: [
    { severity: 'error', message: 'not valid UTF-8', file: 'a.txt', line: 2 },
    { severity: 'info', message: 'no newline' },
  ],
  total: 5,
  counts: { error: 1, warning: 0, info: 4 },
  facts: { 'text files': 7 },
  skipped: [{ file: 'b.bin', reason: 'binary' }],
  skippedTotal: 1,
};

test('a report has a summary, a section per check with places, and the skipped files once', () => {
  const page = renderReport({
    path: 'repo',
    reports: [report, report],
    counts: { tasks: 13 },
    finishedAt: '2025-01-02',
  });
  expect(page).toContain('`repo`, finished 2025-01-02.');
  expect(page).toContain('| Encoding and line ends | 1 | 0 | 4 | 1 |');
  expect(page).toContain('| **All 2 checks** | 2 | 0 | 8 | |');
  expect(page).toContain('- tasks: 13');
  expect(page).toContain('- text files: 7');
  expect(page).toContain('- **error** `a.txt:2` not valid UTF-8\n- **note** no newline\n- and 3 more');
  expect(page.match(/`b\.bin` binary/g)).toHaveLength(1);
  expect(page.endsWith('\n')).toBe(true);
});

test('a check without findings says so', () => {
  const clean = {
    ...report,
    findings: [],
    total: 0,
    counts: { error: 0, warning: 0, info: 0 },
    skipped: [],
    skippedTotal: 0,
  };
  const page = renderReport({ path: 'repo', reports: [clean], finishedAt: 'now' });
  expect(page).toContain('No findings.');
  expect(page).not.toContain('Skipped files\n');
});

test('names and messages cannot become headings, links, cells, code or HTML', () => {
  const nasty = '`x`|<b>[a](http://b.c)\n# *h*';
  const findings = [{ severity: 'warning' as const, message: nasty, file: '``f`\n# g|' }];
  const page = renderReport({ path: nasty, reports: [{ ...report, title: nasty, findings }], finishedAt: nasty });
  expect(page).toContain('- **warning** ``` ``f` # g| ``` \\`x\\`\\|\\<b\\>\\[a\\](http&#58;//b.c) \\# \\*h\\*');
  expect(page).not.toMatch(/^# (?!Audit report)/m);
});
