/**
 * The command line of `npm run sim`: the scenarios under many seeds, each seed twice; figures as one line of JSON.
 *
 * The work is cut into shares, which threads take as they come to it: each thread is a simulation of its own.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { FaultKind } from '../../src/testing.ts';
import { firstSeedOf, scenarios } from './scenarios.ts';
import type { Found, Share } from './share.ts';

interface Report {
  seeds: number;
  readonly scenarios: number;
  readonly threads: number;
  steps: number;
  seconds: number;
  seedsPerSecond: number;
  stepsPerSecond: number;
  /** In how many seeds each kind of fault struck. */
  readonly faultKinds: Partial<Record<FaultKind, number>>;
  violations: number;
  unequalHashes: number;
}

const seedsOfShare = 10;
/** A scenario that breaks in every seed says nothing new after so many. */
const mostViolations = 30;

/** Resolves to the exit code. */
export async function main(args: readonly string[], thread: URL, processors: number): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '2000' },
      from: { type: 'string' },
      only: { type: 'string' },
      keep: { type: 'string', default: '.sim' },
      threads: { type: 'string', default: String(processors) },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
    },
  });
  const chosen = scenarios.filter(({ name }) => values.only === undefined || name === values.only);
  if (chosen.length === 0)
    throw new Error(`expected a scenario (${scenarios.map(({ name }) => name).join(', ')}), got: ${values.only}`);
  const [seeds, threads] = [counted(values, 'seeds'), counted(values, 'threads')];
  const from = values.from === undefined ? firstSeedOf : always(counted(values, 'from'));
  const keep = values.quick ? {} : { keep: values.keep };
  const shares = sharesOf(
    chosen.map(({ name }) => name),
    { seeds, from, ...keep },
  );
  const report: Report = {
    seeds: 0,
    scenarios: chosen.length,
    threads: Math.min(threads, shares.length),
    steps: 0,
    seconds: 0,
    seedsPerSecond: 0,
    stepsPerSecond: 0,
    faultKinds: {},
    violations: 0,
    unequalHashes: 0,
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: report.threads }, () => work(shares, thread, report)));
  const seconds = (performance.now() - startedAt) / 1_000;
  report.seconds = round(seconds);
  report.seedsPerSecond = round(report.seeds / seconds);
  report.stepsPerSecond = Math.round(report.steps / seconds);
  console.log(values.json ? JSON.stringify(report) : report);
  return report.violations + report.unequalHashes === 0 ? 0 : 1;
}

function always<T>(value: T): () => T {
  return () => value;
}

function counted<Name extends string>(values: Readonly<Partial<Record<Name, string>>>, name: Name): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`expected --${name} to be a whole number from 1, got: ${values[name]}`);
}

/** All scenarios by turns, so that the first minute has seen each of them. */
function sharesOf(
  names: readonly string[],
  { seeds, from, keep }: Pick<Share, 'seeds' | 'keep'> & { readonly from: (name: string) => number },
): Share[] {
  const each = names.map((scenario, index) => ({
    scenario,
    left: Math.floor(seeds / names.length) + (index < seeds % names.length ? 1 : 0),
    next: from(scenario),
  }));
  const shares: Share[] = [];
  while (each.some(({ left }) => left > 0)) {
    for (const one of each.filter(({ left }) => left > 0)) {
      const taken = Math.min(seedsOfShare, one.left);
      shares.push({ scenario: one.scenario, from: one.next, seeds: taken, ...(keep !== undefined && { keep }) });
      one.left -= taken;
      one.next += taken;
    }
  }
  return shares;
}

/** One thread, until there is nothing left to share. */
async function work(shares: Share[], thread: URL, report: Report): Promise<void> {
  const worker = new Worker(thread);
  try {
    for (let share = shares.shift(); share !== undefined; share = shares.shift()) {
      worker.postMessage(share);
      const [found] = (await once(worker, 'message')) as [Found];
      add(report, found);
      if (report.violations >= mostViolations) shares.length = 0;
    }
  } finally {
    await worker.terminate();
  }
}

function add(report: Report, found: Found): void {
  report.seeds += found.seeds;
  report.steps += found.steps;
  report.violations += found.violations;
  report.unequalHashes += found.unequal;
  for (const [kind, times] of Object.entries(found.struck)) {
    const known = report.faultKinds[kind as FaultKind] ?? 0;
    report.faultKinds[kind as FaultKind] = known + times;
  }
  for (const line of found.lines) console.log(line);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
