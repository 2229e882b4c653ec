/**
 * The limits of queues that the configuration of a node names: set when the node starts, for the whole fleet.
 *
 * The broker keeps them for every claimer, so the node that started last counts, and a queue that it does not name is left alone.
 */
import type { ControlPort } from '../broker/control.ts';
import type { RuntimeConfig } from '../config/config.ts';
import type { Part } from '../core/lifecycle.ts';

/** A part that is done when it has started; it comes before the node claims anything. */
export function queueLimits(control: ControlPort, queues: RuntimeConfig['queues']): Part {
  const changes = Object.entries(queues).map(([queue, { concurrency, rate }]) => ({
    queue,
    change: { concurrency: concurrency ?? null, rate: rate ?? null },
  }));
  return {
    name: 'the limits of queues',
    start: async () => void (await Promise.all(changes.map(({ queue, change }) => control.limit(queue, change)))),
    stop: () => Promise.resolve(),
  };
}
