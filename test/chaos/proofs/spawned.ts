/**
 * `--spawned N`: processes that run spawned agents are killed under load, N of them, alone and two at a time.
 *
 * Each agent has to be taken over by a node that has its class, under a higher epoch, with all that was sent to it; only the children of an
 * agent that was lost end with it, wherever they run, and what was spawned detached goes on. Meanwhile others are spawned and stopped
 * all the time: nothing of them may be left.
 */
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { now } from '../rig/contracts.ts';
import { failoverMarginMs, failoverZeroes, type FailoverReport } from './failover.ts';
import { percentile, round } from './numbers.ts';
import type { PopulationSize } from './spawned-population.ts';
import { SpawnedScene } from './spawned-scene.ts';

export interface SpawnedOptions extends PopulationSize {
  /** Processes that are killed. */
  readonly kills: number;
  readonly seed: number;
  /** Those that have the classes; one more has not. */
  readonly nodes: number;
  readonly senders: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** How long what was promised may take. */
  readonly patienceMs: number;
  readonly say: (line: string) => void;
}

export interface SpawnedReport extends Pick<FailoverReport, 'messagesSent' | (typeof failoverZeroes)[number]> {
  readonly kills: number;
  readonly takeovers: number;
  readonly takeoverMsP50: number;
  readonly takeoverMsP99: number;
  /** Children whose parent was lost. */
  readonly children: number;
  readonly childEndMsP99: number;
  /** Of those, the ones that did not end. */
  readonly childrenOutlived: number;
  /** Agents that were spawned for a moment. */
  readonly spawns: number;
  readonly spawnsFailed: number;
  /** Records in the roster at the end that nobody wants, and those that are missing. */
  readonly rosterWrong: number;
  readonly seconds: number;
}

const storiesTold = 10;

export async function loseSpawned(options: SpawnedOptions): Promise<SpawnedReport> {
  const { seed, say } = options;
  const startedAt = now();
  const scene = await SpawnedScene.open(options);
  const random = new SeededRandom(seed);
  const [times, ends]: [number[], number[]] = [[], []];
  let [kills, childrenOutlived] = [0, 0];
  try {
    while (kills < options.kills) {
      const struck = await scene.strike(options.kills - kills, (purpose) => random.fraction(purpose));
      kills += struck.killed;
      childrenOutlived += struck.outlived;
      times.push(...struck.took);
      ends.push(...struck.endedAfter);
      const moved = `${struck.took.length} agents taken over within ${round(Math.max(0, ...struck.took))} ms`;
      say(`${struck.killed} killed: ${moved}, ${struck.endedAfter.length} children ended; ${kills} kills in all`);
    }
    const { stories, ...verdict } = await scene.rest();
    for (const story of stories.slice(0, storiesTold)) say(story);
    const [takeoverMsP50 = 0, takeoverMsP99 = 0] = [0.5, 0.99].map((share) => round(percentile(times, share)));
    const takeovers = { kills, takeovers: times.length, takeoverMsP50, takeoverMsP99 };
    const children = { children: ends.length + childrenOutlived, childEndMsP99: round(percentile(ends, 0.99)) };
    return { ...takeovers, ...children, childrenOutlived, ...verdict, seconds: round((now() - startedAt) / 1_000) };
  } finally {
    await scene.close();
  }
}

/** The promises that do not hold. */
export function brokenSpawned(report: SpawnedReport, leaseMs: number): readonly string[] {
  const limitMs = leaseMs + failoverMarginMs;
  const late = (['takeoverMsP99', 'childEndMsP99'] as const).filter((name) => report[name] > limitMs);
  const none = (['takeovers', 'children', 'messagesSent', 'spawns'] as const).filter((name) => report[name] === 0);
  const zeroes = [...failoverZeroes, 'childrenOutlived', 'spawnsFailed', 'rosterWrong'] as const;
  const broken = zeroes.filter((name) => report[name] !== 0);
  return [...late, ...none, ...broken].map((name) => `${name} ${report[name]}`);
}
