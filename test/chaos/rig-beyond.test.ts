/**
 * Short rounds of the rig beyond one server: a Redis Cluster whose slots move, and a master behind Sentinel that is replaced. The long ones
 * are `npm run chaos -- --on cluster` and `--on sentinel`.
 */
import { expect, test } from 'vitest';
import { SeededRandom } from '../../src/sim/seeded-random.ts';
import { brokenFigures } from './rig/main.ts';
import { defaults, run } from './rig/run.ts';

const rounds = [
  { on: 'cluster', only: 'redis-slot-move' },
  { on: 'sentinel', only: 'redis-promotion' },
] as const;

// In the continuous integration only: three servers and a promotion take longer than anything else here.
test.skipIf(process.env['CI'] === undefined).each(rounds)(
  'what the fleet has promised holds through $only on $on',
  async (where) => {
    const told: string[] = [];
    const print = (line: string): void => void told.push(line);
    const seed = Math.floor(new SeededRandom(process.pid).fraction() * 1_000_000);
    const size = { rounds: 1, nodes: 1, clients: 1, nodeFaults: 0, linkFaults: 1, tasksPerSecond: 100, abreast: 1 };
    const { report, failures } = await run({ ...defaults, ...size, ...where, seed, print });
    expect([...brokenFigures(report), ...failures], told.join('\n')).toEqual([]);
    expect(report.faults).toEqual({ [where.only]: 1 });
    expect(report.accepted).toBeGreaterThan(20);
  },
  90_000,
);
