/**
 * Files and lines by language: the shape of the repository, as facts without findings.
 *
 * Lines are counted as an editor numbers them; binary and very large files are counted as files only.
 */
import type { Check, Facts } from './check.ts';
import { Findings } from './findings.ts';
import { languageOf } from './languages.ts';

interface Sum {
  files: number;
  lines: number;
}

export const filesByLanguage: Check = {
  name: 'files-by-language',
  title: 'Files and lines by language',
  async run(tree, signal) {
    const sums = new Map<string, Sum>();
    let lines = 0;
    for await (const file of tree.texts()) {
      signal.throwIfAborted();
      const { name } = languageOf(file.path);
      const sum = sums.get(name) ?? { files: 0, lines: 0 };
      const count = countLines(file.bytes);
      lines += count;
      sums.set(name, { files: sum.files + 1, lines: sum.lines + count });
    }
    const facts: Record<string, string | number> = { files: tree.files.length, lines, 'entries ignored': tree.ignored };
    return { findings: new Findings(), facts: { ...facts, ...factsOf(sums) } };
  },
};

function factsOf(sums: ReadonlyMap<string, Sum>): Facts {
  const sorted = [...sums].sort(([a, first], [b, second]) => second.lines - first.lines || (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, sum]) => [name, `${sum.files} files, ${sum.lines} lines`]));
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return bytes.length > 0 && bytes.at(-1) !== 10 ? count + 1 : count;
}
