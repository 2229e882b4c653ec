/**
 * What a check is and what it reports.
 *
 * Every check lives in a file of its own and is known to the fleet only by this shape, so that any AuditAgent in any
 * process can run any of them, and the DocsAgent can render a report without knowing who made it. Reports cross
 * processes as JSON: plain data, capped, below 128 KiB.
 */
import type { Findings } from './findings.ts';
import type { Skipped } from './skips.ts';
import type { Tree } from './tree.ts';

export type Severity = 'info' | 'warning' | 'error';

export interface Finding {
  readonly severity: Severity;
  readonly message: string;
  /** Relative to the root of the tree, with `/`; odd bytes are shown as `\xNN`. */
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
}

export type Facts = Readonly<Record<string, string | number>>;

/** What a check hands back; `runCheck` caps, redacts and measures it. */
export interface Outcome {
  readonly findings: Findings;
  readonly facts: Facts;
}

export interface Check {
  /** Stable kebab-case name, the key under which the orchestrator hands the check out. */
  readonly name: string;
  readonly title: string;
  run(tree: Tree, signal: AbortSignal): Promise<Outcome>;
}

export interface CheckReport {
  readonly check: string;
  readonly title: string;
  /** Worst first, at most 50. */
  readonly findings: readonly Finding[];
  /** Findings before the cap. */
  readonly total: number;
  /** Findings before the cap, by severity. */
  readonly counts: Readonly<Record<Severity, number>>;
  readonly facts: Facts;
  /** Files the check should have seen and could not, at most 20. */
  readonly skipped: readonly Skipped[];
  readonly skippedTotal: number;
}
