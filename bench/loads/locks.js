/**
 * Locks that nobody contends for, taken and given back: one by one, and by a hundred at a time under a hundred names.
 */
export const roles = ['alone'];

export async function alone({ openLocks, params, url }) {
  const { n, warm, one } = params;
  const { lockAndUnlock } = await openLocks({ url });
  const turns = async (name, count) => {
    for (let i = 0; i < count; i++) await lockAndUnlock(name);
  };
  const abreast = (count) => Promise.all(Array.from({ length: 100 }, (_, i) => turns(`lock-${i}`, count / 100)));
  const rateOf = async (count, run) => {
    const startedAt = performance.now();
    await run(count);
    return (1_000 * count) / (performance.now() - startedAt);
  };
  await abreast(warm);
  await turns('lock', one);
  return { one: await rateOf(one, (count) => turns('lock', count)), rate: await rateOf(n, abreast) };
}
