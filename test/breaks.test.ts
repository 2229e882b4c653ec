/**
 * The breaks are complete and fit: every sentence of the guarantees has a patch that breaks it on every broker that keeps it, and every
 * patch applies to the code as it is. That each of them is noticed is the affair of `npm run breaks`, which takes minutes.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

type Side = 'redis' | 'memory' | 'runtime';

/** Row and column of the guarantees in docs/guarantees.md, and who keeps them; `always` is what stands below the table. */
const cells: readonly (readonly [cell: string, ...sides: readonly Side[]])[] = [
  ['enqueue / guarantee', 'redis', 'memory', 'runtime'],
  ['enqueue / order', 'redis', 'memory'],
  ['enqueue / nobody there', 'redis', 'memory'],
  ['send / guarantee', 'redis', 'memory', 'runtime'],
  ['send / order', 'redis', 'memory', 'runtime'],
  ['send / nobody there', 'redis', 'memory'],
  ['ask / guarantee', 'redis', 'memory', 'runtime'],
  ['ask / nobody there', 'redis', 'memory', 'runtime'],
  ['broadcast / guarantee', 'redis', 'memory', 'runtime'],
  ['broadcast / order', 'redis', 'memory', 'runtime'],
  ['broadcast / nobody there', 'redis', 'memory'],
  ['lock / guarantee', 'redis', 'memory', 'runtime'],
  ['lock / order', 'redis', 'memory'],
  ['events / guarantee', 'redis', 'memory'],
  ['events / order', 'redis', 'memory'],
  ['schedules / guarantee', 'redis', 'memory', 'runtime'],
  ['schedules / nobody there', 'redis', 'memory', 'runtime'],
  ['watch / guarantee', 'redis', 'memory', 'runtime'],
  ['watch / nobody there', 'runtime'],
  ['lifecycle / guarantee', 'redis', 'memory', 'runtime'],
  ['lifecycle / order', 'redis', 'memory'],
  ['always / repeats', 'redis', 'memory', 'runtime'],
  ['always / growth', 'redis', 'memory'],
  ['always / presence', 'redis', 'memory', 'runtime'],
  ['always / recovery', 'redis', 'memory', 'runtime'],
  ['always / bounds', 'redis', 'memory', 'runtime'],
  ['always / trust', 'redis'],
  ['always / classic', 'redis', 'memory', 'runtime'],
];

const root = fileURLToPath(new URL('..', import.meta.url));
const patches = readdirSync(`${root}test/breaks`).map((name) => {
  const text = readFileSync(`${root}test/breaks/${name}`, 'utf8');
  const [head = ''] = text.split('\n--- ');
  const field = (key: string): string => new RegExp(`^${key}: (.+)$`, 'm').exec(head)?.[1] ?? '';
  return { name, text, cell: field('cell'), broker: field('broker'), tests: field('tests').split(' ') };
});

/** Names of the patches for which `isRight` does not hold. */
const except = (isRight: (patch: (typeof patches)[number]) => boolean): string[] =>
  patches.filter((patch) => !isRight(patch)).map(({ name }) => name);

test('there are enough of them, each a patch named after its broker', () => {
  expect(patches.length).toBeGreaterThanOrEqual(30);
  expect(except(({ name, broker }) => name.startsWith(`${broker}-`) && name.endsWith('.patch'))).toEqual([]);
});

test('each says which cell it breaks, in whose hands, and which tests have to notice', () => {
  const known = new Set(cells.flatMap(([cell, ...sides]) => sides.map((side) => `${side} ${cell}`)));
  expect(except(({ cell, broker }) => known.has(`${broker} ${cell.split(': ')[0]}`))).toEqual([]);
  expect(except(({ cell }) => /: ./.test(cell))).toEqual([]);
  expect(except(({ tests }) => tests.every((file) => file.endsWith('.test.ts') && existsSync(root + file)))).toEqual(
    [],
  );
});

test('each changes little, in the part of the code that it names', () => {
  const folders: Record<string, RegExp> = {
    redis: /^src\/redis\//,
    memory: /^src\/memory\//,
    runtime: /^src\/(client|runtime|bridge)\//,
  };
  const changed = (text: string): string[] => [...text.matchAll(/^--- a\/(.*)$/gm)].map(([, file = '']) => file);
  expect(except(({ text, broker }) => changed(text).every((file) => folders[broker]?.test(file)))).toEqual([]);
  expect(except(({ text }) => (text.match(/^[+-](?![+-]{2} )/gm) ?? []).length <= 10)).toEqual([]);
});

/** What a hunk expects to find: its lines but the added ones, with one line of context at each end, as `git apply -C1` does. */
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

/** A git for each of some hundred patches would take a quarter of a minute. */
function applies(text: string): boolean {
  const files = text.split(/^--- a\//m).slice(1);
  return files.every((part) => {
    const code = readFileSync(root + part.slice(0, part.indexOf('\n')), 'utf8');
    const hunks = part.split(/^@@ .*$/m).slice(1);
    return hunks.length > 0 && hunks.every((hunk) => `\n${code}`.includes(`\n${expected(hunk)}`));
  });
}

test('each applies to the code as it is', () => {
  expect(except(({ text }) => applies(text))).toEqual([]);
});

test.each(cells)('%s', (cell, ...sides) => {
  const broken = patches.filter((patch) => patch.cell.startsWith(`${cell}: `)).map(({ broker }) => broker);
  expect(sides.filter((side) => !broken.includes(side))).toEqual([]);
});
