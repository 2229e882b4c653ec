/**
 * The findings of one check while it runs: counts all, keeps the worst.
 *
 * A generated file can yield a million findings; memory and the report must not grow with it. Each severity keeps its
 * first 50 in the order they were added, which is enough to fill any report and keeps the outcome deterministic.
 */
import type { Finding, Severity } from './check.ts';

/** Findings in one report. */
export const FINDINGS_KEPT = 50;

const WORST_FIRST: readonly Severity[] = ['error', 'warning', 'info'];

export class Findings {
  readonly #kept: Record<Severity, Finding[]> = { error: [], warning: [], info: [] };
  readonly #counts: Record<Severity, number> = { error: 0, warning: 0, info: 0 };

  add(severity: Severity, message: string, file?: string, line?: number): void {
    this.#counts[severity] += 1;
    const kept = this.#kept[severity];
    if (kept.length >= FINDINGS_KEPT) return;
    kept.push({ severity, message, ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) });
  }

  get counts(): Readonly<Record<Severity, number>> {
    return { ...this.#counts };
  }

  get total(): number {
    return WORST_FIRST.reduce((sum, severity) => sum + this.#counts[severity], 0);
  }

  /** At most {@link FINDINGS_KEPT}, errors before warnings before notes. */
  worst(): readonly Finding[] {
    return WORST_FIRST.flatMap((severity) => this.#kept[severity]).slice(0, FINDINGS_KEPT);
  }
}
