/**
 * The breaks are complete and fit: every sentence of the guarantees has a patch that breaks it on every broker that keeps it, and every
 * patch applies to the code as it is. That each of them is noticed is the affair of `npm run breaks`, which takes minutes.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { applies, changedBy, readPatch, sizeOf } from './support/patches.ts';

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
  const patch = readPatch('test/breaks', name);
  const { text } = patch;
  return {
    name,
    text,
    cell: patch.field('cell'),
    broker: patch.field('broker'),
    tests: patch.field('tests').split(' '),
  };
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
  expect(except((patch) => changedBy(patch).every((file) => folders[patch.broker]?.test(file)))).toEqual([]);
  expect(except((patch) => sizeOf(patch) <= 10)).toEqual([]);
});

test('each applies to the code as it is', () => {
  expect(except((patch) => applies(patch))).toEqual([]);
});

test.each(cells)('%s', (cell, ...sides) => {
  const broken = patches.filter((patch) => patch.cell.startsWith(`${cell}: `)).map(({ broker }) => broker);
  expect(sides.filter((side) => !broken.includes(side))).toEqual([]);
});
