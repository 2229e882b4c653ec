/**
 * The command line of `npm run sim`: the scenarios under many seeds, each seed twice; figures as one line of JSON.
 */
import { parseArgs } from 'node:util';
import { type Attempt, explore, type FaultKind, keepFailure, type Scenario } from '../../src/testing.ts';
import { scenarios } from './scenarios.ts';

interface Report {
  seeds: number;
  scenarios: number;
  steps: number;
  seconds: number;
  seedsPerSecond: number;
  stepsPerSecond: number;
  /** In how many seeds each kind of fault struck. */
  faultKinds: Partial<Record<FaultKind, number>>;
  violations: number;
  unequalHashes: number;
}

/** Resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '2000' },
      from: { type: 'string', default: '1' },
      only: { type: 'string' },
      keep: { type: 'string', default: '.sim' },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
    },
  });
  const chosen = scenarios.filter(({ name }) => values.only === undefined || name === values.only);
  if (chosen.length === 0)
    throw new Error(`expected a scenario (${scenarios.map(({ name }) => name).join(', ')}), got: ${values.only}`);
  const [seeds, from] = [Number(values.seeds), Number(values.from)];
  const startedAt = performance.now();
  const report: Report = {
    seeds: 0,
    scenarios: chosen.length,
    steps: 0,
    seconds: 0,
    seedsPerSecond: 0,
    stepsPerSecond: 0,
    faultKinds: {},
    violations: 0,
    unequalHashes: 0,
  };
  for (const [index, scenario] of chosen.entries()) {
    const share = Math.ceil((seeds - report.seeds) / (chosen.length - index));
    await exploreOne(scenario, { seeds: share, from, report, keep: values.keep, shrinks: !values.quick });
  }
  report.seconds = (performance.now() - startedAt) / 1_000;
  report.seedsPerSecond = round(report.seeds / report.seconds);
  report.stepsPerSecond = Math.round(report.steps / report.seconds);
  report.seconds = round(report.seconds);
  console.log(values.json ? JSON.stringify(report) : report);
  return report.violations + report.unequalHashes === 0 ? 0 : 1;
}

interface One {
  readonly seeds: number;
  readonly from: number;
  readonly report: Report;
  readonly keep: string;
  readonly shrinks: boolean;
}

async function exploreOne(scenario: Scenario, { seeds, from, report, keep, shrinks }: One): Promise<void> {
  const found = await explore({ scenario, seeds, from, most: 3 });
  report.seeds += found.seeds;
  report.steps += found.steps;
  report.violations += found.failures.length;
  report.unequalHashes += found.unequal.length;
  for (const [kind, times] of Object.entries(found.struck)) {
    const known = report.faultKinds[kind as FaultKind] ?? 0;
    report.faultKinds[kind as FaultKind] = known + times;
  }
  for (const seed of found.unequal) console.log(`${scenario.name}, seed ${seed}: two runs were not the same`);
  for (const failure of found.failures) await tell(scenario, failure, { keep, shrinks });
}

async function tell(
  scenario: Scenario,
  failure: Attempt,
  { keep, shrinks }: Pick<One, 'keep' | 'shrinks'>,
): Promise<void> {
  console.log(`${scenario.name}, seed ${failure.seed}, ${failure.faults.length} faults, breaks:`);
  for (const { invariant, what } of failure.violations.slice(0, 5)) console.log(`  ${invariant}: ${what}`);
  if (!shrinks) return;
  const { shrunk, kept } = await keepFailure(keep, scenario, failure);
  const { variant, attempt, runs } = shrunk;
  const nodes = variant.nodes ?? scenario.nodes ?? 1;
  console.log(`  after ${runs} runs: ${attempt.faults.length} faults, ${nodes} nodes, kept in ${kept.artifact}`);
  console.log(`  drawn in ${kept.diagram}`);
  for (const fault of attempt.faults) console.log(`    ${fault.kind} at ${fault.at}`);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
