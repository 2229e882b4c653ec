/**
 * What the nodes of a fleet tell about themselves, read with suspicion: the status is JSON text that any process may have
 * written, of this version or another.
 */
import { z } from 'zod';
import type { NodeRecord } from '../broker/presence.ts';
import type { QueueStats } from '../broker/queues.ts';
import type { Fleet } from '../compose/fleet.ts';

const agentSchema = z.object({
  id: z.string(),
  role: z.string(),
  state: z.string(),
  restarts: z.number().catch(0),
  mailbox: z.number().catch(0),
  dropped: z.number().optional().catch(undefined),
  running: z.number().catch(0),
  /** Handlers that were given up and have not ended. */
  zombies: z.number().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
});

const statusSchema = z.object({
  agents: z.array(agentSchema).catch([]),
  agentCount: z.number().optional().catch(undefined),
  queues: z.array(z.string()).catch([]),
  running: z.number().catch(0),
});

export type AgentLine = z.output<typeof agentSchema> & { readonly node: string };

export interface NodeLine extends Omit<NodeRecord, 'status'> {
  readonly agentCount: number;
  readonly running: number;
}

export interface FleetStatus {
  readonly fleet: string;
  readonly broker: string;
  readonly durability: string;
  readonly nodes: readonly NodeLine[];
  /** Of the nodes that are up. */
  readonly agents: readonly AgentLine[];
  readonly queues: readonly ({ readonly name: string } & QueueStats)[];
}

export async function readStatus(fleet: Fleet, name: string): Promise<FleetStatus> {
  const read = (await fleet.nodes()).map((node) => ({ node, status: parseStatus(node.status) }));
  const up = read.filter(({ node }) => node.alive);
  const queues = [...new Set(up.flatMap(({ status }) => status.queues))].sort();
  const stats = await Promise.all(queues.map(async (queue) => ({ name: queue, ...(await fleet.queue(queue)) })));
  return {
    fleet: name,
    broker: fleet.info.server,
    durability: fleet.info.durability,
    nodes: read.map(({ node: { status: _, ...node }, status }) => ({
      ...node,
      agentCount: status.agentCount ?? status.agents.length,
      running: status.running,
    })),
    agents: up.flatMap(({ node, status }) => status.agents.map((agent) => ({ ...agent, node: node.node }))),
    queues: stats,
  };
}

function parseStatus(text: string): z.output<typeof statusSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = {};
  }
  return statusSchema.catch({ agents: [], queues: [], running: 0 }).parse(value);
}
