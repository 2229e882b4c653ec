/**
 * Makes a history that ends in a difference shorter, while it still does.
 */
import { type Found, type Kept, replay } from './run.ts';
import type { Stage } from './stage.ts';

/** Leaves out ever smaller pieces. Undefined when the history does not part when it is played again. */
export async function shrink(stage: Stage, history: Kept): Promise<Found | undefined> {
  const difference = await replay(stage, history);
  if (difference === undefined) return undefined;
  let shortest: Found = { ...history, difference };
  for (let size = Math.ceil(history.steps.length / 2); size >= 1; ) {
    const shorter = await withoutAnyOf(stage, shortest, size);
    shortest = shorter ?? shortest;
    if (shorter === undefined || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return shortest;
}

/** Tries each piece of that size, from the end; undefined when none could be left out. */
async function withoutAnyOf(stage: Stage, from: Found, size: number): Promise<Found | undefined> {
  let shortest = from;
  for (let start = from.steps.length - size; start > -size; start -= size) {
    const piece = [Math.max(0, start), start + size] as const;
    const steps = [...shortest.steps.slice(0, piece[0]), ...shortest.steps.slice(piece[1])];
    const isShorter = steps.length < shortest.steps.length;
    const difference = isShorter ? await replay(stage, { ...shortest, steps }) : undefined;
    if (difference !== undefined) shortest = { ...shortest, steps, difference };
  }
  return shortest === from ? undefined : shortest;
}
