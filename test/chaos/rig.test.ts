/**
 * A short run of the chaos rig, so that every change meets real processes, a real Redis and faults; the long ones are `npm run chaos`.
 * That it notices what is broken is shown by `npm run chaos -- --plant all`, and without processes by rig-judges.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { failoverZeroes } from './proofs/failover.ts';
import { SeededRandom } from '../../src/sim/seeded-random.ts';
import { brokenFigures, mustBeZero } from './rig/main.ts';
import { deal } from './rig/plan.ts';
import { faultKinds } from './rig/round.ts';
import { defaults, run } from './rig/run.ts';

test('what the fleet has promised holds through a round of faults and one that destroys data', async () => {
  const told: string[] = [];
  const print = (line: string): void => void told.push(line);
  const seed = Math.floor(new SeededRandom(process.pid).fraction() * 1_000_000);
  const size = { from: 11, rounds: 2, nodes: 2, clients: 1, nodeFaults: 1, linkFaults: 2, tasksPerSecond: 200 };
  const { report, failures } = await run({ ...defaults, ...size, seed, print });
  expect([...brokenFigures(report), ...failures], told.join('\n')).toEqual([]);
  expect(report.accepted).toBeGreaterThan(100);
  expect(Object.values(report.faults).reduce((sum, times) => sum + times, 0)).toBe(6);
}, 120_000);

test('a seed decides the faults of a round, and every kind of fault gets its turn', () => {
  const kinds = [...faultKinds.nodes, ...faultKinds.links, ...faultKinds.destroying];
  expect(kinds.length).toBeGreaterThanOrEqual(12);
  expect(deal(5, 3, kinds, 4)).toEqual(deal(5, 3, kinds, 4));
  const dealt = Array.from({ length: kinds.length }, (_, round) => deal(5, round, kinds, 4)).flat();
  for (const kind of kinds) expect(dealt.filter((one) => one === kind)).toHaveLength(4);
});

const plants = fileURLToPath(new URL('./plants/', import.meta.url));
test.each(readdirSync(plants))('the planted fault %s applies to the code as it is, and names what shows it', (name) => {
  const text = readFileSync(plants + name, 'utf8');
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  const git = spawnSync('git', ['apply', '-C1', '--check', '-'], { cwd, input: text, encoding: 'utf8' });
  expect(git.stderr).toBe('');
  const kinds = [...Object.values(faultKinds).flat(), 'failover'];
  expect(text).toMatch(new RegExp(`^only: (${kinds.join('|')})$`, 'm'));
  expect(text).toMatch(/^only: .+\n(on: (cluster|sentinel)\n)?\n/m);
  expect(text).toMatch(new RegExp(`^figure: (${[...mustBeZero, ...failoverZeroes].join('|')})$`, 'm'));
});
