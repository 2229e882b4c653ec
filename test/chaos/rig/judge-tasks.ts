/**
 * Tasks and locks, judged: settled exactly once, run again only when marked, and nothing done under a stale token.
 *
 * Every run of a task but one has to say that it may be a repeat, also after it was handed back by a drain whose grace was over. Which
 * one does not is not asked: a frozen node may write its first run down after its successor's.
 */
import type { Line } from './contracts.ts';
import type { Violation } from './figures.ts';
import type { Stretch } from './promotion-watch.ts';

type LineOf<T extends Line['t']> = Extract<Line, { t: T }>;

export function linesOf<T extends Line['t']>(lines: readonly Line[], t: T): readonly LineOf<T>[] {
  return lines.filter((line): line is LineOf<T> => line.t === t);
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** How long a server that syncs every second may put off a write while its disk is busy; when it is killed then, the write is gone. */
const putOffMs = 2_000;

/** What may have taken a settle away, on the machine's clock. */
export interface Losses {
  readonly destructions?: readonly number[];
  readonly kills?: readonly number[];
  readonly promotions?: readonly Stretch[];
}

/**
 * Settled once: by what the nodes were told, and by what was announced on the wire, each with its times. Each of `destructions` before the
 * last settle may have taken one away with the data, each of `kills` one of the last moments before it, from a server whose disk was busy,
 * and each of `promotions` one that its copies had not heard of.
 */
export function settledTwice(
  lines: readonly Line[],
  announced: ReadonlyMap<string, readonly number[]>,
  { destructions = [], kills = [], promotions = [] }: Losses = {},
): Violation[] {
  const isTwice = (times: readonly number[]): boolean => {
    const last = Math.max(...times);
    const destroyed = destructions.filter((at) => at < last);
    const torn = kills.filter((at) => at < last && times.some((time) => time <= at && at - time <= putOffMs));
    const uncopied = promotions.filter(
      ({ from, to }) => from < last && times.some((time) => from <= time && time <= to),
    );
    return times.length > 1 + destroyed.length + torn.length + uncopied.length;
  };
  const ends = linesOf(lines, 'settled').filter(({ outcome }) => outcome === 'complete' || outcome === 'dead');
  const told = [...groupBy(ends, ({ task }) => task)].map(([task, of]) => [task, of.map(({ at }) => at)] as const);
  const twice = [...told, ...announced].filter(([, times]) => isTwice(times)).map(([task]) => task);
  return [...new Set(twice)].map((task) => ({
    figure: 'settledTwice',
    key: `settled ${task}`,
    story: `task ${task} was settled more than once:\n${storyOf(lines, task)}`,
  }));
}

export function unmarkedDuplicates(lines: readonly Line[]): Violation[] {
  return [...groupBy(linesOf(lines, 'run'), ({ n }) => String(n))].flatMap(([n, runs]) => {
    if (runs.filter(({ again }) => !again).length <= 1) return [];
    const stories = [...new Set(runs.map(({ task }) => task))].map((task) => storyOf(lines, task)).join('\n');
    return [
      { figure: 'unmarkedDuplicates' as const, key: `run ${n}`, story: `task ${n} ran again unmarked:\n${stories}` },
    ];
  });
}

/** A lock that went with the data is missed by its next renewal. */
export const misledMs = 1_500;

/** Of what is outside the fleet: effects under a stale token, and holders that were not told that they had lost their lock. */
export function staleTokens(
  lines: readonly Line[],
  proofs: readonly string[],
  isExcused: (at: number) => boolean = () => false,
): Violation[] {
  const told = linesOf(lines, 'misled').filter(({ at }) => !isExcused(at));
  const misled = told.map(
    ({ lock, token, pid }) =>
      `lock ${lock}: process ${pid} still believed to hold token ${token} after a greater one was in use`,
  );
  return [...proofs, ...misled].map((story) => ({ figure: 'staleTokensAccepted', key: story, story }));
}

/** What the ledger says of one task. */
export function storyOf(lines: readonly Line[], task: string): string {
  return lines
    .filter((line) => (line.t === 'run' || line.t === 'settled') && line.task === task)
    .map((line) => `    ${JSON.stringify(line)}`)
    .join('\n');
}
