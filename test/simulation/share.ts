/**
 * One share of the work of `npm run sim`: some seeds of one scenario, explored, and what was found told in words.
 *
 * A share is plain data on both ways, so that a thread can have it.
 */
import { type Attempt, explore, type FaultKind, keepFailure, type Scenario } from '../../src/testing.ts';
import { scenarios } from './scenarios.ts';

export interface Share {
  readonly scenario: string;
  readonly from: number;
  readonly seeds: number;
  /** Where shrunk failures are kept; absent: nothing is shrunk. */
  readonly keep?: string;
}

export interface Found {
  readonly seeds: number;
  readonly steps: number;
  /** In how many seeds each kind of fault struck. */
  readonly struck: Readonly<Partial<Record<FaultKind, number>>>;
  readonly violations: number;
  readonly unequal: number;
  /** What a person has to know. */
  readonly lines: readonly string[];
}

export async function exploreShare({ scenario: name, from, seeds, keep }: Share): Promise<Found> {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`expected a scenario, got: ${name}`);
  const found = await explore({ scenario, seeds, from, most: seeds });
  const lines = found.unequal.map((seed) => `${name}, seed ${seed}: two runs were not the same`);
  for (const failure of found.failures) lines.push(...(await tell(scenario, failure, keep)));
  const { steps, struck } = found;
  return { seeds: found.seeds, steps, struck, violations: found.failures.length, unequal: found.unequal.length, lines };
}

async function tell(scenario: Scenario, failure: Attempt, keep: string | undefined): Promise<readonly string[]> {
  const head = `${scenario.name}, seed ${failure.seed}, ${failure.faults.length} faults, breaks:`;
  const broken = failure.violations.slice(0, 5).map(({ invariant, what }) => `  ${invariant}: ${what}`);
  if (keep === undefined) return [head, ...broken];
  const { shrunk, kept: files } = await keepFailure(keep, scenario, failure);
  const { variant, attempt, runs } = shrunk;
  const nodes = variant.nodes ?? scenario.nodes ?? 1;
  const kept = `  after ${runs} runs: ${attempt.faults.length} faults, ${nodes} nodes, kept in ${files.artifact}, drawn in ${files.diagram}`;
  return [head, ...broken, kept, ...attempt.faults.map((fault) => `    ${fault.kind} at ${fault.at}`)];
}
