/**
 * A failure as a file: what `replay()` needs to run it again, and what a person needs to know of it.
 *
 * A failure is of one commit and one major version of Node: microtasks and hashes are the same only there.
 */
import { readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { ConfigError } from '../core/errors.ts';
import { diagramOf, saveDiagram } from './diagram.ts';
import { type Attempt, attempt, type Scenario, type Variant } from './explore.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import type { Shrunk } from './shrink.ts';

const kinds = Object.keys(faultKinds) as [FaultKind, ...FaultKind[]];
const faultSchema = z.object({ kind: z.enum(kinds), at: z.string(), shape: z.number() });
const artifactSchema = z.object({
  scenario: z.string(),
  commit: z.string().optional(),
  node: z.string(),
  seed: z.number(),
  faults: z.array(faultSchema),
  nodes: z.number().optional(),
  poolSize: z.number().optional(),
  without: z.array(z.string()).optional(),
  size: z.number().optional(),
  isFlat: z.boolean().optional(),
  violations: z.array(z.object({ invariant: z.string(), what: z.string() })),
});

/** What is kept of a failure. */
export type Artifact = z.output<typeof artifactSchema>;

export function artifactOf(scenario: Scenario, { variant, attempt: failed }: Shrunk, commit?: string): Artifact {
  const { seed, faults = failed.faults, nodes, poolSize, without, size, isFlat } = variant;
  return {
    scenario: scenario.name,
    ...(commit !== undefined && { commit }),
    node: process.version,
    seed,
    faults: [...faults],
    ...(nodes !== undefined && { nodes }),
    ...(poolSize !== undefined && { poolSize }),
    ...(without !== undefined && { without: [...without] }),
    ...(size !== undefined && { size }),
    ...(isFlat !== undefined && { isFlat }),
    violations: failed.violations.slice(0, 20).map(({ invariant, what }) => ({ invariant, what })),
  };
}

export async function saveArtifact(path: string, artifact: Artifact): Promise<void> {
  await writeFile(path, `${JSON.stringify(artifact, undefined, 2)}\n`);
}

/** @throws ConfigError when the file holds no failure. */
export async function readArtifact(path: string): Promise<Artifact> {
  const parsed = artifactSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new ConfigError([`expected ${path} to hold a failure of a simulation, got: ${z.prettifyError(parsed.error)}`]);
}

export interface ReplayOptions {
  /** Path of an HTML page: the run is drawn there. */
  readonly diagram?: string;
}

/** Runs a kept failure again, with a trace. */
export async function replay(
  scenario: Scenario,
  artifact: Artifact,
  { diagram }: ReplayOptions = {},
): Promise<Attempt> {
  const { seed, faults, nodes, poolSize, without, size, isFlat } = artifact;
  const variant: Variant = {
    seed,
    faults,
    traced: 5_000,
    ...(nodes !== undefined && { nodes }),
    ...(poolSize !== undefined && { poolSize }),
    ...(without !== undefined && { without }),
    ...(size !== undefined && { size }),
    ...(isFlat !== undefined && { isFlat }),
  };
  const again = await attempt(scenario, variant);
  if (diagram !== undefined) await saveDiagram(diagram, diagramOf(scenario, { attempt: again }));
  return again;
}
