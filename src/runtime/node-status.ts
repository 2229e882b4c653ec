/**
 * What a node tells about itself with every heartbeat, for people and pages.
 *
 * Bounded, so that a heartbeat costs the same for ten agents and for ten thousand.
 */
import type { Cell } from './cell.ts';
import type { NodeState } from './node-control.ts';

export interface AgentStatus {
  readonly id: string;
  readonly role: string;
  readonly state: string;
  readonly restarts: number;
  readonly mailbox: number;
  /** Live mail that its full mailbox refused or dropped; absent: none. */
  readonly dropped?: number;
  readonly running: number;
  /** Handlers that were given up and have not ended; absent: none. */
  readonly zombies?: number;
  readonly text?: string;
}

export interface NodeStatus {
  readonly state: NodeState;
  /** Roles of which it can run agents, the first `listedRoles`. */
  readonly roles: readonly string[];
  /** Those of them that a pool hosts. */
  readonly pools: readonly string[];
  /** The first `listedAgents`. */
  readonly agents: readonly AgentStatus[];
  /** How many there are. */
  readonly agentCount: number;
  readonly queues: readonly string[];
  /** Handlers that run now. */
  readonly running: number;
}

const listedAgents = 100;
const listedRoles = 1_000;

export interface StatusParts {
  readonly state: NodeState;
  readonly hostings: readonly { readonly kind: string; readonly role: string }[];
  readonly cells: readonly Cell[];
  readonly queues: readonly string[];
}

export function statusOf({ state, hostings, cells, queues }: StatusParts): NodeStatus {
  const agents = cells.slice(0, listedAgents).map((cell) => ({
    id: cell.id,
    role: cell.spec.table.role,
    state: cell.state,
    restarts: cell.restarts,
    mailbox: cell.waiting,
    running: cell.running,
    ...(cell.zombies > 0 && { zombies: cell.zombies }),
    ...(cell.dropped > 0 && { dropped: cell.dropped }),
    ...(cell.statusText !== undefined && { text: cell.statusText.slice(0, 200) }),
  }));
  const running = cells.reduce((sum, cell) => sum + cell.running, 0);
  const listed = { agents, agentCount: cells.length, queues: queues.slice(0, listedAgents) };
  const listedHostings = hostings.slice(0, listedRoles);
  const roles = listedHostings.map(({ role }) => role);
  const pools = listedHostings.filter(({ kind }) => kind === 'pool').map(({ role }) => role);
  return { state, roles, pools, ...listed, running };
}
