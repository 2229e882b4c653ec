/**
 * `--sigterms N`: a node in the middle of a hundred tasks is told to leave, again and again, while others and its successors go on.
 *
 * First with handlers that end within the grace: nothing may be lost, and nothing may run twice. Then with handlers that do not: what they
 * held is handed back, runs again elsewhere, says so, and is charged nothing.
 */
import { holds } from '../rig/stage.ts';
import { now } from '../rig/contracts.ts';
import type { Child } from './child.ts';
import type { HolderParameters } from './held.ts';
import { HeldFleet } from './held-fleet.ts';
import { percentile, round } from './numbers.ts';

export interface SigtermOptions {
  readonly sigterms: number;
  /** Of the second part. */
  readonly overGrace: number;
  readonly nodes: number;
  /** Tasks in the middle of which a node is. */
  readonly inFlight: number;
  /** How long a handler works at least, in each part; one of the first part works up to three times as long. */
  readonly handlerMs: number;
  readonly overGraceMs: number;
  readonly say: (line: string) => void;
}

interface Drains {
  readonly sigterms: number;
  readonly inFlightMin: number;
  readonly inFlightMedian: number;
  readonly accepted: number;
  readonly lost: number;
  readonly settledTwice: number;
  /** Processes that ended with another code than 0. */
  readonly exitCodesBad: number;
  readonly drainMsP99: number;
  readonly drainMsMax: number;
}

export interface SigtermReport extends Drains {
  /** Tasks that began more than once although their handlers end in time. */
  readonly duplicated: number;
  readonly seconds: number;
  readonly overGrace: Drains & {
    /** Runs that were handed back. */
    readonly released: number;
    readonly ranAgain: number;
    /** Second runs that did not say that they may be one. */
    readonly unmarked: number;
    /** Second runs that were counted as a try. */
    readonly charged: number;
  };
}

interface Part {
  readonly sigterms: number;
  readonly timing: HolderParameters['timing'];
  /** How long a handler works, and how much longer some do. */
  readonly leastMs: number;
  readonly spreadMs: number;
}

const concurrency = 10;
const spare = 1.2;
const fillLimitMs = 60_000;
const againMs = 100;

export async function terminate(options: SigtermOptions): Promise<SigtermReport> {
  const startedAt = now();
  const { sigterms, overGrace, handlerMs, overGraceMs } = options;
  const calm = await play(options, { sigterms, timing: {}, leastMs: handlerMs, spreadMs: 2 * handlerMs });
  const timing = { drainGrace: '300ms' } as const;
  const hard = await play(options, { sigterms: overGrace, timing, leastMs: overGraceMs, spreadMs: 1_000 });
  const again = hard.runs.flatMap((runs) => runs.slice(1));
  return {
    ...calm.drains,
    duplicated: calm.runs.filter((runs) => runs.length > 1).length,
    seconds: round((now() - startedAt) / 1_000),
    overGrace: {
      ...hard.drains,
      released: hard.released,
      ranAgain: again.length,
      unmarked: again.filter((run) => !run.again).length,
      charged: again.filter((run) => run.attempt > 1).length,
    },
  };
}

async function play(options: SigtermOptions, part: Part) {
  const { nodes, inFlight, say } = options;
  const fleet = await HeldFleet.open();
  const size = Math.ceil((inFlight * spare) / concurrency);
  const signals: Signal[] = [];
  const next = (): Promise<Child> => fleet.start({ size, concurrency, timing: part.timing });
  try {
    const perTask = (n: number) => ({ ms: part.leastMs + ((n * 97) % part.spreadMs), againMs, heeds: n % 2 === 0 });
    const filler = fleet.fill(nodes * size * concurrency + 2 * inFlight, perTask);
    let left = part.sigterms;
    const track = async (): Promise<void> => {
      let child = await next();
      while (left-- > 0) {
        signals.push(await terminateOne(fleet, child, inFlight * (1 + spare) * 0.5));
        if (signals.length % 10 === 0) say(`${signals.length} of ${part.sigterms} nodes were told to leave`);
        child = await next();
      }
    };
    await Promise.all(Array.from({ length: nodes }, track));
    await filler.stop();
    const lost = await fleet.lost();
    for (const story of lost.slice(0, 5)) say(story);
    for (const { log } of signals.filter(({ code }) => code !== 0).slice(0, 5)) say(`a node ended badly:\n${log}`);
    return {
      drains: drainsOf(fleet, signals, lost.length),
      runs: [...fleet.runs.values()],
      released: fleet.outcomes.get('release') ?? 0,
    };
  } finally {
    await fleet.close();
  }
}

interface Signal {
  readonly pid: number;
  readonly at: number;
  readonly tookMs: number;
  readonly code: number | null;
  readonly log: string;
}

/** Waits until the node is in the middle of enough tasks. */
async function terminateOne(fleet: HeldFleet, child: Child, inFlight: number): Promise<Signal> {
  await holds(() => fleet.inFlightNow(child.pid) >= inFlight, fillLimitMs);
  const at = now();
  child.signal('SIGTERM');
  const code = await child.ended;
  return { pid: child.pid, at, tookMs: now() - at, code, log: child.log };
}

function drainsOf(fleet: HeldFleet, signals: readonly Signal[], lost: number): Drains {
  const inFlight = signals.map(({ pid, at }) => fleet.inFlight(pid, at));
  const tookMs = signals.map((signal) => signal.tookMs);
  return {
    sigterms: signals.length,
    inFlightMin: Math.min(...inFlight),
    inFlightMedian: percentile(inFlight, 0.5),
    accepted: fleet.accepted.length,
    lost,
    settledTwice: fleet.settles.twice,
    exitCodesBad: signals.filter(({ code }) => code !== 0).length,
    drainMsP99: round(percentile(tookMs, 0.99)),
    drainMsMax: round(Math.max(...tookMs)),
  };
}

/** What is broken, in words. */
export function brokenDrains({ overGrace, ...calm }: SigtermReport, inFlight: number): readonly string[] {
  const figures = { lost: calm.lost, duplicated: calm.duplicated, settledTwice: calm.settledTwice };
  const over = { lost: overGrace.lost, settledTwice: overGrace.settledTwice };
  const marks = { unmarked: overGrace.unmarked, charged: overGrace.charged };
  const exits = { exitCodesBad: calm.exitCodesBad + overGrace.exitCodesBad };
  const broken = [figures, over, marks, exits].flatMap(Object.entries).filter(([, count]) => count !== 0);
  const names = broken.map(([name, count]) => `${name} ${count}`);
  return calm.inFlightMin < inFlight ? [...names, `only ${calm.inFlightMin} tasks in flight`] : names;
}
