/**
 * Broadcasts from one process to an agent in another one, 500 at a time and at most 2,000 unheard: from the first that is sent to the last
 * that is heard. Each has to be heard once.
 */
import { sharedTime } from '../run/link.js';
import { Tally } from '../run/tally.js';

export const roles = ['server', 'client'];
const batch = 500;
const batchesAhead = 4;

export async function server({ hearBroadcasts, params, url, link }) {
  const { n, warm } = params;
  const tally = new Tally();
  const onHeard = (data) => {
    tally.work(data);
    tally.end();
    if (tally.ended % batch === 0) void link.tell(`heard-${tally.ended}`, { at: sharedTime() });
  };
  await hearBroadcasts({ url, onHeard });
  await link.tell('ready');
  await tally.reached(warm + n);
  tally.check(warm + n);
  await link.heard('end');
}

export async function client({ openBroadcasts, params, url, link }) {
  const { n, warm } = params;
  await link.heard('ready');
  const { broadcast } = await openBroadcasts({ url });
  const send = async (from, to) => {
    for (let next = from; next < to; next += batch) {
      const ahead = next - batchesAhead * batch;
      if (ahead > from) await link.heard(`heard-${ahead}`);
      await Promise.all(Array.from({ length: batch }, (_, i) => broadcast(next + i)));
    }
    return link.heard(`heard-${to}`);
  };
  await send(0, warm);
  const startedAt = sharedTime();
  const { at } = await send(warm, warm + n);
  return { rate: (1_000 * n) / (at - startedAt) };
}
