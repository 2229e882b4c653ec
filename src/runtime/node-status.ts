/**
 * What a node tells about itself with every heartbeat, for people and pages: pure, from what its parts know to one JSON text.
 *
 * Bounded, so that a heartbeat costs the same for ten agents and for ten thousand: what a role takes is told once for all its agents,
 * and agents, queues and running handlers are listed as far as there is room. The sums count all of them.
 */
import type { RoleContract } from '../agent/contract-version.ts';
import type { Cell } from './cell.ts';
import type { CellState, RestartReason } from './cell-spec.ts';
import type { RunningWork } from './in-flight.ts';
import type { NodePhase, Readiness } from './readiness.ts';

export interface AgentStatus {
  readonly id: string;
  readonly role: string;
  readonly state: string;
  readonly restarts: number;
  /** The last ones; absent: none. */
  readonly restartReasons?: readonly RestartReason[];
  readonly mailbox: number;
  /** Live mail that its full mailbox refused or dropped; absent: none. */
  readonly dropped?: number;
  readonly running: number;
  /** Handlers that were given up and have not ended; absent: none. */
  readonly zombies?: number;
  /** Of an agent of which there is one in the fleet, under which it runs. */
  readonly epoch?: number;
  readonly text?: string;
}

/** The contract of a role, and its agents on this node all together. */
export interface RoleStatus extends RoleContract {
  readonly agents: number;
  /** How many of them are in which state. */
  readonly states: Readonly<Record<string, number>>;
  readonly restarts: number;
  readonly mailbox: number;
  readonly running: number;
  /** Names of tasks, messages and topics for which there was no room; absent: none. */
  readonly unnamed?: number;
}

export interface NodeStatus extends Readiness {
  readonly phase: NodePhase;
  readonly heartbeatMs: number;
  /** For how long each heartbeat renews the presence. */
  readonly leaseMs: number;
  /** Roles of which it can run agents, as many as there was room for. */
  readonly roles: readonly string[];
  /** Those of them that a pool hosts, likewise. */
  readonly pools: readonly string[];
  readonly contracts: readonly RoleStatus[];
  /** As many as there was room for; those that are neither up nor stand by come first when not all of them are listed. */
  readonly agents: readonly AgentStatus[];
  /** How many there are. */
  readonly agentCount: number;
  readonly queues: readonly string[];
  /** Handlers that run now. */
  readonly running: number;
  /** Those that run longest. */
  readonly inFlight: readonly RunningWork[];
}

export interface StatusFacts extends Readiness {
  readonly phase: NodePhase;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly hostings: readonly { readonly kind: string; readonly role: string }[];
  readonly cells: readonly Cell[];
  readonly contractOf: (cell: Cell) => RoleContract;
  readonly queues: readonly string[];
  readonly inFlight: readonly RunningWork[];
}

const listedAgents = 100;
const listedNames = 40;
/** Room in bytes for each list: all of them together, with the little that is outside, stay below 32 KiB. */
const room = {
  why: 1_024,
  roles: 3_072,
  pools: 3_072,
  contracts: 8_192,
  queues: 3_072,
  inFlight: 4_096,
  agents: 9_216,
} as const;

/** A `NodeStatus` as JSON. Each item becomes text once, and only as many as there is room for: a heartbeat is to cost little. */
export function statusText(facts: StatusFacts): string {
  const { phase, heartbeatMs, leaseMs, ready, cells, hostings } = facts;
  const inFlight = facts.inFlight.map((work) => ({ ...work, agent: cut(work.agent), name: cut(work.name) }));
  const pools = hostings.filter(({ kind }) => kind === 'pool');
  const running = cells.reduce((sum, cell) => sum + cell.running, 0);
  const texts: Readonly<Record<keyof NodeStatus, string>> = {
    phase: JSON.stringify(phase),
    ready: String(ready),
    why: within(room.why, facts.why, (why) => JSON.stringify(cut(why))),
    heartbeatMs: String(heartbeatMs),
    leaseMs: String(leaseMs),
    roles: within(room.roles, hostings, roleText),
    pools: within(room.pools, pools, roleText),
    contracts: within(room.contracts, rolesOf(facts), (role) => JSON.stringify(role)),
    agents: within(room.agents, listed(cells), agentText),
    agentCount: String(cells.length),
    queues: within(room.queues, facts.queues, (queue) => JSON.stringify(queue)),
    running: String(running),
    inFlight: within(room.inFlight, inFlight, (work) => JSON.stringify(work)),
  };
  const fields = Object.entries(texts).map(([name, text]) => `"${name}":${text}`);
  return `{${fields.join(',')}}`;
}

function listed(cells: readonly Cell[]): readonly Cell[] {
  if (cells.length <= listedAgents) return cells;
  const isCalm = ({ state }: Cell): boolean => state === 'up' || state === 'standby';
  const troubled = cells.filter((cell) => !isCalm(cell)).slice(0, listedAgents);
  return [...troubled, ...cells.slice(0, listedAgents).filter(isCalm)].slice(0, listedAgents);
}

function agentStatus(cell: Cell): AgentStatus {
  const reasons = cell.restartReasons.slice(-3).map(({ at, reason }) => ({ at, reason: cut(reason) }));
  return {
    id: cell.id,
    role: cell.spec.table.role,
    state: cell.state,
    restarts: cell.restarts,
    mailbox: cell.waiting,
    running: cell.running,
    ...(cell.spec.kind === 'single' && cell.epoch > 0 && { epoch: cell.epoch }),
    ...(reasons.length > 0 && { restartReasons: reasons }),
    ...(cell.zombies > 0 && { zombies: cell.zombies }),
    ...(cell.dropped > 0 && { dropped: cell.dropped }),
    ...(cell.statusText !== undefined && { text: cut(cell.statusText) }),
  };
}

/** Of an agent of which there is nothing to tell but that it is there, by what little may differ. */
const calmTexts = new WeakMap<Cell, { readonly state: CellState; readonly epoch: number; readonly text: string }>();

function agentText(cell: Cell): string {
  const { state, epoch } = cell;
  const told = cell.restarts + cell.waiting + cell.running + cell.zombies + cell.dropped;
  if (told > 0 || cell.statusText !== undefined) return JSON.stringify(agentStatus(cell));
  const known = calmTexts.get(cell);
  if (known?.state === state && known.epoch === epoch) return known.text;
  const text = JSON.stringify(agentStatus(cell));
  calmTexts.set(cell, { state, epoch, text });
  return text;
}

function roleText({ role }: StatusFacts['hostings'][number]): string {
  return JSON.stringify(role);
}

interface Sums {
  readonly cell: Cell;
  readonly states: Map<CellState, number>;
  agents: number;
  restarts: number;
  mailbox: number;
  running: number;
}

function rolesOf({ cells, contractOf }: StatusFacts): readonly RoleStatus[] {
  const roles = new Map<string, Sums>();
  for (const cell of cells) {
    const { role } = cell.spec.table;
    const sums = roles.get(role) ?? { cell, states: new Map(), agents: 0, restarts: 0, mailbox: 0, running: 0 };
    roles.set(role, sums);
    sums.states.set(cell.state, (sums.states.get(cell.state) ?? 0) + 1);
    sums.agents++;
    sums.restarts += cell.restarts;
    sums.mailbox += cell.waiting;
    sums.running += cell.running;
  }
  return [...roles.values()].map(({ cell, states, ...sums }) => ({
    ...named(contractOf(cell)),
    ...sums,
    states: Object.fromEntries(states),
  }));
}

type Named = RoleContract & { readonly unnamed?: number };
const namedContracts = new WeakMap<RoleContract, Named>();

function named(contract: RoleContract): Named {
  const known = namedContracts.get(contract) ?? withinNames(contract);
  namedContracts.set(contract, known);
  return known;
}

function withinNames({ role, version, tasks, messages, topics }: RoleContract): Named {
  const kept = [tasks, messages, topics].map((names) => names.slice(0, listedNames).map(cut));
  const unnamed = [tasks, messages, topics].reduce((sum, names) => sum + Math.max(0, names.length - listedNames), 0);
  const [keptTasks = [], keptMessages = [], keptTopics = []] = kept;
  const lists = { tasks: keptTasks, messages: keptMessages, topics: keptTopics };
  return { role, version, ...lists, ...(unnamed > 0 && { unnamed }) };
}

/** A JSON array of the first of `items` whose texts fit into so many bytes. */
function within<T>(bytes: number, items: readonly T[], textOf: (item: T) => string): string {
  const texts: string[] = [];
  let left = bytes;
  for (const item of items) {
    const text = textOf(item);
    left -= Buffer.byteLength(text) + 1;
    if (left < 0) break;
    texts.push(text);
  }
  return `[${texts.join(',')}]`;
}

/** People read it in a line. */
function cut(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}
