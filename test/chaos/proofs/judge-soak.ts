/**
 * What a soak has kept, judged from its samples: pure. The first fifth is warm-up.
 */
import { type Point, round, slope } from './numbers.ts';
import type { ProcessSample } from './soak-parts.ts';
import type { RedisSample } from './soak-redis.ts';

export interface SoakSample extends RedisSample {
  readonly minute: number;
  /** Of the processes that were there all the time, in the same order. */
  readonly processes: readonly ProcessSample[];
}

export interface SoakFigures {
  /** Of the worst process. */
  readonly heapSlopeMBPerMin: number;
  readonly rssSlopeMBPerMin: number;
  readonly redisSlopeMBPerMin: number;
  /** Timers a minute, of the worst process. */
  readonly timersSlope: number;
  readonly consumersMax: number;
  readonly socketsMin: number;
  readonly socketsMax: number;
  readonly streamsOverCap: readonly string[];
  /** Kinds of keys of which there are more and more, or with more and more in them; with the growth a minute. */
  readonly keysGrowingKinds: readonly string[];
  /** After the last operation. */
  readonly pendingEnd: number;
  readonly inboxesEnd: number;
}

const warmUpShare = 0.2;
/** Growth of a kind by less than this share of it, or by so few in the whole time, is none. */
const growthShare = 0.1;
const fewest = 3;

export function judgeSoak(all: readonly SoakSample[], end: RedisSample): SoakFigures {
  const samples = all.slice(Math.floor(all.length * warmUpShare));
  const count = samples[0]?.processes.length ?? 0;
  const of = (value: (sample: SoakSample) => number): number =>
    round(slope(samples.map((sample): Point => ({ x: sample.minute, y: value(sample) }))), 3);
  const worst = (value: (process: ProcessSample) => number): number =>
    Math.max(
      ...Array.from({ length: count }, (_, at) =>
        of(({ processes }) => {
          const process = processes[at];
          return process === undefined ? 0 : value(process);
        }),
      ),
    );
  const sockets = samples.map((sample) => sample.sockets);
  return {
    heapSlopeMBPerMin: worst(({ heapMB }) => heapMB),
    rssSlopeMBPerMin: worst(({ rssMB }) => rssMB),
    redisSlopeMBPerMin: of(({ usedMB }) => usedMB),
    timersSlope: worst(({ timers }) => timers),
    consumersMax: Math.max(...samples.map(({ consumers }) => consumers)),
    socketsMin: Math.min(...sockets),
    socketsMax: Math.max(...sockets),
    streamsOverCap: [...new Set(samples.flatMap(({ overCap }) => overCap))].slice(0, 5),
    keysGrowingKinds: [
      ...growing(samples, 'keys', ({ keys }) => keys),
      ...growing(samples, 'in', ({ elements }) => elements),
    ],
    pendingEnd: end.pending,
    inboxesEnd: end.inboxes,
  };
}

/** Kinds whose last third is greater than the third before, and that before greater than the first. */
function growing(
  samples: readonly SoakSample[],
  what: string,
  of: (sample: SoakSample) => ReadonlyMap<string, number>,
): readonly string[] {
  const kinds = new Set(samples.flatMap((sample) => [...of(sample).keys()]));
  const third = Math.floor(samples.length / 3);
  return [...kinds].flatMap((kind) => {
    const values = samples.map((sample) => of(sample).get(kind) ?? 0);
    const least = (from: number): number => Math.min(...values.slice(from, from + third));
    const [first, second, last] = [least(0), least(third), least(2 * third)];
    const grown = last - first;
    if (third === 0 || grown < fewest || grown < growthShare * first || !(first < second && second < last)) return [];
    const perMinute = slope(samples.map((sample, at) => ({ x: sample.minute, y: values[at] ?? 0 })));
    return perMinute > 0 ? [`${what} ${kind} +${round(perMinute, 1)}/min`] : [];
  });
}
