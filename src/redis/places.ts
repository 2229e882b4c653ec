/**
 * Over how many slots of a Redis Cluster a fleet is spread, and in which of them a hash tag lives.
 *
 * A script may touch one slot only, and every script asks whether the caller is present; so the presence lease of a node exists once
 * in every place (place-leases.ts). Few places for all queues and shards, and not a slot for each, because a heartbeat renews them all.
 * Presence has a place of its own: while the slot of a busy queue is moved to another master, its scripts wait, and nobody's
 * presence may end meanwhile.
 */
import { partitionOf } from '../broker/partitions.ts';
import { fnv } from '../core/hash.ts';

/** Places for what is not presence. The number is the same for all fleets: processes that disagreed would not find each other's tasks. */
export const placeCount = 16;

/** The place of presence. */
export const presencePlace = 'p';

/** All of them, presence first. */
export const allPlaces: readonly string[] = [
  presencePlace,
  ...Array.from({ length: placeCount }, (_, index) => String(index + 1)),
];

/**
 * Of a hash tag without braces: `q:<queue>`, `m<number>`, `ev`, `p`. Shards, and partitions of a queue, are in places that follow each
 * other, so that they share none early.
 */
export function placeOf(tag: string): string {
  if (tag === 'p') return presencePlace;
  if (tag === 'classic') return placeOf('ev'); // what ends a classic task appends an event in the same step
  const shard = /^m(\d+)$/.exec(tag)?.[1];
  const { queue, index } = shard === undefined ? partitionOf(tag) : { queue: 'm', index: Number(shard) };
  return String(1 + ((fnv(queue) + index) % placeCount));
}
