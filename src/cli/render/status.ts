/**
 * The status of a fleet as tables: nodes, agents, queues.
 * Pure, so that its look is tested without a fleet.
 */
import type { AgentLine, FleetStatus, NodeLine } from '../fleet-status.ts';
import { bad, faint, good, name, strong, warning } from './colours.ts';
import { limitsText } from './limits.ts';
import { renderTable } from './table.ts';
import { plain, plural, span } from './text.ts';

/** More agents than this are summed up by role: nobody reads ten thousand rows. */
const mostAgents = 60;

export function renderStatus(status: FleetStatus, now: number, columns: number): string {
  const { nodes, agents, queues } = status;
  const up = nodes.filter((node) => node.alive);
  const count = up.reduce((sum, node) => sum + node.agentCount, 0);
  const head = `${strong(`fleet ${plain(status.fleet)}`)}  ${plural(up.length, 'node')}, ${plural(count, 'agent')}`;
  const blocks = [
    `${head}  ${faint(`${plain(status.broker)}, durability ${status.durability}`)}`,
    renderTable(
      ['NODE', 'STATE', 'HOST', 'PID', 'UP', 'AGENTS', 'RUNNING'],
      nodes.map((node) => nodeRow(node, now)),
      columns,
    ),
    agents.length > mostAgents ? renderRoles(agents, count, columns) : renderAgents(agents, columns),
    renderQueues(queues, columns),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function nodeRow(node: NodeLine, now: number): (string | number)[] {
  const { pid, agentCount, running } = node;
  const up = node.alive ? span(now - node.startedAt) : '-';
  return [plain(node.node), node.alive ? good('up') : bad('gone'), plain(node.host), pid, up, agentCount, running];
}

function renderAgents(agents: readonly AgentLine[], columns: number): string {
  if (agents.length === 0) return '';
  const rows = agents.map((agent) => [
    name(plain(agent.id)),
    plain(agent.role),
    stateOf(plain(agent.state)),
    agent.restarts,
    agent.dropped === undefined ? agent.mailbox : `${agent.mailbox} (${agent.dropped} dropped)`,
    agent.zombies === undefined ? agent.running : bad(`${agent.running} (${agent.zombies} given up)`),
    plain(agent.node),
    plain(agent.text ?? ''),
  ]);
  return renderTable(['AGENT', 'ROLE', 'STATE', 'RESTARTS', 'MAILBOX', 'RUNNING', 'NODE', 'SAYS'], rows, columns);
}

function renderRoles(agents: readonly AgentLine[], count: number, columns: number): string {
  const roles = new Map<string, AgentLine[]>();
  for (const agent of agents) roles.set(agent.role, [...(roles.get(agent.role) ?? []), agent]);
  const rows = [...roles].map(([role, members]) => {
    const sum = (pick: (agent: AgentLine) => number): number =>
      members.reduce((total, agent) => total + pick(agent), 0);
    const states = [...new Set(members.map(({ state }) => plain(state)))].map(stateOf).join(', ');
    return [plain(role), members.length, sum((a) => a.restarts), sum((a) => a.mailbox), sum((a) => a.running), states];
  });
  const table = renderTable(['ROLE', 'AGENTS', 'RESTARTS', 'MAILBOX', 'RUNNING', 'STATES'], rows, columns);
  return agents.length === count ? table : `${table}\n${faint(`nodes list ${agents.length} of ${count} agents`)}`;
}

function renderQueues(queues: FleetStatus['queues'], columns: number): string {
  if (queues.length === 0) return '';
  const rows = queues.map(({ name: queue, waiting, parked, claimed, dead, deadDropped, paused, limits }) => {
    const letters = deadDropped > 0 ? `${dead} (${deadDropped} dropped)` : String(dead);
    const notes = [paused ? 'paused' : '', limitsText(limits ?? {})].filter((note) => note !== '');
    return [
      [plain(queue), ...notes.map((note) => warning(`(${note})`))].join(' '),
      waiting,
      parked,
      claimed,
      dead > 0 ? bad(letters) : letters,
    ];
  });
  return renderTable(['QUEUE', 'WAITING', 'PARKED', 'RUNNING', 'DEAD'], rows, columns);
}

function stateOf(state: string): string {
  if (state === 'up') return good(state);
  return state === 'down' ? bad(state) : warning(state);
}
