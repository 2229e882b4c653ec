/**
 * The breaks are complete and fit: every sentence of the guarantees has a patch that breaks it on every broker that keeps it, and every
 * patch applies to the code as it is. That each of them is noticed is the affair of `npm run breaks`, which takes minutes.
 */
import { spawnSync } from 'node:child_process';
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
  ['always / classic', 'redis'],
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
    runtime: /^src\/(client|runtime)\//,
  };
  const changed = (text: string): string[] => [...text.matchAll(/^--- a\/(.*)$/gm)].map(([, file = '']) => file);
  expect(except(({ text, broker }) => changed(text).every((file) => folders[broker]?.test(file)))).toEqual([]);
  expect(except(({ text }) => (text.match(/^[+-](?![+-]{2} )/gm) ?? []).length <= 10)).toEqual([]);
});

test('each applies to the code as it is', () => {
  const applies = (text: string): boolean =>
    spawnSync('git', ['apply', '-C1', '--check', '-'], { cwd: root, input: text }).status === 0;
  expect(except(({ text }) => applies(text))).toEqual([]);
}, 120_000); // one git for each of some hundred patches

test.each(cells)('%s', (cell, ...sides) => {
  const broken = patches.filter((patch) => patch.cell.startsWith(`${cell}: `)).map(({ broker }) => broker);
  expect(sides.filter((side) => !broken.includes(side))).toEqual([]);
});
