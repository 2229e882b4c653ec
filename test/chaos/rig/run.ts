/**
 * A run of the rig: stages of several rounds each, figures that add up, and the story of whatever was broken.
 *
 * A stage on which something broke is ended, and its ledger kept, so that one fault is not counted in every round behind it. Every third
 * stage is there to lose its data, or in a cluster its masters. Stages run side by side, since most of a round is waiting.
 */
import { now, type Timing } from './contracts.ts';
import { type Report, type Tally, Totals, type Violation } from './figures.ts';
import type { Nature } from './ground.ts';
import { judgeDestroyed } from './judge-destroyed.ts';
import { linesOf } from './judge-tasks.ts';
import { Promises } from './load.ts';
import { faultKinds, type RoundOptions, runRound } from './round.ts';
import { Stage } from './stage.ts';

export interface RunOptions extends Omit<RoundOptions, 'round' | 'nature'> {
  readonly rounds: number;
  /** The first round; with the seed it says what happens. */
  readonly from: number;
  readonly nodes: number;
  readonly clients: number;
  /** Stages that run at a time. */
  readonly abreast: number;
  readonly print: (line: string) => void;
}

export const defaults = {
  rounds: 5,
  seed: 1,
  from: 0,
  only: undefined,
  on: 'server',
  nodes: 3,
  clients: 2,
  nodeFaults: 2,
  linkFaults: 3,
  tasksPerSecond: 300,
  abreast: 2,
  patienceMs: 40_000,
} as const;

const roundsPerStage = 6;
const specialEvery = 3;
const storiesTold = 5;

export interface RunResult {
  readonly report: Report;
  /** What has no figure: rounds that could not be played to their end. */
  readonly failures: readonly string[];
}

export async function run(options: RunOptions): Promise<RunResult> {
  const totals = new Totals(now);
  let numbers = 0;
  const nextNumber = (): number => ++numbers;
  const spans = spansOf(options);
  const line = async (): Promise<void> => {
    for (let span = spans.shift(); span !== undefined; span = spans.shift()) {
      const next = await onStage(options, totals, { ...span, nextNumber });
      if (next < span.until) spans.unshift({ ...span, round: next });
    }
  };
  await Promise.all(Array.from({ length: options.abreast }, line));
  return { report: totals.report(), failures: totals.failures };
}

interface Span {
  readonly round: number;
  readonly until: number;
  readonly nature: Nature;
}

/** Consecutive rounds that share a stage. */
function spansOf(options: RunOptions): Span[] {
  const { from, rounds } = options;
  const spans: Span[] = [];
  for (let round = from; round < from + rounds; ) {
    const stage = Math.floor(round / roundsPerStage);
    const until = Math.min((stage + 1) * roundsPerStage, from + rounds);
    spans.push({ round, until, nature: natureOf(options, stage) });
    round = until;
  }
  return spans;
}

/** Behind Sentinel a copy may take the place of the master at any time. */
function natureOf({ on, only }: RunOptions, stage: number): Nature {
  if (on === 'sentinel') return 'promoting';
  const special = on === 'cluster' ? 'promoting' : 'destroying';
  const isMeant = only === undefined ? stage % specialEvery === specialEvery - 1 : faultKinds[special].includes(only);
  return isMeant ? special : 'lasting';
}

/** Plays rounds until the last one or until something breaks; the round that comes next. */
async function onStage(
  options: RunOptions,
  totals: Totals,
  { nextNumber, round, until, nature }: Span & { readonly nextNumber: () => number },
): Promise<number> {
  const timing = timingOf(options.seed, round);
  const stage = await Stage.open({ ...options, timing, nature });
  const promises = new Promises();
  let next = round;
  const failedBefore = totals.failures.length;
  let broken: readonly Violation[] = [];
  try {
    while (next < until && broken.length === 0) {
      const kinds: string[] = [];
      const onFault = (kind: string): void => {
        totals.fired(kind);
        kinds.push(kind);
      };
      const startedAt = now();
      const scene = { stage, promises, nextNumber, recoveries: totals.recoveries, onFault };
      broken = await runRound({ ...options, round: next, nature }, scene);
      totals.rounds++;
      options.print(
        `round ${next} of seed ${options.seed}: ${timing}, ${promises.tasks.length} tasks so far, ${promises.refused.length} operations refused, ${kinds.join(', ')}, ${Math.round((now() - startedAt) / 100) / 10} s`,
      );
      next++;
    }
    if (nature === 'destroying') broken = await judgeLosses(options, totals, { stage, promises, next });
    totals.violations.push(...broken);
    if (broken.length > 0) tell(options, next - 1, stage, broken);
  } catch (error) {
    const story = `round ${next} of seed ${options.seed} failed, its ledger is in ${stage.folder}: ${String(error)}`;
    options.print(story);
    totals.failures.push(story);
    totals.rounds++;
    next++;
  } finally {
    totals.add(tallyOf(stage, promises));
    await stage.close({ keep: broken.length > 0 || totals.failures.length > failedBefore });
  }
  return next;
}

/** Judges the rounds of a stage that has lost its data. */
async function judgeLosses(
  { seed, print }: RunOptions,
  totals: Totals,
  { stage, promises, next }: { stage: Stage; promises: Promises; next: number },
): Promise<readonly Violation[]> {
  const startedAt = now();
  const { violations, ...losses } = await judgeDestroyed(stage, promises);
  totals.add(losses);
  const seconds = Math.round((now() - startedAt) / 100) / 10;
  print(
    `rounds until ${next - 1} of seed ${seed}: ${losses.destroyed} tasks destroyed, ${losses.destroyedReported} told, ${seconds} s to judge`,
  );
  return violations;
}

/** Stage by stage, another lease ends first. */
function timingOf(seed: number, round: number): Timing {
  return (Math.floor(round / roundsPerStage) + seed) % 2 === 0 ? 'presence-first' : 'task-first';
}

function tallyOf({ ledger }: Stage, promises: Promises): Partial<Tally> {
  const { lines } = ledger;
  return {
    accepted: promises.tasks.length,
    staleSettles: linesOf(lines, 'settled').filter(({ outcome }) => outcome === 'stale').length,
    broadcastsSent: promises.cast.length + linesOf(lines, 'cast').length,
    locksAcquired: linesOf(lines, 'locked').length,
    messagesSent: promises.sent.length + linesOf(lines, 'sent').length,
  };
}

function tell({ seed, print }: RunOptions, round: number, stage: Stage, broken: readonly Violation[]): void {
  print(`round ${round} of seed ${seed} broke ${broken.length} promises; its ledger is in ${stage.folder}`);
  for (const { figure, story } of broken.slice(0, storiesTold)) print(`  ${figure}: ${story}`);
  if (broken.length > storiesTold) print(`  and ${broken.length - storiesTold} more`);
}
