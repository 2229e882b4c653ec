/**
 * `--takeovers N`: nodes are killed in the middle of their tasks, and each task is timed from the kill until it has begun elsewhere.
 *
 * At default timing: the presence lease is 5 s. In waves, so that many are timed at once; every process is killed at a moment of its own.
 */
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { now } from '../rig/contracts.ts';
import { pause } from '../rig/node-faults.ts';
import { holds } from '../rig/stage.ts';
import type { Child } from './child.ts';
import { HeldFleet } from './held-fleet.ts';
import { percentile, round } from './numbers.ts';

export interface TakeoverOptions {
  readonly takeovers: number;
  readonly nodes: number;
  /** Tasks that each node holds when some of them are killed. */
  readonly tasksPerNode: number;
  readonly say: (line: string) => void;
}

export interface TakeoverReport {
  readonly takeovers: number;
  readonly msP50: number;
  readonly msP99: number;
  readonly msMax: number;
  /** Tasks that did not begin again, or did not say that they may be a repeat. */
  readonly lost: number;
  readonly unmarked: number;
  readonly settledTwice: number;
  readonly seconds: number;
}

interface Kill {
  readonly pid: number;
  readonly at: number;
}

/** The presence lease, and what looking and starting may take. */
export const takeoverLimitMs = 5_000 + 2_000;
/** Longer than it takes to kill them all. What has ended before is not taken over. */
const firstRunMs = 7_000;
const killSpreadMs = 1_600;
const startLimitMs = 30_000;

export async function takeOver({ takeovers, nodes, tasksPerNode, say }: TakeoverOptions): Promise<TakeoverReport> {
  const startedAt = now();
  const fleet = await HeldFleet.open();
  const random = new SeededRandom(takeovers);
  const start = (): Promise<Child> => fleet.start({ size: 4 * tasksPerNode, concurrency: 1, timing: {} });
  const times: number[] = [];
  let unmarked = 0;
  try {
    let children = await Promise.all(Array.from({ length: nodes }, start));
    while (times.length < takeovers) {
      const before = fleet.accepted.length;
      const wave = nodes * tasksPerNode;
      await fleet.enqueue(wave, () => ({ ms: firstRunMs, againMs: 10, heeds: true }));
      const begun = (): boolean => (fleet.read(), [...fleet.runs.keys()].filter((n) => n > before).length === wave);
      if (!(await holds(begun, startLimitMs))) throw new Error('expected every task of the wave to begin');
      const byLoad = children.toSorted((a, b) => fleet.inFlightNow(b.pid) - fleet.inFlightNow(a.pid));
      const victims = byLoad.slice(0, nodes / 2);
      const kills = await Promise.all(victims.map((victim) => kill(victim, random)));
      const successors = Promise.all(victims.map(start));
      const seen = await secondStarts(fleet, kills, before);
      times.push(...seen.map(({ ms }) => ms));
      unmarked += seen.filter(({ marked }) => !marked).length;
      say(`${times.length} tasks of killed nodes have begun again, the slowest after ${round(Math.max(...times))} ms`);
      children = [...byLoad.slice(nodes / 2), ...(await successors)];
      if (seen.length === 0) throw new Error('expected the killed nodes to hold tasks, got: none');
      await holds(() => fleet.settles.times.size >= fleet.accepted.length, startLimitMs);
    }
    const lost = await fleet.lost();
    for (const story of lost.slice(0, 5)) say(story);
    const [msP50, msP99, msMax] = [percentile(times, 0.5), percentile(times, 0.99), Math.max(...times)].map(Math.round);
    const figures = { takeovers: times.length, msP50: msP50 ?? 0, msP99: msP99 ?? 0, msMax: msMax ?? 0 };
    const broken = { lost: lost.length, unmarked, settledTwice: fleet.settles.twice };
    return { ...figures, ...broken, seconds: round((now() - startedAt) / 1_000) };
  } finally {
    await fleet.close();
  }
}

async function kill(victim: Child, random: SeededRandom): Promise<Kill> {
  await pause(Math.floor(random.fraction('kill') * killSpreadMs));
  const at = now();
  await victim.kill();
  return { pid: victim.pid, at };
}

/** Of the tasks that the killed ones held: when each began elsewhere. One that does not is as late as the wait for it. */
async function secondStarts(fleet: HeldFleet, kills: readonly Kill[], before: number) {
  const waiting = new Map<number, Kill>();
  fleet.read();
  for (const [n, runs] of fleet.runs) {
    const killed = kills.find(({ pid }) => pid === runs[0]?.pid);
    if (n > before && killed !== undefined && fleet.isHeld(killed.pid, n)) waiting.set(n, killed);
  }
  const again = (n: number) => fleet.runs.get(n)?.[1];
  await holds(() => (fleet.read(), [...waiting.keys()].every((n) => again(n) !== undefined)), startLimitMs);
  return [...waiting].map(([n, { at }]) => {
    const run = again(n);
    return { ms: run === undefined ? startLimitMs : run.at - at, marked: run === undefined || run.again };
  });
}

export function brokenTakeovers({ msP99, lost, unmarked, settledTwice }: TakeoverReport): readonly string[] {
  const late = msP99 > takeoverLimitMs ? [`msP99 ${msP99}`] : [];
  const figures = Object.entries({ lost, unmarked, settledTwice }).filter(([, count]) => count !== 0);
  return [...late, ...figures.map(([name, count]) => `${name} ${count}`)];
}
