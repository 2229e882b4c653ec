/**
 * Whether a patch would apply to the code as it is: the question of the breaks and of the mutants, both some dozens or hundreds of patches.
 *
 * As `git apply -C1` sees it, without a git: one for each of them would take a quarter of a minute.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Patch {
  readonly name: string;
  readonly text: string;
  /** A line of its head, or nothing. */
  field(key: string): string;
}

export function readPatch(folder: string, name: string): Patch {
  const text = readFileSync(`${root}${folder}/${name}`, 'utf8');
  const [head = ''] = text.split('\n--- ');
  return { name, text, field: (key) => new RegExp(`^${key}: (.+)$`, 'm').exec(head)?.[1] ?? '' };
}

/** The files that it changes. */
export function changedBy({ text }: Pick<Patch, 'text'>): readonly string[] {
  return [...text.matchAll(/^--- a\/(.*)$/gm)].map(([, file = '']) => file);
}

/** Lines that it adds or takes out. */
export function sizeOf({ text }: Pick<Patch, 'text'>): number {
  return (text.match(/^[+-](?![+-]{2} )/gm) ?? []).length;
}

export function applies({ text }: Pick<Patch, 'text'>): boolean {
  const files = text.split(/^--- a\//m).slice(1);
  return files.every((part) => {
    const code = readFileSync(root + part.slice(0, part.indexOf('\n')), 'utf8');
    const hunks = part.split(/^@@ .*$/m).slice(1);
    return hunks.length > 0 && hunks.every((hunk) => `\n${code}`.includes(`\n${expected(hunk)}`));
  });
}

/** What a hunk expects to find: its lines but the added ones, with one line of context at each end. */
function expected(hunk: string): string {
  const lines = hunk
    .split('\n')
    .slice(1)
    .filter((line) => /^[ +-]/.test(line));
  const changes = lines.flatMap((line, at) => (line.startsWith(' ') ? [] : [at]));
  const near = lines.slice(Math.max(0, (changes[0] ?? 0) - 1), (changes.at(-1) ?? 0) + 2);
  return near
    .filter((line) => !line.startsWith('+'))
    .map((line) => `${line.slice(1)}\n`)
    .join('');
}
