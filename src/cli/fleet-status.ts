/**
 * What the nodes of a fleet tell about themselves, put side by side: nodes, agents, roles with their contracts, what runs, queues.
 *
 * A node is judged by what it said with its last heartbeat and by how old that is: one that says nothing any more is not ready, whatever
 * it said last.
 */
import type { NodeRecord } from '../broker/presence.ts';
import { partitionOf } from '../broker/partitions.ts';
import type { QueueStats } from '../broker/queues.ts';
import type { Fleet } from '../compose/fleet.ts';
import type { Clock } from '../core/clock.ts';
import { type Disagreement, disagreements } from '../runtime/contract-check.ts';
import {
  readToldStatus,
  type ToldAgent,
  type ToldContract,
  type ToldStatus,
  type ToldWork,
} from '../runtime/told-status.ts';

export type AgentLine = ToldAgent & { readonly node: string };
export type WorkLine = ToldWork & { readonly node: string };

export interface NodeLine extends Omit<NodeRecord, 'status'> {
  /** `gone`, `not ready`, or the phase that the node is in. */
  readonly state: string;
  readonly ready: boolean;
  /** What is missing. */
  readonly why: readonly string[];
  /** How old its last heartbeat is; absent: it does not tell how long it holds. */
  readonly beatAgeMs?: number;
  readonly agentCount: number;
  readonly running: number;
}

/** One contract of a role, over all nodes that have it. */
export interface RoleLine extends ToldContract {
  readonly nodes: readonly string[];
}

export interface FleetStatus {
  readonly fleet: string;
  readonly broker: string;
  readonly durability: string;
  /** Server time in milliseconds. */
  readonly at: number;
  readonly nodes: readonly NodeLine[];
  /** Of the nodes that are up. */
  readonly agents: readonly AgentLine[];
  readonly roles: readonly RoleLine[];
  /** Roles on whose contract nodes disagree. */
  readonly disagreements: readonly Disagreement[];
  readonly inFlight: readonly WorkLine[];
  readonly queues: readonly ({ readonly name: string } & QueueStats)[];
}

/** `serverNow` answers with server time in milliseconds; default: that of when the process connected. */
export async function readStatus(
  fleet: Fleet,
  name: string,
  serverNow: () => number = () => fleet.info.serverTime,
): Promise<FleetStatus> {
  const read = (await fleet.nodes()).map(({ status, ...node }) => ({ node, told: readToldStatus(status) }));
  const up = read.filter(({ node }) => node.alive);
  const queues = [...new Set(up.flatMap(({ told }) => told.queues.map((name) => partitionOf(name).queue)))].sort();
  const stats = await Promise.all(queues.map(async (queue) => ({ name: queue, ...(await fleet.queue(queue)) })));
  const contracts = up.map(({ node: { node }, told }) => ({ node, contracts: told.contracts }));
  return {
    fleet: name,
    broker: fleet.info.server,
    durability: fleet.info.durability,
    at: serverNow(),
    nodes: read.map(({ node, told }) => nodeLine(node, told)),
    agents: up.flatMap(({ node: { node }, told }) => told.agents.map((agent) => ({ ...agent, node }))),
    roles: roleLines(contracts),
    disagreements: disagreements(contracts),
    inFlight: up.flatMap(({ node: { node }, told }) => told.inFlight.map((work) => ({ ...work, node }))),
    queues: stats,
  };
}

/** The server's time, as told when the process connected, running on its own clock. */
export function serverTime(fleet: Fleet, clock: Clock): () => number {
  const offsetMs = fleet.info.serverTime - clock.monotonic();
  return () => clock.monotonic() + offsetMs;
}

/** One node as it stands now. */
export function nodeLine(node: Omit<NodeRecord, 'status'>, told: ToldStatus): NodeLine {
  const { leaseMs, agents, agentCount = agents.length, running } = told;
  const age = leaseMs === undefined ? {} : { beatAgeMs: Math.max(0, leaseMs - node.leaseLeftMs) };
  return { ...node, ...standing(node, told), ...age, agentCount, running };
}

function standing(node: Omit<NodeRecord, 'status'>, told: ToldStatus): Pick<NodeLine, 'state' | 'ready' | 'why'> {
  const { phase, ready, why, leaseMs = 0, heartbeatMs = 0 } = told;
  if (!node.alive) return { state: 'gone', ready: false, why: ['its presence has ended'] };
  if (phase === undefined || ready === undefined)
    return { state: 'up', ready: false, why: ['it does not tell whether it is ready'] };
  const ageMs = leaseMs - node.leaseLeftMs;
  const late = `its last heartbeat is ${(ageMs / 1_000).toFixed(1)} s old`;
  const missing = ageMs > 2 * heartbeatMs ? [late, ...why] : why;
  const isReady = ready && missing.length === 0;
  return { state: phase === 'up' && !isReady ? 'not ready' : phase, ready: isReady, why: missing };
}

function roleLines(
  nodes: readonly { readonly node: string; readonly contracts: readonly ToldContract[] }[],
): readonly RoleLine[] {
  const lines = new Map<string, RoleLine>();
  for (const { node, contracts } of nodes)
    for (const contract of contracts) {
      const key = `${contract.role}\0${contract.version}`;
      const line = lines.get(key);
      lines.set(key, line === undefined ? { ...contract, nodes: [node] } : together(line, node, contract));
    }
  return [...lines.values()].sort((a, b) => (a.role < b.role ? -1 : a.role > b.role ? 1 : b.agents - a.agents));
}

function together(line: RoleLine, node: string, contract: ToldContract): RoleLine {
  const states = { ...line.states };
  for (const [state, count] of Object.entries(contract.states)) states[state] = (states[state] ?? 0) + count;
  return {
    ...line,
    nodes: [...line.nodes, node],
    agents: line.agents + contract.agents,
    states,
    restarts: line.restarts + contract.restarts,
    mailbox: line.mailbox + contract.mailbox,
    running: line.running + contract.running,
  };
}
