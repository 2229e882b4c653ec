/**
 * What the loads of the growth curves share: to count what operations cost, and to have so many of them under way.
 */
import { medianOf } from '../run/ratios.js';

/** What each of `count` operations costs, and how many there are a second: the medians of `rounds`. `run` hears which round it is. */
export async function spend(meter, count, run, rounds = 1) {
  const found = [];
  for (let round = 0; round < rounds; round++) {
    await meter.start();
    const startedAt = performance.now();
    await run(round);
    const rate = (1_000 * count) / (performance.now() - startedAt);
    found.push({ rate, ...(await meter.stop(count)) });
  }
  return Object.fromEntries(Object.keys(found[0]).map((name) => [name, medianOf(found.map((one) => one[name]))]));
}

/** `call` with each number from `from` to below `to`, `width` at a time. */
export async function abreast(width, [from, to], call) {
  let next = from;
  const one = async () => {
    while (next < to) await call(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, to - from) }, one));
}

/** `hand` with the numbers below `count`, a portion of at most `size` at a time. */
export async function inPortions(count, size, hand) {
  for (let from = 0; from < count; from += size)
    await hand(Array.from({ length: Math.min(size, count - from) }, (_, at) => from + at));
}

/** Throws unless `got` is `wanted`. */
export function expectEqual(what, got, wanted) {
  if (got !== wanted) throw new Error(`expected ${what} to be ${wanted}, got: ${got}`);
}
