/**
 * One round: load and faults together, then everything healed, then patience, then judgement.
 *
 * Two tracks of faults run side by side, one of nodes and handlers and one of Redis and links, so that they meet in ever new ways.
 */
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { destroyFaults } from './destroy-faults.ts';
import type { Violation } from './figures.ts';
import type { GroundName, Nature } from './ground.ts';
import { judge } from './judge.ts';
import { linkFaults } from './link-faults.ts';
import { Load, type Promises } from './load.ts';
import { type Fault, type FaultScene, nodeFaults, pause } from './node-faults.ts';
import { deal } from './plan.ts';
import { clusterFaults, promotionFaults, serverFaults } from './server-faults.ts';
import { holds, type Stage } from './stage.ts';

const faults: Readonly<Record<string, Fault>> = {
  ...nodeFaults,
  ...linkFaults,
  ...serverFaults,
  ...clusterFaults,
  ...promotionFaults,
  ...destroyFaults,
};
export const faultKinds = {
  nodes: Object.keys(nodeFaults),
  links: [...Object.keys(linkFaults), ...Object.keys(serverFaults)],
  cluster: Object.keys(clusterFaults),
  promoting: Object.keys(promotionFaults),
  destroying: Object.keys(destroyFaults),
} as const;

/** Beside faults that destroy data: what ends no process, since what a process keeps for the broker ends with it. */
const gentle = {
  nodes: ['node-freeze', 'node-hiccup', 'handler-throws', 'handler-stalls', 'handler-overruns'],
  links: faultKinds.links.filter((kind) => kind !== 'redis-kill'),
} as const;

export interface RoundOptions {
  readonly seed: number;
  readonly round: number;
  readonly only: string | undefined;
  readonly on: GroundName;
  /** Where data is destroyed, the rounds of a stage are judged together, by `judgeDestroyed`. */
  readonly nature: Nature;
  readonly nodeFaults: number;
  readonly linkFaults: number;
  readonly tasksPerSecond: number;
  /** How long what was promised may take, once everything is healed. */
  readonly patienceMs: number;
}

export interface RoundScene {
  readonly stage: Stage;
  readonly promises: Promises;
  readonly nextNumber: () => number;
  readonly recoveries: number[];
  readonly onFault: (kind: string) => void;
}

/** Runs a round and answers with everything that is broken on this stage; with nothing when it was to destroy. */
export async function runRound(options: RoundOptions, scene: RoundScene): Promise<readonly Violation[]> {
  const { stage, promises, nextNumber, recoveries } = scene;
  const { seed, round, tasksPerSecond, nature, patienceMs } = options;
  const destroying = nature === 'destroying';
  const random = new SeededRandom(seed * 104_729 + round);
  const firstTask = promises.tasks.length;
  const load = new Load({ clients: stage.clients, random, promises, nextNumber, tasksPerSecond, destroying });
  load.start();
  try {
    await pause(200);
    const track = async (name: string, kinds: readonly string[]): Promise<void> => {
      for (const [at, kind] of kinds.entries()) {
        const draw = (purpose: string): number => random.fraction(`${name}/${at}/${purpose}`);
        await pause(Math.floor(draw('before') * 400));
        scene.onFault(kind);
        await fire(kind, { stage, load, draw, recoveries });
      }
    };
    await Promise.all([track('nodes', kindsOf(options, 'nodes')), track('links', kindsOf(options, 'links'))]);
    await stage.heal();
    await pause(200);
  } finally {
    load.stop();
  }
  await holds(() => load.unanswered === 0, patienceMs);
  return destroying ? [] : judge({ stage, promises, patienceMs }, promises.tasks.slice(firstTask));
}

async function fire(kind: string, scene: FaultScene): Promise<void> {
  const fault = faults[kind];
  if (fault === undefined)
    throw new Error(`expected a kind of fault, got: ${kind}\nOne of: ${Object.keys(faults).join(', ')}`);
  await fault(scene);
}

function kindsOf(options: RoundOptions, track: 'nodes' | 'links'): readonly string[] {
  const { seed, round, only, nature } = options;
  if (nature === 'destroying') return destroyingKinds(options, track);
  const count = track === 'nodes' ? options.nodeFaults : options.linkFaults;
  const kinds = track === 'nodes' ? faultKinds.nodes : linkKinds(options);
  if (only === undefined) return deal(seed, round, kinds, count);
  const known = kinds.includes(only);
  if (!known && !faultKinds.nodes.includes(only) && !linkKinds(options).includes(only)) return [only]; // refused by `fire`
  return known ? Array.from({ length: count }, () => only) : [];
}

/** Slots move where masters stay what they are. */
function linkKinds({ on, nature }: RoundOptions): readonly string[] {
  if (nature === 'promoting') return [...faultKinds.links, ...faultKinds.promoting];
  return on === 'cluster' ? [...faultKinds.links, ...faultKinds.cluster] : faultKinds.links;
}

/** One fault of a node, one of a link, and the one that destroys. */
function destroyingKinds({ seed, round, only }: RoundOptions, track: 'nodes' | 'links'): readonly string[] {
  const meant = deal(seed, round, gentle[track], 1);
  if (track === 'nodes') return meant;
  return [...meant, ...(only === undefined ? deal(seed, round, faultKinds.destroying, 1) : [only])];
}
