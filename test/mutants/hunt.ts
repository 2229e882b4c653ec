/**
 * The hunt for one planted fault, in a process of its own whose `src/` has it: seed after seed of every scenario until an invariant breaks.
 *
 * How seeds are counted: scenarios take turns, the first seed of each, then the second of each; every run of one scenario under one seed is one seed
 * looked at. Nothing is told of where the fault is.
 */
import { type Attempt, attempt, explore, ratesOf, type Scenario, usualRates } from '../../src/sim/explore.ts';
import type { FaultKind } from '../../src/sim/faults.ts';
import { shrink } from '../../src/sim/shrink.ts';
import { firstSeedOf, scenarios } from '../simulation/scenarios.ts';

export interface Hunt {
  /** Looked for in these alone. Default: all. */
  readonly scenarios?: readonly string[];
  /** Begin with this seed. Default: the first of each scenario. */
  readonly from?: number;
  /** Seeds looked at, at most. */
  readonly seeds: number;
  /** Milliseconds at most, without shrinking. */
  readonly withinMs: number;
  /** No other kind of fault strikes, and without it nothing breaks. */
  readonly alone?: FaultKind;
  /** It is found when two runs of a seed are not the same. */
  readonly byHashes?: boolean;
  /** Milliseconds for shrinking; 0: nothing is shrunk. */
  readonly shrinkMs: number;
}

/** A failure made small. */
export interface Small {
  readonly scenario: string;
  readonly seed: number;
  readonly faults: readonly string[];
  readonly nodes: number;
  readonly agents: number;
  readonly runs: number;
}

export interface Found {
  readonly scenario: string;
  readonly seed: number;
  readonly invariant: string;
  readonly what: string;
  readonly faults: number;
  /** The smallest, and all that it took. */
  readonly shrunk?: Small & { readonly seconds: number };
}

export interface Hunted {
  readonly looked: number;
  readonly seconds: number;
  readonly found?: Found;
}

/** What all kinds alone are raised by, to strike in a few seconds. */
const raised = 3;
const highestRate = 0.5;
const [mostFaults, mostAgents] = [5, 3];
/** A failure of fewer is soon made small. */
const fewFaults = 30;

interface Failed {
  readonly scenario: Scenario;
  readonly failure: Attempt;
}

export async function hunt(order: Hunt): Promise<Hunted> {
  const startedAt = performance.now();
  let looked = 0;
  const isOver = (): boolean => looked >= order.seeds || performance.now() - startedAt > order.withinMs;
  const trail = failuresOf(order, () => (looked++, isOver()));
  const first = await trail.next();
  const [seen, seconds] = [looked, secondsSince(startedAt)];
  if (first.done) return { looked: seen, seconds };
  const { scenario, failure } = first.value;
  const { invariant, what } = order.byHashes
    ? { invariant: 'two runs are the same', what: failure.hash }
    : firstOf(failure);
  const found = { scenario: scenario.name, seed: failure.seed, invariant, what, faults: failure.faults.length };
  if (order.shrinkMs === 0 || order.byHashes) return { looked: seen, seconds, found };
  return { looked: seen, seconds, found: { ...found, shrunk: await smallest(first.value, trail, order.shrinkMs) } };
}

/** Scenarios by turns. `onLook` is asked after each, and ends it. */
async function* failuresOf(order: Hunt, onLook: () => boolean): AsyncGenerator<Failed> {
  const taken = scenarios
    .filter(({ name }) => order.scenarios?.includes(name) ?? true)
    .flatMap((one) => suited(one, order));
  for (let turn = 0; taken.length > 0; turn++) {
    for (const scenario of taken) {
      const seed = (order.from ?? firstSeedOf(scenario.name)) + turn;
      if (order.alone !== undefined && !ratesOf(seed, scenario.faults ?? {})[order.alone]) continue; // this seed spares it
      const failure = await failureOf(scenario, seed, order);
      const isOver = onLook();
      if (failure !== undefined) yield { scenario, failure };
      if (isOver) return;
    }
  }
}

/** The first failure made small; where it stays large, the next ones of the same bug, until the time is over. */
async function smallest(
  first: Failed,
  next: AsyncGenerator<Failed>,
  withinMs: number,
): Promise<NonNullable<Found['shrunk']>> {
  const startedAt = performance.now();
  let best: Small | undefined;
  const start = await simplest(first, next, startedAt + withinMs / 4);
  for (let failed: Failed | undefined = start; failed !== undefined; ) {
    const leftMs = startedAt + withinMs - performance.now();
    const small = await madeSmall(failed, leftMs / 3);
    if (best === undefined || weightOf(small) < weightOf(best)) best = small;
    const isEnough = best.faults.length <= mostFaults && best.agents <= mostAgents;
    if (isEnough || performance.now() - startedAt > withinMs) break;
    const found: IteratorResult<Failed, void> = await next.next();
    failed = found.done === true ? undefined : found.value;
  }
  return { ...(best as Small), seconds: secondsSince(startedAt) };
}

/** Where much has struck, one of the next failures of the same bug may have less to take away. */
async function simplest(first: Failed, next: AsyncGenerator<Failed>, until: number): Promise<Failed> {
  let best = first;
  while (best.failure.faults.length > fewFaults && performance.now() < until) {
    const found: IteratorResult<Failed, void> = await next.next();
    if (found.done === true) break;
    if (found.value.failure.faults.length < best.failure.faults.length) best = found.value;
  }
  return best;
}

async function madeSmall({ scenario, failure }: Failed, withinMs: number): Promise<Small> {
  const { variant, attempt: left, runs, agents } = await shrink(scenario, failure, { withinMs });
  const faults = [...new Set(left.faults.map(({ kind, at }) => `${kind} at ${at}`))]; // poison strikes again and again
  return {
    scenario: scenario.name,
    seed: failure.seed,
    faults,
    nodes: variant.nodes ?? scenario.nodes ?? 1,
    agents,
    runs,
  };
}

function weightOf({ faults, agents }: Small): number {
  return Math.max(0, faults.length - mostFaults) + Math.max(0, agents - mostAgents);
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 100) / 10;
}

export interface Replay {
  readonly scenario: string;
  readonly seed: number;
  readonly alone?: FaultKind;
}

/** Whether that run breaks something in the code that is here. */
export async function isBroken({ scenario, seed, alone }: Replay): Promise<boolean> {
  const [taken] = scenarios
    .filter(({ name }) => name === scenario)
    .flatMap((one) => suited(one, alone === undefined ? {} : { alone }));
  return taken === undefined || (await attempt(taken, { seed })).violations.length > 0;
}

/** With one kind of fault alone, at a higher rate; none where the scenario does not allow for that kind. */
function suited(scenario: Scenario, { alone }: Pick<Hunt, 'alone'>): readonly Scenario[] {
  if (alone === undefined) return [scenario];
  const rate = (scenario.faults ?? usualRates)[alone] ?? 0;
  return rate === 0 ? [] : [{ ...scenario, faults: { [alone]: Math.min(highestRate, rate * raised) } }];
}

async function failureOf(scenario: Scenario, seed: number, { alone, byHashes }: Hunt): Promise<Attempt | undefined> {
  const found = await explore({ scenario, seeds: 1, from: seed, twice: byHashes === true });
  const failure = found.failures[0];
  if (byHashes) return found.unequal.length === 0 ? undefined : await attempt(scenario, { seed });
  if (failure === undefined || alone === undefined) return failure;
  const calm = await attempt(scenario, { seed, faults: [] });
  return failure.faults.length > 0 && calm.violations.length === 0 ? failure : undefined;
}

function firstOf({ violations }: Attempt): { readonly invariant: string; readonly what: string } {
  const { invariant = '', what = '' } = violations[0] ?? {};
  return { invariant, what: what.slice(0, 300) };
}
