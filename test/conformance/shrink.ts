/**
 * Makes a history that ends in a difference shorter, while it still does.
 */
import { replay } from './run.ts';
import type { Stage } from './stage.ts';
import type { Step } from './steps.ts';
import type { Difference } from './symbols.ts';

export interface Shrunk {
  readonly steps: readonly Step[];
  readonly difference: Difference;
}

/** Leaves out ever smaller pieces. Undefined when the history does not part when it is played again. */
export async function shrink(stage: Stage, seed: number, steps: readonly Step[]): Promise<Shrunk | undefined> {
  const first = await replay(stage, seed, steps);
  if (first === undefined) return undefined;
  let shortest: Shrunk = { steps, difference: first };
  for (let size = Math.ceil(steps.length / 2); size >= 1; ) {
    const shorter = await withoutAnyOf(stage, seed, shortest, size);
    shortest = shorter ?? shortest;
    if (shorter === undefined || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return shortest;
}

/** Tries each piece of that size, from the end; undefined when none could be left out. */
async function withoutAnyOf(stage: Stage, seed: number, from: Shrunk, size: number): Promise<Shrunk | undefined> {
  let shortest = from;
  for (let start = from.steps.length - size; start > -size; start -= size) {
    const piece = [Math.max(0, start), start + size] as const;
    const rest = [...shortest.steps.slice(0, piece[0]), ...shortest.steps.slice(piece[1])];
    const difference = rest.length < shortest.steps.length ? await replay(stage, seed, rest) : undefined;
    if (difference !== undefined) shortest = { steps: rest, difference };
  }
  return shortest === from ? undefined : shortest;
}
