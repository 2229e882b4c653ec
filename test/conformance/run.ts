/**
 * Plays histories abreast, one on each lane of a stage: they take their steps together, because time passes for all of them.
 */
import { settlesWithin } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/system.ts';
import { Chance } from './chance.ts';
import { History } from './history.ts';
import { Play, type Traits } from './play.ts';
import type { Lane, Plant, Stage } from './stage.ts';
import type { Step } from './steps.ts';
import { Difference } from './symbols.ts';
import { passes, World } from './world.ts';

/** A history as it was. */
export interface Kept {
  readonly seed: number;
  readonly plant?: Plant | undefined;
  readonly steps: readonly Step[];
}

export interface Found extends Kept {
  readonly difference: Difference;
}

export interface Report {
  histories: number;
  operations: number;
  readonly found: Found[];
  /** In how many histories each came about. */
  readonly traits: Record<keyof Traits, number>;
}

export interface Plan {
  /** Of the first history. */
  readonly seed: number;
  readonly histories: number;
  /** Steps of each. */
  readonly length: number;
  /** No step follows a difference. */
  readonly untilFound?: boolean;
  readonly plant?: Plant | undefined;
}

interface Seat {
  readonly lane: Lane;
  readonly world: World;
  readonly play: Play;
  readonly history: History;
  difference?: Difference;
}

/** So that what a history had to wait for is over before the next step: any less than the least of passes will do. */
const stepMs = 1;
const passChance = 0.07;
const patienceMs = 60_000;
/** More would let their sums meet a limit exactly (world.ts). */
const mostPasses = 20;

/** Histories that share their passes, and are played abreast: as many seeds as have the same whole quotient. */
export const blockSize = 16;

function emptyReport(): Report {
  const traits = { expiry: 0, overflow: 0, cancelledRunning: 0, repeatedFrame: 0, foreignTake: 0 };
  return { histories: 0, operations: 0, found: [], traits };
}

/** Plays histories of so many seeds from `seed` on, until one parted when `untilFound`. */
export async function playAll(
  stage: Stage,
  { seed, histories, length, plant, untilFound = false }: Plan,
  report: Report = emptyReport(),
): Promise<Report> {
  for (let next = seed; next < seed + histories; ) {
    const end = Math.min(seed + histories, (Math.floor(next / blockSize) + 1) * blockSize);
    const seeds = Array.from({ length: end - next }, (_, index) => next + index);
    await playBlock(stage, { seeds, length, plant, untilFound }, report);
    if (untilFound && report.found.length > 0) break;
    next = end;
  }
  return report;
}

interface Block extends Pick<Plan, 'length' | 'plant' | 'untilFound'> {
  readonly seeds: readonly number[];
}

async function playBlock(stage: Stage, { seeds, length, plant, untilFound }: Block, report: Report): Promise<void> {
  await stage.clear();
  const seats = await Promise.all(seeds.map((seed, index) => takeSeat(stage, stage.lanes[index], { seed, plant })));
  const chance = new Chance(Math.floor((seeds[0] ?? 0) / blockSize));
  let passed = 0;
  for (let step = 0; step < length; step++) {
    if (untilFound && seats.some(({ difference }) => difference !== undefined)) break;
    if (step > 2 && passed < mostPasses && chance.is(passChance)) {
      passed++;
      await passFor(stage, seats, chance.of(passes[0], ...passes));
    } else {
      await together(seats, ({ history }) => history.next());
      await stage.pass(stepMs);
    }
    for (const { world } of seats) world.now = stage.now;
  }
  await together(seats, ({ play }) => play.end());
  await Promise.all(seats.map(({ lane }) => lane.redis.end()));
  for (const seat of seats) note(report, seat);
}

/** Plays steps again; the difference they end in, if any. */
export async function replay(stage: Stage, { seed, plant, steps }: Kept): Promise<Difference | undefined> {
  await stage.clear();
  const seat = await takeSeat(stage, stage.lanes[0], { seed, plant });
  for (const step of steps) {
    if (step.kind === 'pass') {
      await passFor(stage, [seat], step.ms, step.id);
    } else {
      await together([seat], ({ play }) => play.take(step));
      await stage.pass(stepMs);
    }
  }
  await together([seat], ({ play }) => play.end());
  await seat.lane.redis.end();
  return seat.difference;
}

async function takeSeat(
  stage: Stage,
  lane: Lane | undefined,
  { seed, plant }: Pick<Kept, 'seed' | 'plant'>,
): Promise<Seat> {
  if (lane === undefined) throw new Error('expected a lane for every history');
  const world = new World(stage.now);
  const play = new Play({ lane, memory: await lane.memory(seed, plant), world });
  return { lane, world, play, history: new History({ seed, world, play }) };
}

/** A history that has parted takes no further step. */
async function together(seats: readonly Seat[], take: (seat: Seat) => Promise<unknown>): Promise<void> {
  const going = seats.filter(({ difference }) => difference === undefined);
  const all = Promise.all(
    going.map(async (seat) => {
      try {
        await take(seat);
      } catch (error) {
        if (!(error instanceof Difference)) throw error;
        seat.difference = error;
      }
    }),
  );
  if (!(await settlesWithin(systemClock, patienceMs, all))) {
    const seeds = going.map(({ history }) => `${history.seed} at step ${history.steps.at(-1)?.id}`);
    throw new Error(`expected a step to end within ${patienceMs} ms, got: one that hangs, of seed ${seeds.join(', ')}`);
  }
  await all;
}

async function passFor(stage: Stage, seats: readonly Seat[], ms: number, id?: string): Promise<void> {
  const before = new Map<Seat, unknown>();
  await together(seats, async (seat) => before.set(seat, await seat.play.beforePass()));
  await stage.pass(ms);
  await together(seats, (seat) => seat.play.afterPass(id ?? seat.history.notePass(ms), before.get(seat)));
}

function note(report: Report, { history, play, difference }: Seat): void {
  report.histories++;
  report.operations += play.operations;
  for (const [name, has] of Object.entries(play.traits)) if (has) report.traits[name as keyof Traits]++;
  if (difference !== undefined) report.found.push({ seed: history.seed, difference, steps: history.steps });
}
