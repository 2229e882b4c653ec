/**
 * The mutants are complete and fit: they are spread over the runtime, and every patch applies to the code as it is. A few of them are hunted for
 * real; that each is found is the affair of `npm run mutants`, which takes long.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { faultKinds } from '../src/testing.ts';
import { applies, changedBy, type Patch, readPatch, sizeOf } from './support/patches.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const names = readdirSync(`${root}test/mutants`).filter((name) => name.endsWith('.patch'));
const patches = names.map((name) => readPatch('test/mutants', name));

const except = (isRight: (patch: Patch) => boolean): string[] =>
  patches.filter((patch) => !isRight(patch)).map(({ name }) => name);

test('there are at least forty of them, each saying what it breaks and where', () => {
  expect(patches.length).toBeGreaterThanOrEqual(40);
  expect(except((patch) => patch.field('breaks') !== '' && patch.field('area') !== '')).toEqual([]);
});

test('they are spread over the parts of the runtime', () => {
  const areas = new Set(patches.map((patch) => patch.field('area')));
  const wanted = [
    'tasks',
    'leases',
    'retries',
    'dead letters',
    'locks',
    'activation',
    'hand-over',
    'durable mail',
    'dedupe',
  ];
  const more = ['broadcasts', 'asks', 'schedules', 'groups', 'drain', 'cancellation', 'timers', 'presence', 'frames'];
  expect([...wanted, ...more].filter((area) => !areas.has(area))).toEqual([]);
});

test('each changes little, in code that is simulated', () => {
  const simulated = /^src\/(agent|client|memory|runtime)\//;
  expect(except((patch) => changedBy(patch).every((file) => simulated.test(file)))).toEqual([]);
  expect(except((patch) => sizeOf(patch) <= 14)).toEqual([]);
});

test('each applies to the code as it is', () => {
  expect(except((patch) => applies(patch))).toEqual([]);
});

test('every kind of fault has one that it is to find by itself', () => {
  const named = new Set(patches.flatMap((patch) => patch.field('alone').split(' ')));
  expect(Object.keys(faultKinds).filter((kind) => !named.has(kind))).toEqual([]);
});

test.each(['retries-off-by-one', 'gap-fill-off-by-one', 'machine-dice'])(
  '%s is found',
  { timeout: 120_000 },
  (name) => {
    const args = [`${root}scripts/mutants.js`, '--only', name, '--json'];
    const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 110_000 });
    const report = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as Readonly<Record<string, number>>;
    expect(report).toMatchObject({ mutants: 1, killed: 1, survivors: [] });
    expect(report['maxFaultsAfterShrink']).toBeLessThanOrEqual(5);
    expect(report['maxAgentsAfterShrink']).toBeLessThanOrEqual(name === 'machine-dice' ? 100 : 3);
  },
);
