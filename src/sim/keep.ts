/**
 * Keeping a failure: shrunk, as a file that `replay()` runs again and a page that a person reads, side by side in one folder.
 *
 * Apart from exploring, so that a search that keeps nothing neither shrinks nor draws.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactOf, saveArtifact } from './artifact.ts';
import { diagramOf, saveDiagram } from './diagram.ts';
import type { Attempt, Scenario } from './explore.ts';
import { shrink, type Shrunk, type ShrinkOptions } from './shrink.ts';

/** Paths. */
export interface Kept {
  readonly artifact: string;
  readonly diagram: string;
}

/** Shrinks a failure and writes `<scenario>-<seed>.json` and `.html`; the folder is made. */
export async function keepFailure(
  folder: string,
  scenario: Scenario,
  failure: Attempt,
  options: ShrinkOptions = {},
): Promise<{ readonly shrunk: Shrunk; readonly kept: Kept }> {
  const shrunk = await shrink(scenario, failure, options);
  await mkdir(folder, { recursive: true });
  const name = join(folder, `${scenario.name.replaceAll(/[^\w-]+/g, '-')}-${failure.seed}`);
  const kept = { artifact: `${name}.json`, diagram: `${name}.html` };
  await saveArtifact(kept.artifact, artifactOf(scenario, shrunk));
  if (shrunk.attempt.journal !== undefined) await saveDiagram(kept.diagram, diagramOf(scenario, shrunk));
  return { shrunk, kept };
}
