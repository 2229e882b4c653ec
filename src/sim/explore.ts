/**
 * `explore()`: one scenario under many seeds. Each seed draws its own faults and runs twice; what breaks is shrunk and kept.
 *
 * A scenario has two phases: chaos, in which only safety counts, and after `heal` the rest, in which the fleet must finish everything
 * within a bound of virtual time.
 */
import { describeError } from '../core/errors.ts';
import { nextTurn } from '../core/system.ts';
import { type Fault, type FaultKind, faultKinds, type FaultRates } from './faults.ts';
import type { Leak } from './globals.ts';
import { mix, toFraction } from './seeded-random.ts';
import type { Kept } from './keep.ts';
import { Simulation } from './simulation.ts';
import { smallerFleet } from './smaller-fleet.ts';
import type { SimulateOptions } from './options.ts';
import type { Violation } from './ledger.ts';
import type { Journaled } from './journal.ts';
import type { TraceLine } from './trace.ts';
import { BrokenError } from './watch.ts';

export interface Scenario extends Omit<SimulateOptions, 'seed' | 'faults' | 'traced'> {
  readonly name: string;
  /** Highest rate of each kind of fault; each seed draws which strike at all, and how often. Default: those of `usualRates`. */
  readonly faults?: FaultRates;
  /** Roles that it can do without, where a failure is shrunk. */
  readonly spare?: readonly string[];
  /** What happens between `chaos` and `heal`. `size` is 1, or less while a failure is shrunk: how much of the load to make. */
  readonly run: (sim: Simulation, size: number) => Promise<void>;
  /** After the fleet has come to rest: what else must hold. */
  readonly check?: (sim: Simulation) => void | Promise<void>;
}

/** One run of one seed. */
export interface Attempt {
  readonly seed: number;
  readonly hash: string;
  readonly steps: number;
  readonly violations: readonly Violation[];
  readonly faults: readonly Fault[];
  readonly trace: readonly TraceLine[];
  readonly leaks: readonly Leak[];
  /** Where it is kept, shrunk: for `replay()`, and drawn. There when `explore()` was told to. */
  readonly kept?: Kept;
  /** For the picture; there when a trace was kept. */
  readonly journal?: Journaled;
}

/** What a run is made from; the same variant is the same run. */
export interface Variant {
  readonly seed: number;
  /** Drawn from the seed when absent. */
  readonly faults?: readonly Fault[];
  readonly nodes?: number;
  /** Agents of a pool on each node, at most. */
  readonly poolSize?: number;
  /** Roles that are left out. */
  readonly without?: readonly string[];
  readonly size?: number;
  /** Every trip takes equally long. */
  readonly isFlat?: boolean;
  readonly traced?: number;
  /** Files, sockets and the like are looked for. Default: with `globals: 'refuse'`. */
  readonly resources?: boolean;
}

/** Highest rates, by kind; see `faultKinds` for what they count. */
export const usualRates: Required<FaultRates> = {
  'crash-before-call': 0.003,
  'crash-after-call': 0.003,
  'lost-call': 0.02,
  'lost-reply': 0.02,
  'late-call': 0.01,
  'late-reply': 0.01,
  'repeated-frame': 0.1,
  'late-delivery': 0.02,
  kill: 0.05,
  stall: 0.1,
  freeze: 0.04,
  cut: 0.08,
  deaf: 0.08,
  slow: 0.08,
  'clock-jump': 0.05,
  'clock-drift': 0.05,
  restart: 0.05,
  stop: 0.05,
  partition: 0.08,
  'new-version': 0.03,
  'broker-restart': 0.05,
  'broker-loss': 0,
  'broker-rewind': 0,
  'broker-full': 0.05,
  'broker-clock-jump': 0.03,
  'handler-throws': 0.1,
  'handler-slow': 0.05,
  'handler-stuck': 0.01,
  'handler-kills': 0.02,
  poison: 0.01,
  'lost-request': 0.2,
  'lost-response': 0.2,
  'late-response': 0.2,
  'failed-request': 0.3,
  'spoiled-response': 0.2,
};

/** Half of the kinds do not strike at all in a seed, so that each has seeds in which little else happens. */
export function ratesOf(seed: number, highest: FaultRates): FaultRates {
  const drawn = (Object.keys(faultKinds) as FaultKind[]).map((kind, index) => {
    const draw = toFraction(mix(mix(seed, 0x5eed), index));
    return [kind, draw < 0.5 ? 0 : (highest[kind] ?? 0) * (draw - 0.5) * 2] as const;
  });
  return Object.fromEntries(drawn);
}

/** Mostly the consequence of another violation. */
export const unended = 'the scenario ends';
const restMs = 600_000;
/** Longer than the lease of a node: what is not renewed shows. */
const leaseMs = 8_000;
/** Every lease of somebody who is gone has ended. */
const leasesMs = 20_000;
const flat = { fromMs: 1, toMs: 1 };

/** Runs a scenario once. Never throws: what goes wrong is a violation. */
export async function attempt(scenario: Scenario, variant: Variant): Promise<Attempt> {
  const {
    name: _,
    spare: _spare,
    run,
    check,
    faults: highest = usualRates,
    agents,
    versions = [],
    ...options
  } = scenario;
  const { seed, faults = ratesOf(seed, highest), nodes, size = 1, isFlat = false, traced = 0 } = variant;
  const { resources = options.globals === 'refuse' } = { ...options, ...variant };
  const sim = new Simulation({
    ...options,
    agents: smallerFleet(agents, variant),
    versions: versions.map((later) => smallerFleet(later, variant)),
    seed,
    faults,
    traced,
    resources,
    ...(nodes && { nodes }),
    ...(isFlat && { latency: flat }),
  });
  const failed: Violation[] = [];
  let isOver = false;
  try {
    await sim.start();
    sim.chaos();
    await run(sim, size);
    sim.heal();
    await sim.settle({ within: restMs });
    await sim.advance(leaseMs);
    if (sim.violations().length > 0) await sim.advance(leasesMs - leaseMs); // who is gone may still hold something
    await sim.settle({ within: restMs });
    isOver = true;
    await check?.(sim);
  } catch (error) {
    const invariant = isOver ? 'what the scenario promises' : unended;
    if (!(error instanceof BrokenError)) failed.push({ invariant, what: describeError(error).message });
  }
  const violations = failed.length > 0 ? [...failed, ...sim.violations()] : sim.violations();
  const { hash, faults: struck, trace, leaks } = sim;
  const { steps } = sim.world.trace;
  const journal = sim.world.journal?.kept;
  await sim.close();
  return { seed, hash, steps, violations, faults: struck, trace, leaks, ...(journal && { journal }) };
}

export interface ExploreOptions {
  readonly scenario: Scenario;
  /** How many seeds, from `from` on. Default 100, from 1. */
  readonly seeds?: number;
  readonly from?: number;
  /** Each seed runs twice, and both runs must be the same. Default true. */
  readonly twice?: boolean;
  /** After so many failures it ends. Default 1. */
  readonly most?: number;
  /** Folder in which failures are kept: each is shrunk, and its artifact and its diagram are written there. */
  readonly keep?: string;
  /** Called after each seed. */
  readonly onSeed?: (attempt: Attempt) => void;
}

export interface Exploration {
  readonly seeds: number;
  readonly steps: number;
  /** In how many seeds each kind struck. */
  readonly struck: Readonly<Partial<Record<FaultKind, number>>>;
  readonly failures: readonly Attempt[];
  /** Seeds of which two runs were not the same. */
  readonly unequal: readonly number[];
  /** What agents did to the machine, each place once: why runs may be unequal. */
  readonly leaks: readonly Leak[];
}

export async function explore({
  scenario,
  seeds = 100,
  from = 1,
  twice = true,
  most = 1,
  keep,
  onSeed,
}: ExploreOptions): Promise<Exploration> {
  const failures: Attempt[] = [];
  const unequal: number[] = [];
  const struck: Partial<Record<FaultKind, number>> = {};
  const leaks = new Map<string, Leak>();
  let [done, steps] = [0, 0];
  for (let seed = from; seed < from + seeds && failures.length < most; seed++) {
    const first = await attempt(scenario, seed === from ? { seed, resources: true } : { seed });
    const second = twice ? await attempt(scenario, { seed }) : undefined;
    done++;
    steps += first.steps + (second?.steps ?? 0);
    const isUnequal = second !== undefined && first.hash !== second.hash;
    if (isUnequal) unequal.push(seed);
    const third = isUnequal ? await attempt(scenario, { seed, resources: true }) : undefined; // to tell why
    for (const leak of [...first.leaks, ...(third?.leaks ?? [])]) leaks.set(`${leak.what} ${leak.where}`, leak);
    if (first.violations.length > 0) failures.push(keep === undefined ? first : await kept(keep, scenario, first));
    for (const kind of new Set(first.faults.map((fault) => fault.kind))) struck[kind] = (struck[kind] ?? 0) + 1;
    onSeed?.(first);
    await nextTurn(); // whoever runs this has timers of his own
  }
  return { seeds: done, steps, struck, failures, unequal, leaks: [...leaks.values()] };
}

/** Loaded on demand, since shrinking is made of attempts, too. */
async function kept(folder: string, scenario: Scenario, failure: Attempt): Promise<Attempt> {
  const { keepFailure } = await import('./keep.ts');
  return { ...failure, kept: (await keepFailure(folder, scenario, failure)).kept };
}
