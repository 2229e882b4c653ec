/**
 * What a simulated fleet still has to do, in words: who waits for what.
 *
 * Read from the broker's state. Periodic duties never end, so that an empty schedule says nothing; work that is left does.
 */
import { SimulationError } from './simulation-error.ts';
import type { World } from './world.ts';

/** True when nothing is waiting, claimed, parked or running, and no inbox holds anything. */
export function isAtRest(world: World): boolean {
  const { queues, inboxes } = world.fleet;
  if (inboxes.size > 0) return false;
  for (const queue of queues.values()) if (queue.tasks.size > 0) return false;
  return world.processes.every(({ running }) => running === 0);
}

const mostTold = 20;

/** What does not come about is told with who waits for what. */
export async function explained<T>(promise: Promise<T>, waits: () => readonly string[]): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    const lines = waits().slice(0, mostTold);
    throw new SimulationError([error.message, ...lines.map((line) => `- ${line}`)].join('\n'));
  }
}

export function unfinished(world: World): readonly string[] {
  const { fleet, processes } = world;
  const tasks = [...fleet.queues.values()].flatMap((queue) =>
    [...queue.tasks.values()].map(({ id, place, holder }) => {
      if (place !== 'claimed') return `task ${id} is ${place}${queue.paused ? ' (its queue is paused)' : ''}`;
      return `task ${id} is claimed by ${ownerWords(world, holder)}`;
    }),
  );
  const mail = [...fleet.inboxes].map(([agent, inbox]) => {
    const owner = fleet.directory.liveOwner(agent)?.owner;
    return `${inbox.size} messages wait for ${agent}, whom ${owner === undefined ? 'nobody runs' : `${ownerWords(world, owner)} runs`}`;
  });
  const handlers = processes
    .filter(({ running }) => running > 0)
    .map(({ name, running }) => `${running} handlers run on ${name}`);
  return [...tasks, ...mail, ...handlers];
}

function ownerWords({ processes }: World, node: string): string {
  const process = processes.find((one) => one.node === node);
  return process === undefined ? `${node}, which is gone` : `${process.name} (${process.state})`;
}
