/**
 * Works on many items at once and hands the results back in the order of the items.
 *
 * Reading ten thousand files one by one is slow, all at once exhausts descriptors and memory, and as they come makes
 * reports differ from run to run. This window (16 under way, none delivered early) is the middle of the three.
 */
const WINDOW = 16;

/** `work` must not reject for an expected failure: what it throws ends the whole run. */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  signal: AbortSignal,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  let next = 0;
  try {
    while (next < items.length || underWay.length > 0) {
      signal.throwIfAborted();
      for (; underWay.length < WINDOW && next < items.length; next += 1) underWay.push(work(items[next] as Item));
      const first = underWay.shift();
      if (first !== undefined) yield await first;
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
