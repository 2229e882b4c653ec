/**
 * A moment of the memory fleet that it can be taken back to, as a server that comes back with an append-only file a second old.
 *
 * Everything stored is copied, so that what happens later changes no copy. Who listens or waits is not stored: that is the affair of links.
 */
import type { MemoryFleet } from './fleet.ts';

/** Remembers what is stored now; the returned function brings it back, once or more often. */
export function snapshotOf(fleet: MemoryFleet): () => void {
  const { directory, lastEvent, events, deadMail, lifecycle, roster, number } = fleet;
  const { beats } = directory;
  const maps = [fleet.inboxes, fleet.messageKeys, fleet.locks, fleet.positions, fleet.logs, fleet.loggedAt];
  const more = [fleet.taskParts, fleet.schedules, fleet.frames.senders, directory.nodes, directory.activations];
  const refills = [...maps, ...more].map((map) => refill(map as Map<string, unknown>));
  const queues = [...fleet.queues].map(([name, queue]) => [name, queue.clone()] as const);
  const stored = [...events];
  const others = [deadMail.remember(), lifecycle.remember(), roster.remember()];
  return () => {
    for (const back of [...refills, ...others]) back();
    fleet.queues.clear();
    for (const [name, queue] of queues) fleet.queues.set(name, queue.clone());
    events.splice(0, events.length, ...stored);
    fleet.lastEvent = lastEvent;
    fleet.number = number;
    directory.beats = beats;
  };
}

/** Plain data only: a copy is one of everything in it. */
function refill(map: Map<string, unknown>): () => void {
  const kept = structuredClone(map);
  return () => {
    map.clear();
    for (const [key, value] of structuredClone(kept)) map.set(key, value);
  };
}
