/**
 * A failure as a page that a person reads at a glance: who said what to whom, what struck, and what does not hold in the end.
 *
 * Drawn from the journal that a run keeps beside its trace; `diagram/` holds what it takes.
 */
import { writeFile } from 'node:fs/promises';
import { SimulationError } from './simulation-error.ts';
import type { Attempt, Scenario } from './explore.ts';
import { pageOf } from './diagram/page.ts';
import { storyOf } from './diagram/story.ts';
import type { World } from './world.ts';

/**
 * The sequence diagram of a run, as one HTML page without scripts. Give it what `shrink()` found, or `{ attempt: await replay(...) }`.
 *
 * @throws SimulationError when no trace was kept of the run, as of those that `explore()` tries.
 */
export function diagramOf({ name }: Pick<Scenario, 'name'>, { attempt }: { readonly attempt: Attempt }): string {
  const { journal, violations } = attempt;
  if (journal === undefined)
    throw new SimulationError(
      `expected a run of which a trace was kept, got: one without\nDraw what shrink() or replay() gives, or simulate() by sim.diagram().`,
    );
  return pageOf(storyOf(journal, violations), { name, attempt });
}

export async function saveDiagram(path: string, diagram: string): Promise<void> {
  await writeFile(path, diagram);
}

/** Of a simulation that somebody drives. */
export function diagramOfWorld(
  { seed, trace, journal }: World,
  found: Omit<Attempt, 'seed' | 'steps' | 'journal'>,
): string {
  const attempt = { ...found, seed, steps: trace.steps };
  return diagramOf({ name: 'simulation' }, { attempt: { ...attempt, ...(journal && { journal: journal.kept }) } });
}
