/**
 * How far a task is, as one line: pure text from the last report,
 * so that its look and its width are tested without a task.
 */
import type { Progress } from '../../agent/task-handle.ts';
import { faint, good, name as named } from './colours.ts';
import { cut, plain, span } from './text.ts';

export interface ProgressView {
  readonly name: string;
  /** Absent: nothing was reported yet. */
  readonly step: Progress | undefined;
  readonly elapsedMs: number;
  readonly columns: number;
}

const barWidth = 24;

export function progressLine({ name, step, elapsedMs, columns }: ProgressView): string {
  const seconds = span(Math.floor(elapsedMs / 1_000) * 1_000 || 1_000).replace('.0', '');
  const counts = step === undefined ? 'waiting' : countsOf(step);
  const bar = step?.total === undefined || step.total <= 0 ? '' : `${barOf(step.done / step.total)} `;
  const note = step?.note === undefined ? '' : plain(step.note);
  const taken = plain(name).length + (bar === '' ? 0 : barWidth + 1) + counts.length + seconds.length + 8;
  return `${named(plain(name))}  ${bar}${counts}  ${faint(seconds)}  ${cut(note, Math.max(0, columns - taken))}`.trimEnd();
}

/** The same for files and pipes: one line per report. */
export function plainStep(name: string, step: Progress): string {
  const note = step.note === undefined ? '' : `  ${plain(step.note)}`;
  return `${named(plain(name))}  ${countsOf(step)}${note}`;
}

function countsOf({ done, total }: Progress): string {
  return total === undefined ? String(done) : `${done}/${total}`;
}

function barOf(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * barWidth);
  return good('█'.repeat(full)) + faint('░'.repeat(barWidth - full));
}
