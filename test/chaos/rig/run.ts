/**
 * A run of the rig: stages of several rounds each, figures that add up, and the story of whatever was broken.
 *
 * A stage on which something broke is ended, and its ledger kept, so that one fault is not counted in every round behind it.
 */
import { now, type Timing } from './contracts.ts';
import { type Report, Totals, type Violation } from './figures.ts';
import { linesOf } from './judge-tasks.ts';
import { Promises } from './load.ts';
import { type RoundOptions, runRound } from './round.ts';
import { Stage } from './stage.ts';

export interface RunOptions extends Omit<RoundOptions, 'round'> {
  readonly rounds: number;
  /** The first round; with the seed it says what happens. */
  readonly from: number;
  readonly nodes: number;
  readonly clients: number;
  readonly print: (line: string) => void;
}

export const defaults = {
  rounds: 5,
  seed: 1,
  from: 0,
  only: undefined,
  nodes: 3,
  clients: 2,
  nodeFaults: 2,
  linkFaults: 3,
  tasksPerSecond: 400,
} as const;

const roundsPerStage = 4;
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
  for (let round = options.from; round < options.from + options.rounds; ) {
    const stageEnd = (Math.floor(round / roundsPerStage) + 1) * roundsPerStage;
    const until = Math.min(stageEnd, options.from + options.rounds);
    round = await onStage(options, totals, { nextNumber, round, until });
  }
  return { report: totals.report(), failures: totals.failures };
}

interface Span {
  readonly nextNumber: () => number;
  readonly round: number;
  readonly until: number;
}

/** Plays rounds until the last one or until something breaks; the round that comes next. */
async function onStage(options: RunOptions, totals: Totals, { nextNumber, round, until }: Span): Promise<number> {
  const timing = timingOf(options.seed, round);
  const stage = await Stage.open({ ...options, timing });
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
      broken = await runRound({ ...options, round: next }, scene);
      totals.rounds++;
      options.print(
        `round ${next} of seed ${options.seed}: ${timing}, ${promises.tasks.length} tasks so far, ${promises.refused.length} operations refused, ${kinds.join(', ')}, ${Math.round((now() - startedAt) / 100) / 10} s`,
      );
      next++;
    }
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

/** Stage by stage, another lease ends first. */
function timingOf(seed: number, round: number): Timing {
  return (Math.floor(round / roundsPerStage) + seed) % 2 === 0 ? 'presence-first' : 'task-first';
}

function tallyOf({ ledger }: Stage, promises: Promises): Parameters<Totals['add']>[0] {
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
