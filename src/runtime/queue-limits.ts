/**
 * The limits and the partitions of queues that the configuration of a node names: set when the node starts, for the whole fleet.
 *
 * The broker keeps them for every claimer, so the node that started last counts, and a queue that it does not name is left alone.
 */
import type { ControlPort } from '../broker/control.ts';
import type { RuntimeConfig } from '../config/config.ts';
import type { Partitions } from '../client/partitions.ts';
import type { Part } from '../core/lifecycle.ts';

/** A part that is done when it has started; it comes before the node claims anything. */
export function queueLimits(control: ControlPort, partitions: Partitions, queues: RuntimeConfig['queues']): Part {
  const named = Object.entries(queues);
  const limited = named.filter(([, { concurrency, rate }]) => (concurrency ?? rate) !== undefined);
  const spread = named.filter(([, { partitions: wanted }]) => wanted !== undefined);
  const changes = limited.map(([queue, { concurrency, rate }]) => ({
    queue,
    change: { concurrency: concurrency ?? null, rate: rate ?? null },
  }));
  return {
    name: 'the limits of queues',
    async start() {
      await Promise.all(changes.map(({ queue, change }) => control.limit(queue, change)));
      for (const [queue, { partitions: wanted = 1 }] of spread) await partitions.write(queue, wanted);
    },
    stop: () => Promise.resolve(),
  };
}
