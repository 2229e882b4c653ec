/**
 * From the start of a process to the first thing it has done: a fleet of a hundred agents whose first task waits for them, and a bare Node
 * that runs one TypeScript file. Everything a user's terminal would run is in the time, also the transpiler.
 */
export const roles = ['alone'];

export async function alone({ openStart, params, url }) {
  const { launch, close } = await openStart({ url });
  try {
    await launch(); // files are in the cache of the machine from then on
    const tookMs = [];
    for (let i = 0; i < params.starts; i++) tookMs.push(await launch());
    return { ms: tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)] };
  } finally {
    await close();
  }
}
