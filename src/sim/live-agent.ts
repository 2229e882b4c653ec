/**
 * The live agent of an id in a simulated fleet, for tests that read what it holds.
 *
 * Apart from the simulation, since an object that has no runtime yet, or has none any more, must not be taken for it.
 */
import type { Agent } from '../agent/agent.ts';
import type { SimProcess } from './process.ts';

export function liveAgent(processes: readonly SimProcess[], id: string): Agent | undefined {
  for (const process of processes) {
    if (process.state === 'down') continue;
    const isUp = process.incarnations?.current?.cells.some((cell) => cell.id === id && cell.state === 'up');
    if (isUp) return process.agents.findLast((agent) => idOf(agent) === id);
  }
  return undefined;
}

/** Of an agent that has a runtime already. */
function idOf(agent: Agent): string | undefined {
  try {
    return agent.id;
  } catch {
    return undefined;
  }
}
