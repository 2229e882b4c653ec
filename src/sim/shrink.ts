/**
 * Shrinking a failure: the fewest faults, the smallest fleet, the least load and no jitter under which the same invariant breaks.
 *
 * Delta debugging over the list of faults (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): since faults
 * are keyed by meaning, leaving one out changes no decision about another.
 */
import { nextTurn } from '../core/system.ts';
import { type Attempt, attempt, type Scenario, type Variant } from './explore.ts';
import type { Fault } from './faults.ts';

export interface Shrunk {
  readonly variant: Variant;
  readonly attempt: Attempt;
  /** Runs that it took. */
  readonly runs: number;
}

export interface ShrinkOptions {
  /** Runs at most. Default 300. */
  readonly runs?: number;
}

/** Enough of the trace for a picture. */
const traced = 5_000;

/** The smallest variant found that breaks an invariant which the failure broke. */
export async function shrink(
  scenario: Scenario,
  failure: Attempt,
  { runs: most = 300 }: ShrinkOptions = {},
): Promise<Shrunk> {
  const broken = new Set(failure.violations.map(({ invariant }) => invariant));
  let runs = 0;
  const fails = async (variant: Variant): Promise<Attempt | undefined> => {
    if (runs >= most) return undefined;
    runs++;
    const result = await attempt(scenario, { ...variant, traced });
    await nextTurn();
    return result.violations.some(({ invariant }) => broken.has(invariant)) ? result : undefined;
  };
  let best: Shrunk = { variant: { seed: failure.seed }, attempt: failure, runs: 0 };
  /** Keeps the variant when it fails, too. */
  const take = async (variant: Variant): Promise<boolean> => {
    const result = await fails(variant);
    if (result !== undefined) best = { variant, attempt: result, runs };
    return result !== undefined;
  };
  await take({ seed: failure.seed, faults: failure.faults });
  await fewerFaults(() => best.variant, take);
  for (const nodes of [1, 2, 3])
    if (nodes < (best.variant.nodes ?? scenario.nodes ?? 1) && (await take({ ...best.variant, nodes }))) break;
  for (const size of [0.1, 0.25, 0.5]) if (await take({ ...best.variant, size })) break;
  await take({ ...best.variant, isFlat: true });
  await fewerFaults(() => best.variant, take);
  return { ...best, runs };
}

async function fewerFaults(current: () => Variant, take: (variant: Variant) => Promise<boolean>): Promise<void> {
  let parts = 2;
  for (;;) {
    const faults = current().faults ?? [];
    if (faults.length === 0) return;
    const size = Math.max(1, Math.ceil(faults.length / parts));
    let isSmaller = false;
    for (let from = 0; from < faults.length && !isSmaller; from += size) {
      const without: readonly Fault[] = [...faults.slice(0, from), ...faults.slice(from + size)];
      isSmaller = await take({ ...current(), faults: without });
    }
    if (isSmaller) parts = Math.max(2, parts - 1);
    else if (size === 1) return;
    else parts = Math.min(faults.length, parts * 2);
  }
}
