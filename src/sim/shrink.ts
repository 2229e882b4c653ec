/**
 * Shrinking a failure: the fewest faults, the smallest fleet, the least load and no jitter under which the same invariant breaks.
 *
 * Delta debugging over the list of faults (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): since faults
 * are keyed by meaning, leaving one out changes no decision about another. What that cannot do is lead back: a fault of a third life or of
 * a third node needs all that made them. So faults are moved there, too (moved-faults.ts).
 */
import { nextTurn, systemClock } from '../core/system.ts';
import { type Attempt, attempt, type Scenario, unended, type Variant } from './explore.ts';
import type { Fault } from './faults.ts';
import { inEarlierLife, onFirstNodes } from './moved-faults.ts';
import { countAgents, smallerFleet } from './smaller-fleet.ts';

export interface Shrunk {
  readonly variant: Variant;
  readonly attempt: Attempt;
  /** Runs that it took. */
  readonly runs: number;
  /** Live agents of the fleet that is left. */
  readonly agents: number;
}

export interface ShrinkOptions {
  /** Runs at most. Default 300. */
  readonly runs?: number;
  /** Milliseconds at most, by the clock of the machine. Default: no limit. */
  readonly withinMs?: number;
}

/** Enough of the trace for a picture. */
const traced = 5_000;

/** The smallest variant found that breaks an invariant which the failure broke. */
export async function shrink(scenario: Scenario, failure: Attempt, options: ShrinkOptions = {}): Promise<Shrunk> {
  const search = new Search(scenario, failure, options);
  await search.take({ faults: failure.faults });
  await search.takeFirst([0.1, 0.25, 0.5].map((size) => ({ size })));
  await smallerFleets(search); // first, since it makes every other run shorter
  await fewerKinds(search);
  await fewerFaults(search);
  await smallerFleets(search);
  await search.take({ isFlat: true });
  await earlierLives(search);
  await fewerFaults(search);
  await fewerNodes(search);
  return search.shrunk;
}

/** What was found so far, and how much more may be tried. */
class Search {
  readonly #scenario: Scenario;
  readonly #broken: ReadonlySet<string>;
  readonly #most: number;
  readonly #until: number;
  best: Variant;
  #attempt: Attempt;
  #runs = 0;

  constructor(scenario: Scenario, failure: Attempt, { runs = 300, withinMs = Infinity }: ShrinkOptions) {
    this.#scenario = scenario;
    const broken = new Set(failure.violations.map(({ invariant }) => invariant));
    if (broken.size > 1) broken.delete(unended);
    this.#broken = broken;
    this.#most = runs;
    this.#until = systemClock.monotonic() + withinMs;
    this.best = { seed: failure.seed };
    this.#attempt = failure;
  }

  get nodes(): number {
    return this.best.nodes ?? this.#scenario.nodes ?? 1;
  }

  /** Roles that may be left out, and are not. */
  get spare(): readonly string[] {
    const { without = [] } = this.best;
    return (this.#scenario.spare ?? []).filter((role) => !without.includes(role));
  }

  get faults(): readonly Fault[] {
    return this.best.faults ?? [];
  }

  get shrunk(): Shrunk {
    const agents = countAgents(smallerFleet(this.#scenario.agents, this.best), this.nodes);
    return { variant: this.best, attempt: this.#attempt, runs: this.#runs, agents };
  }

  /** Keeps what is best with this change, when it fails, too. */
  async take(change: Partial<Variant>): Promise<boolean> {
    if (this.#runs >= this.#most || systemClock.monotonic() >= this.#until) return false;
    this.#runs++;
    const variant = { ...this.best, ...change };
    const result = await attempt(this.#scenario, { ...variant, traced });
    await nextTurn();
    if (!result.violations.some(({ invariant }) => this.#broken.has(invariant))) return false;
    this.best = variant;
    this.#attempt = result;
    return true;
  }

  async takeFirst(changes: readonly Partial<Variant>[]): Promise<boolean> {
    for (const change of changes) if (await this.take(change)) return true;
    return false;
  }
}

/** Most failures need faults of one kind, or of two. */
async function fewerKinds(search: Search): Promise<void> {
  const { faults } = search;
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  const timesOf = (kind: Fault['kind']): number => faults.filter((fault) => fault.kind === kind).length;
  if (kinds.length < 2) return;
  const rarest = kinds.toSorted((a, b) => timesOf(a) - timesOf(b));
  const alone = rarest.map((kind) => ({ faults: faults.filter((fault) => fault.kind === kind) }));
  if (await search.takeFirst([{ faults: [] }, ...alone])) return;
  for (const kind of rarest.toReversed())
    await search.take({ faults: search.faults.filter((fault) => fault.kind !== kind) });
}

async function fewerFaults(search: Search): Promise<void> {
  if (search.faults.length > 0 && (await search.take({ faults: [] }))) return;
  let parts = 2;
  for (;;) {
    const { faults } = search;
    if (faults.length <= 1) return;
    const size = Math.max(1, Math.ceil(faults.length / parts));
    let isSmaller = false;
    for (let from = 0; from < faults.length && !isSmaller; from += size)
      isSmaller = await search.take({ faults: [...faults.slice(0, from), ...faults.slice(from + size)] });
    if (isSmaller) parts = Math.max(2, parts - 1);
    else if (size === 1) return;
    else parts = Math.min(faults.length, parts * 2);
  }
}

async function smallerFleets(search: Search): Promise<void> {
  await fewerNodes(search);
  for (const role of search.spare) await search.take({ without: [...(search.best.without ?? []), role] });
  if (search.best.poolSize === undefined) await search.take({ poolSize: 1 });
}

async function fewerNodes(search: Search): Promise<void> {
  const { faults } = search;
  for (let nodes = 1; nodes < search.nodes; nodes++)
    if (await search.takeFirst([{ nodes }, { nodes, faults: onFirstNodes(faults, nodes) }])) return;
}

/** One by one: whatever made the later life may then be left out. */
async function earlierLives(search: Search): Promise<void> {
  for (let at = 0; at < search.faults.length; at++) {
    const fault = search.faults[at];
    const moved = fault === undefined ? [] : inEarlierLife(fault);
    const { faults } = search;
    await search.takeFirst(moved.map((one) => ({ faults: faults.with(at, one) })));
  }
}
