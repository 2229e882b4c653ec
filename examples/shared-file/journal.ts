/**
 * The file that is edited, as TypeScript reads and writes it: a count of the edits, the token of the last native holder of the lock, and
 * notes. The token in the file is what makes a holder harmless that was too slow: it grows with every grant.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Lock } from 'agent-runtime';

/** The lock that all editors of the file agree on, in every language. */
export const lockName = 'journal';

export interface Journal {
  readonly edits: number;
  token: number;
  readonly notes: readonly string[];
}

export const emptyJournal: Journal = { edits: 0, token: 0, notes: [] };

export function readJournal(file: string): Journal {
  const text = readFileSync(file, 'utf8');
  const number = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
  return { edits: number('edits'), token: number('token'), notes: text.match(/^- .*$/gm) ?? [] };
}

export function render({ edits, token, notes }: Journal): string {
  return ['# Journal', '', `edits: ${edits}`, `token: ${token}`, '', ...notes, ''].join('\n');
}

/** What an edit adds: how long a source file is. */
export function noteAbout(source: string, by: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../../${source}`, import.meta.url)), 'utf8');
  return `- ${source} has ${text.replace(/\n$/, '').split('\n').length} lines (${by})`;
}

export function withNote({ edits, token, notes }: Journal, note: string): Journal {
  return { edits: edits + 1, token, notes: [...notes, note] };
}

/** Puts an edited journal in the place of the file, in one step; throws where the lock is lost, or a later holder was here. */
export function replaceJournal(file: string, journal: Journal, lock: Lock): void {
  const draft = `${file}.${lock.token}.draft`;
  writeFileSync(draft, render({ ...journal, token: lock.token }));
  try {
    lock.guard(readJournal(file)); // the token that stands in the file now, right before the effect
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}
