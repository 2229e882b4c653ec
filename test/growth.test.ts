/**
 * The growth curves of the benchmark: that every point can be measured, and that the arithmetic finds what grows. How fast anything is, or
 * how it grows on this machine, is not tested.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';

interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly isRate?: boolean;
  readonly most?: number;
  readonly from?: number;
  readonly grain?: number;
  readonly projectTo?: number;
  readonly isTotal?: boolean;
}
interface Point {
  readonly size: number;
  readonly value?: number;
}
interface Curve {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly { readonly size: number; readonly value: number }[];
  readonly exponent: number;
  readonly flat: boolean;
  readonly projection?: { readonly size: number; readonly value: number };
}
interface Measured {
  readonly group: string;
  readonly name: string;
  readonly sizes: readonly number[];
  readonly figures: readonly Figure[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const partOf = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(join(root, 'bench', 'growth', name)).href)) as T;

const { curveOf } = await partOf<{ curveOf: (figure: Figure, points: readonly Point[]) => Curve }>('fit.js');
const { growthOf } = await partOf<{ growthOf: (options?: { quick?: boolean; only?: string }) => readonly Measured[] }>(
  'curves.js',
);
const { growthSectionOf } = await partOf<{ growthSectionOf: (record?: object) => string }>('page.js');

const sizes = [0, 10, 100, 1_000, 10_000];
/** What a figure is at each size. */
const curve = (valueAt: (size: number) => number | undefined, figure: Partial<Figure> = {}): Curve =>
  curveOf(
    { name: 'a task', unit: 'us', ...figure },
    sizes.map((size) => {
      const value = valueAt(size);
      return value === undefined ? { size } : { size, value };
    }),
  );

describe('the exponent of a curve', () => {
  test('is 0 for a cost that stays, and the first size does not count', () => {
    const flat = curve((size) => (size === 0 ? 900 : 40));
    expect(flat.exponent).toBeCloseTo(0);
    expect(flat.flat).toBe(true);
  });

  test('is 1 for a cost that grows as the size does, which only the cost of all there is may', () => {
    expect(curve((size) => 3 * size).exponent).toBeCloseTo(1);
    expect(curve((size) => 3 * size).flat).toBe(false);
    expect(curve((size) => 3 * size, { most: 1 }).flat).toBe(true);
    expect(curve((size) => 3 * size * size, { most: 1 })).toMatchObject({ flat: false });
  });

  test('of a rate is that of the time that one takes', () => {
    expect(curve((size) => 1e6 / (1 + size), { isRate: true }).exponent).toBeGreaterThan(0.9);
    expect(curve(() => 20_000, { isRate: true }).flat).toBe(true);
  });

  test('does not hide what begins to grow with the last step', () => {
    const late = curve((size) => (size === 10_000 ? 200 : 40 + 200 / (1 + size)));
    expect(late.exponent).toBeLessThan(0.3);
    expect(late.flat).toBe(false);
  });

  test('is that of the sizes from which on the figure says something, and of what is not too little to tell', () => {
    expect(curve((size) => Math.min(size, 100), { from: 100 }).exponent).toBeCloseTo(0);
    expect(curve((size) => size / 1e9, { grain: 1 }).exponent).toBeCloseTo(0);
  });

  test('leaves out a size at which there is nothing to measure', () => {
    expect(curve((size) => (size === 0 ? undefined : 380)).points).toHaveLength(sizes.length - 1);
  });
});

test('a projection goes along the slope, and is no less than the last point', () => {
  const far = { projectTo: 100_000 };
  expect(curve(() => 380, { ...far, isTotal: true }).projection).toMatchObject({ value: 38_000_000 });
  expect(curve((size) => 1_000 / (size + 1), far).projection?.value).toBeCloseTo(1_000 / 10_001);
});

describe('the curves', () => {
  test('can be chosen by words', () => {
    const groups = ['agents', 'queue', 'payload', 'nodes', 'history'];
    expect([...new Set(growthOf().map(({ group }) => group))]).toEqual(groups);
    for (const group of groups) expect(growthOf({ only: group }).every((one) => one.group === group)).toBe(true);
    expect(growthOf({ only: 'no such curve' })).toEqual([]);
  });

  test('every figure has a name of its own with its unit, and sizes grow', () => {
    for (const { name, sizes: all, figures } of growthOf()) {
      expect(new Set(figures.map((one) => `${one.name} ${one.unit}`)).size, name).toBe(figures.length);
      expect(all.toSorted((a, b) => a - b)).toEqual(all);
    }
  });

  test('each point is measured and comes to its end with everything done, and a quick run is kept nowhere', async () => {
    const only = process.env['CI'] === undefined ? 'payload' : undefined; // all of them take half a minute: in the continuous integration
    const out = await mkdtemp(join(tmpdir(), 'growth-'));
    const args = ['scripts/bench.js', '--growth', '--quick', '--json', '--out', out, ...(only ? ['--only', only] : [])];
    const { code, said } = await run(args);
    expect(code, said).toBe(0);
    const { curves } = JSON.parse(said.trim().split('\n').at(-1) ?? '') as { curves: readonly Curve[] };
    const wanted = growthOf({ quick: true, ...(only && { only }) }).flatMap(({ name, figures }) =>
      figures.map((figure) => `${name}: ${figure.name} ${figure.unit}`),
    );
    expect(curves.map(({ name, unit }) => `${name} ${unit}`)).toEqual(wanted);
    for (const { name, points, exponent, flat } of curves) {
      expect(points.length, name).toBeGreaterThan(0);
      expect([exponent, ...points.map(({ value }) => value)].every(Number.isFinite), name).toBe(true);
      expect(typeof flat).toBe('boolean');
    }
    expect(existsSync(join(out, 'growth.json'))).toBe(false);
    await rm(out, { recursive: true });
  }, 240_000);
});

test('the section of the documentation says when no curve is recorded, and names those that grow', () => {
  expect(growthSectionOf()).toContain('No curves are recorded');
  const curves = [curve((size) => size, { name: 'queue: a look' }), curve(() => 1, { name: 'queue: an enqueue' })];
  const versions = { 'agent-runtime': '1', node: '20', redis: '7', processor: 'p' };
  const tables = [{ title: 'Tasks that wait', curves }];
  const section = growthSectionOf({ queue: { at: '2026-01-01 00:00', reps: 1, versions, tables } });
  expect(section).toMatch(/\| a look +\| us +\|/);
  expect(section).toContain('- queue: a look (us): exponent 1.00');
  expect(section).not.toContain('- queue: an enqueue');
});

/** The exit code and what was printed. */
function run(args: readonly string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: root, maxBuffer: 16_000_000 }, (_, out, err) =>
      resolve({ code: child.exitCode ?? 1, said: err + out }),
    );
  });
}
