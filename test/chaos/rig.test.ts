/**
 * A short run of the chaos rig, so that every change meets real processes, a real Redis and faults; the long ones are `npm run chaos`.
 */
import { expect, test } from 'vitest';
import { SeededRandom } from '../../src/sim/seeded-random.ts';
import { brokenFigures } from './rig/main.ts';
import { deal } from './rig/plan.ts';
import { faultKinds } from './rig/round.ts';
import { defaults, run } from './rig/run.ts';

test('what the fleet has promised holds through two rounds of faults', async () => {
  const told: string[] = [];
  const print = (line: string): void => void told.push(line);
  const seed = Math.floor(new SeededRandom(process.pid).fraction() * 1_000_000);
  const size = { rounds: 2, nodes: 2, clients: 1, nodeFaults: 1, linkFaults: 2, tasksPerSecond: 200 };
  const { report, failures } = await run({ ...defaults, ...size, seed, print });
  expect([...brokenFigures(report), ...failures], told.join('\n')).toEqual([]);
  expect(report.accepted).toBeGreaterThan(100);
  expect(Object.values(report.faults).reduce((sum, times) => sum + times, 0)).toBe(6);
}, 120_000);

test('a seed decides the faults of a round, and every kind of fault gets its turn', () => {
  const kinds = [...faultKinds.nodes, ...faultKinds.links];
  expect(kinds.length).toBeGreaterThanOrEqual(12);
  expect(deal(5, 3, kinds, 4)).toEqual(deal(5, 3, kinds, 4));
  const dealt = Array.from({ length: kinds.length }, (_, round) => deal(5, round, kinds, 4)).flat();
  for (const kind of kinds) expect(dealt.filter((one) => one === kind)).toHaveLength(4);
});
