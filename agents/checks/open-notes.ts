/**
 * Notes that authors left for later (the two usual words in capitals), with their places.
 *
 * In code the word counts only behind a comment mark, in prose only before a colon; a word in quotes is data. The
 * words are put together at run time, so that this file does not report itself.
 */
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import { languageOf } from './languages.ts';
import { linesOf } from './lines.ts';

const LATER = `${'TO'}${'DO'}`;
const BROKEN = `${'FIX'}${'ME'}`;
const NOTE = new RegExp(`(?<![\\w'"\`|/-])(${LATER}|${BROKEN})(?![\\w'"\`|/-])`);
const COMMENT_BEFORE = /(?:\/\/|\/\*|^\s*\*|#|<!--|--|^\s*;|^\s*%|"""|''')/;

export const openNotes: Check = {
  name: 'open-notes',
  title: `${LATER} and ${BROKEN} notes`,
  async run(tree, signal) {
    const findings = new Findings();
    let files = 0;
    for await (const file of tree.texts()) {
      signal.throwIfAborted();
      if (!file.text.includes(LATER) && !file.text.includes(BROKEN)) continue;
      const before = findings.total;
      const { isCode } = languageOf(file.path);
      for (const line of linesOf(file.text)) {
        const note = noteIn(line.text, isCode);
        if (note === undefined) continue;
        findings.add(note.startsWith(BROKEN) ? 'warning' : 'info', note, file.path, line.number);
      }
      if (findings.total > before) files += 1;
    }
    return { findings, facts: { notes: findings.total, 'files with notes': files } };
  },
};

function noteIn(line: string, isCode: boolean): string | undefined {
  const match = NOTE.exec(line);
  if (match === null) return undefined;
  const rest = line.slice(match.index);
  const word = match[1] ?? LATER;
  const isNote = COMMENT_BEFORE.test(line.slice(0, match.index)) || (!isCode && rest[word.length] === ':');
  return isNote ? rest.trim() : undefined;
}
