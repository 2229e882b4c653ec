/**
 * How a process of the proofs of take-over runs its node: it tells the rig of every incarnation, and ends with the node.
 */
import type { Agent } from '../../../src/agent/agent.ts';
import type { Hosting } from '../../../src/agent/hosting.ts';
import { startFleet } from '../../../src/compose/start-fleet.ts';
import { Observer } from '../../../src/core/observer.ts';
import { parametersOf, tell } from './child.ts';
import { numberedAgent } from './failover-agent.ts';
import type { Incarnation, TakeoverParameters } from './failover-parts.ts';
import { fleetName } from './held.ts';

/** `agentsOf` is given the class that takes numbered messages. */
export async function runNode<Parameters extends TakeoverParameters>(
  agentsOf: (parameters: Parameters, Numbered: new () => Agent) => readonly Hosting[],
): Promise<never> {
  const parameters = parametersOf<Parameters>();
  const { redis, timing } = parameters;
  const observer = new Observer();
  let incarnation = '';
  observer.on('node.up', ({ node }) => {
    incarnation = node;
    const said: Incarnation = { node };
    tell(said);
  });
  observer.on('node.fenced', ({ node, reason }) => console.error(`${node} was fenced: ${reason}`));
  observer.on('broker.trouble', ({ what, error }) => console.error(`${what}: ${error.message}`));
  const agents = [...agentsOf(parameters, numberedAgent({ ...parameters, incarnation: () => incarnation }))];
  const running = await startFleet({ redis, fleet: fleetName, agents, timing }, { observer });
  tell('ready');
  const { error } = await running.ended;
  if (error !== undefined) console.error(error);
  process.exit(error === undefined ? 0 : 1);
}
