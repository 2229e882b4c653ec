/**
 * `npm run bench -- --on cluster` or `--on sentinel`: the runtime there beside the runtime on one server, in one run. The peers are left
 * out, since most of them know one server only; how far they are behind on that one stands in the other rows.
 *
 * Every load checks its results there as everywhere. What has no floor is not judged: the ratio says what the place costs.
 */
import { keyOf } from './run-rows.js';

/** Loads that look into one server. */
const leftOut = new Set(['idle', 'start']);

/** Of each figure of ours one row, whoever it stands beside otherwise. */
export function rowsBeyond(rows, on) {
  const found = new Map();
  for (const { ours, ...row } of rows) {
    if (ours.system !== 'ours' || leftOut.has(ours.load) || ours.params.mode === 'memory') continue;
    const { group, figure, unit, less } = row;
    const name = row.name.replace(/, against .*/, ours.params.bulk ? ', in bulk' : '');
    const theirs = { ...ours, on: undefined };
    const key = `${keyOf(ours)} ${figure}`;
    if (!found.has(key))
      found.set(key, { group, name, figure, unit, less, peer: 'one server', ours: { ...ours, on }, theirs });
  }
  return [...found.values()];
}

/** Servers of a place, its address, and how it is ended. */
export async function openPlace(on) {
  if (on === 'cluster') {
    const { startCluster } = await import('../../test/support/redis-cluster.ts');
    const cluster = await startCluster();
    return { url: cluster.url, servers: cluster.masters.map(({ url }) => url), stop: () => cluster.stop() };
  }
  const { startWatched } = await import('../../test/support/redis-sentinels.ts');
  const watched = await startWatched({ replicas: 1 });
  return { url: watched.url, servers: [watched.master.url], stop: () => watched.stop() };
}
