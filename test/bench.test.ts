/**
 * The benchmark: what a task, a message and so on cost must not grow unseen, and its arithmetic is right. Speed is not tested: it depends
 * on the machine.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';

type Costs = Readonly<Record<string, Readonly<Record<string, number>>>>;
interface Verdicts {
  readonly more: readonly string[];
  readonly less: readonly string[];
  readonly unknown: readonly string[];
}
interface Row {
  readonly name: string;
  readonly group: string;
  readonly floor: number;
  readonly goal: number;
  readonly less?: boolean;
}
interface BeyondRow extends Pick<Row, 'name'> {
  readonly ours: { readonly system: string; readonly on?: string };
  readonly theirs: { readonly system: string; readonly on?: string };
}
interface Result {
  readonly ours: number;
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number };
  readonly floorMet: boolean;
  readonly goalMet: boolean;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const partOf = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(join(root, 'bench', 'run', name)).href)) as T;

const { compare } = await partOf<{ compare: (costs: Costs, kept: Costs) => Verdicts }>('check.js');
const { resultOf } = await partOf<{ resultOf: (row: object, pairs: readonly number[][]) => Result }>('ratios.js');
const { rowsOf } = await partOf<{ rowsOf: (options?: { quick?: boolean; only?: string }) => readonly Row[] }>(
  'rows.js',
);
const { rowsBeyond } = await partOf<{ rowsBeyond: (rows: readonly Row[], on: string) => readonly BeyondRow[] }>(
  'beyond.js',
);
const { sectionOf } = await partOf<{ sectionOf: (record?: object) => string }>('page.js');

/** The exit code and everything that was printed. */
function run(...args: readonly string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: root }, (_, out, err) =>
      resolve({ code: child.exitCode ?? 1, said: out + err }),
    );
  });
}

describe('what things cost', () => {
  test('nothing costs more than is kept: commands, script calls, bytes and allocations', async () => {
    const { code, said } = await run('scripts/bench.js', '--check');
    expect(code, said).toBe(0);
  }, 180_000);

  test('a cost that has grown is told, and so is one that has shrunk or is not kept', () => {
    const costs = { task: { commands: 12, bytesIn: 500 }, message: { commands: 5 } };
    expect(compare(costs, { task: { commands: 10, bytesIn: 480 }, message: { commands: 10 } })).toEqual({
      more: ['task: 12 commands, kept: 10'],
      less: ['message: 5 commands, kept: 10'],
      unknown: [],
    });
    expect(compare(costs, { task: { commands: 12, bytesIn: 500 } }).unknown).toHaveLength(1);
  });
});

describe('rows', () => {
  test('the ratio is that of figures measured side by side: its median, least and most', () => {
    const pairs = [
      [20, 10],
      [90, 30],
      [40, 10],
    ];
    const result = resultOf({ name: 'tasks', floor: 3, goal: 4 }, pairs);
    expect(result).toMatchObject({ ours: 40, ratio: { median: 3, min: 2, max: 4 }, floorMet: true, goalMet: false });
  });

  test('where less is better, floor and goal are the most that a ratio may be', () => {
    const result = resultOf({ name: 'latency', less: true, floor: 0.6, goal: 0.4 }, [[50, 100]]);
    expect(result).toMatchObject({ floorMet: true, goalMet: false });
  });

  test('every row asks more of its goal than of its floor, and can be chosen by a word', () => {
    for (const { name, floor, goal, less } of rowsOf())
      expect(less === true ? goal <= floor : goal >= floor, name).toBe(true);
    expect(new Set(rowsOf({ only: 'locks' }).map(({ group }) => group))).toEqual(new Set(['locks']));
    expect(rowsOf({ only: 'no such row' })).toEqual([]);
  });

  test('beyond one server each figure of ours is measured once, beside ours on one server', () => {
    const beyond = rowsBeyond(rowsOf(), 'cluster');
    expect(beyond.length).toBeGreaterThan(12);
    expect(new Set(beyond.map(({ name }) => name)).size).toBe(beyond.length);
    for (const { ours, theirs } of beyond) {
      expect(theirs).toEqual({ ...ours, on: undefined });
      expect(ours).toMatchObject({ system: 'ours', on: 'cluster' });
    }
  });
});

test('the page of the documentation says when no run is recorded, and shows one that is', () => {
  expect(sectionOf()).toContain('No run is recorded');
  const row = { ...resultOf({ name: 'tasks', peer: 'bullmq', unit: 'a second', floor: 3, goal: 4 }, [[80, 10]]) };
  const section = sectionOf({ at: '2026-01-01 00:00', reps: 1, versions: { node: '20' }, rows: [row], failed: [] });
  expect(section).toMatch(/\| tasks +\| bullmq +\| +80 \|/);
});
