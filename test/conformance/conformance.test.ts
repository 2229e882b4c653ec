/**
 * The memory broker does not lie: a few random histories here, many by `npm run conformance`; and every planted lie is found.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/core/limits.ts';
import { plants } from './plants.ts';
import { blockSize, playAll } from './run.ts';
import { shrink } from './shrink.ts';
import { type Plant, settings, Stage } from './stage.ts';
import { describe as tell } from './steps.ts';
import { vocabulary } from './words/all.ts';
import { longMs, middleMs, passes, shortMs } from './world.ts';

const length = 100;
/** Within which each planted difference has to be found. */
const mostHistories = 20 * blockSize;
/** A share of histories that something rare has to be part of. */
const leastShare = 0.1;

/** Why the time of a redis-server cannot be held still on this machine; in CI it must be. */
function obstacle(): string | undefined {
  if (process.env.CI !== undefined) return undefined;
  if (process.platform !== 'linux') return 'needs Linux';
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'needs a C compiler, cc';
}

const why = obstacle();

describe.skipIf(why !== undefined)(`both brokers (${why ?? 'side by side'})`, () => {
  const stage = new Stage();
  beforeAll(() => stage.start(blockSize));
  afterAll(() => stage.stop());

  const untilFound = (plant: Plant | undefined) =>
    playAll(stage, { seed: 0, histories: mostHistories, length, plant, untilFound: true });

  test('random histories are answered alike, and what is rare elsewhere happens in many of them', async () => {
    const { found, histories, operations, traits } = await playAll(stage, { seed: 0, histories: 32, length });
    expect(found.map(({ seed, difference }) => `seed ${seed}: ${difference.message}`)).toEqual([]);
    expect(histories).toBe(32);
    expect(operations).toBeGreaterThan(histories * (length - 1));
    for (const [trait, count] of Object.entries(traits))
      expect([trait, count / histories > leastShare]).toEqual([trait, true]);
  });

  test.each(plants)('a planted difference is found: $name', async (plant) => {
    expect((await untilFound(plant)).found).not.toEqual([]);
  });

  test('the history of a difference is made shorter, and shows it alone', async () => {
    const [first] = (await untilFound(plants[0])).found;
    const shrunk = first && (await shrink(stage, { ...first, plant: plants[0] }));
    expect(shrunk?.difference.message).toContain('queue-full');
    expect(shrunk?.steps.length).toBeLessThanOrEqual(6);
    expect(shrunk?.steps.map(tell).join('\n')).toContain('tasks.enqueue');
  });
});

test('every method of every port is a word of the histories', () => {
  const words = new Set(
    vocabulary.filter(({ port }) => port !== 'outsider').map(({ port, method }) => `${port}.${method}`),
  );
  expect([...words].toSorted()).toEqual(methodsOfPorts().toSorted());
});

test('no sum of passes meets a time to live or a limit of the brokers in the very millisecond', () => {
  const ends = new Set([shortMs, middleMs, longMs, settings.waiterLeaseMs, settings.retention.eventsAgeMs].map(rest));
  expect([...ends]).toEqual([995]);
  expect([limits.framesRememberedMs, limits.logKeptMs, 2_000, 3_600_000].map(rest)).toEqual([0, 0, 0, 0]);
  expect(new Set(passes.map(rest))).toEqual(new Set([21]));
  for (let count = 0; count <= 20; count++) expect(count * 21 + length).toBeLessThan(995);
});

const rest = (ms: number): number => ms % 1_000;

/** Read from the sources: `port.method` as the broker names its ports. */
function methodsOfPorts(): string[] {
  const source = (file: string): string =>
    readFileSync(join(import.meta.dirname, '../../src/broker', `${file}.ts`), 'utf8');
  const ports = [...source('broker').matchAll(/^ {2}readonly (\w+): (\w+Port);$/gm)];
  expect(ports).toHaveLength(13);
  return ports.flatMap(([, port = '', type = '']) => {
    const body = new RegExp(`^export interface ${type} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source(port))?.[1] ?? '';
    return [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, method]) => `${port}.${method}`);
  });
}
