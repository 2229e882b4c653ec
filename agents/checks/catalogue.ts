/**
 * The thirteen checks of an audit, and the one way to run them.
 *
 * The orchestrator needs the names, an AuditAgent needs `runCheck`; both find here all that the fleet knows about the
 * checks. What leaves is redacted, cut to length and below 128 KiB, whatever a check did.
 */
import type { Check, CheckReport, Finding, Outcome } from './check.ts';
import { deadLinks } from './dead-links.ts';
import { dependencies } from './dependencies.ts';
import { duplicateFiles } from './duplicate-files.ts';
import { encoding } from './encoding.ts';
import { filesByLanguage } from './files-by-language.ts';
import { gitStateCheck } from './git-state.ts';
import { largestFiles } from './largest-files.ts';
import { longCode } from './long-code.ts';
import { mergeMarkers } from './merge-markers.ts';
import { openNotes } from './open-notes.ts';
import { projectFiles } from './project-files.ts';
import { redact } from './secret-patterns.ts';
import { secrets } from './secrets.ts';
import type { Skips } from './skips.ts';
import { openTree, type Progress, type TreeOptions } from './tree.ts';
import { untestedSources } from './untested-sources.ts';

export const checks: readonly Check[] = [
  filesByLanguage,
  largestFiles,
  longCode,
  openNotes,
  deadLinks,
  projectFiles,
  secrets,
  dependencies,
  duplicateFiles,
  encoding,
  mergeMarkers,
  untestedSources,
  gitStateCheck(),
];

/** A report is smaller than this as JSON in UTF-8. */
export const REPORT_BYTES = 128 * 1024;
/** The report the fleet writes; an audit does not read its own findings. */
const OWN_REPORT = 'agents.md';
/** What cutting in the middle of a character leaves. */
const LONE_SURROGATE = /\p{Cs}/gu;
const MESSAGE_LENGTH = 240;
const PATH_LENGTH = 300;

export interface RunCheckOptions {
  readonly signal: AbortSignal;
  /** Called with files done and files in all, and awaited. */
  readonly onProgress?: Progress;
  /** Paths left out, relative to the root; by default the fleet's own `agents.md`. */
  readonly exclude?: readonly string[];
  /** Another file system, for tests. */
  readonly disk?: TreeOptions['disk'];
}

/**
 * Runs one check over the directory `path`.
 *
 * @throws Error when there is no check of that name or `path` is not a directory; the signal's reason once it is
 * aborted. Nothing that the tree holds makes it throw.
 */
export async function runCheck(name: string, path: string, options: RunCheckOptions): Promise<CheckReport> {
  const check = checks.find((candidate) => candidate.name === name);
  if (check === undefined) {
    const names = checks.map((candidate) => candidate.name).join(', ');
    throw new Error(`expected check to be one of ${names}, got: ${JSON.stringify(name)}`);
  }
  options.signal.throwIfAborted();
  const tree = await openTree(path, { exclude: [OWN_REPORT], ...options });
  const outcome = await check.run(tree, options.signal);
  options.signal.throwIfAborted();
  return reportOf(check, outcome, tree.skips);
}

function reportOf(check: Check, { findings, facts }: Outcome, skips: Skips): CheckReport {
  const report = {
    check: check.name,
    title: check.title,
    findings: findings.worst().map(shown),
    total: findings.total,
    counts: findings.counts,
    facts: Object.fromEntries(
      Object.entries(facts).map(([key, value]) => [key, typeof value === 'string' ? message(value) : value]),
    ),
    skipped: skips.kept.map(({ file, reason }) => ({ file: shortPath(file), reason })),
    skippedTotal: skips.total,
  };
  // The caps above keep a report far below the limit; this holds even if a check forgets them.
  while (report.findings.length > 0 && Buffer.byteLength(JSON.stringify(report)) >= REPORT_BYTES) report.findings.pop();
  return report;
}

function shown(finding: Finding): Finding {
  const text = message(finding.message);
  return finding.file === undefined
    ? { ...finding, message: text }
    : { ...finding, message: text, file: shortPath(finding.file) };
}

/** Redacted before it is cut, since half a secret no longer looks like one. */
function message(text: string): string {
  const safe = redact(text).replace(/[\p{Cc}\p{Cf}]/gu, ' ');
  return safe.length > MESSAGE_LENGTH ? `${safe.slice(0, MESSAGE_LENGTH - 1)}…`.replace(LONE_SURROGATE, '') : safe;
}

function shortPath(path: string): string {
  return path.length > PATH_LENGTH ? `…${path.slice(1 - PATH_LENGTH)}`.replace(LONE_SURROGATE, '') : path;
}
