/**
 * The status of a fleet as tables: nodes, agents, roles, queues, and a line for what needs a look.
 * Pure, so that its look is tested without a fleet.
 */
import type { AgentLine, FleetStatus, NodeLine, RoleLine, WorkLine } from '../fleet-status.ts';
import { bad, faint, good, name, strong, warning } from './colours.ts';
import { limitsText } from './limits.ts';
import { renderTable } from './table.ts';
import { cut, plain, plural, span } from './text.ts';

/** More agents than this are summed up by role: nobody reads ten thousand rows. */
const mostAgents = 60;
const mostNotes = 5;

export function renderStatus(status: FleetStatus, columns: number): string {
  const { nodes, agents, queues } = status;
  const up = nodes.filter((node) => node.alive);
  const count = up.reduce((sum, node) => sum + node.agentCount, 0);
  const head = `${strong(`fleet ${plain(status.fleet)}`)}  ${plural(up.length, 'node')}, ${plural(count, 'agent')}`;
  const isCrowd = agents.length > mostAgents || count > agents.length;
  const blocks = [
    `${head}  ${faint(`${plain(status.broker)}, durability ${status.durability}`)}`,
    renderNodes(status, columns),
    renderDisagreements(status),
    isCrowd ? '' : renderAgents(status, columns),
    isCrowd ? renderCrowd(status, count, columns) : renderRoles(status.roles, columns),
    renderRestarts(status, columns),
    renderQueues(queues, columns),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function renderNodes({ nodes, at }: FleetStatus, columns: number): string {
  const rows = nodes.map((node) => [
    plain(node.node),
    stateOf(node.state),
    plain(node.host),
    node.pid,
    node.alive ? span(at - node.startedAt) : '-',
    node.alive ? beatAge(node) : '-',
    node.agentCount,
    node.running,
  ]);
  const headings = ['NODE', 'STATE', 'HOST', 'PID', 'UP', 'HEARTBEAT', 'AGENTS', 'RUNNING'];
  const table = renderTable(headings, rows, columns, ['PID', 'HOST', 'UP']);
  const notes = nodes.filter(({ alive, why }) => alive && why.length > 0).map(whyNot);
  return [table, ...notes].join('\n');
}

export function beatAge({ beatAgeMs }: NodeLine): string {
  return beatAgeMs === undefined ? '?' : `${span(beatAgeMs)} ago`;
}

function whyNot({ node, why }: NodeLine): string {
  return `${warning('!')} ${plain(node)}: ${why.map(plain).join('; ')}`;
}

/** Loud, because a caller cannot know whom it will meet. */
function renderDisagreements({ disagreements }: FleetStatus): string {
  return disagreements
    .map(({ role, versions }) => {
      const sides = versions.map(({ version, nodes }) => `${plain(version)} on ${nodes.map(plain).join(', ')}`);
      return `${bad('!')} nodes disagree on the contract of role ${name(plain(role))}: ${sides.join('; ')}`;
    })
    .join('\n');
}

function renderAgents({ agents, inFlight, at }: FleetStatus, columns: number): string {
  if (agents.length === 0) return '';
  const rows = agents.map((agent) => [
    name(plain(agent.id)),
    plain(agent.role),
    stateOf(plain(agent.state)),
    agent.restarts,
    agent.dropped === undefined ? agent.mailbox : `${agent.mailbox} (${agent.dropped} dropped)`,
    agent.zombies === undefined ? agent.running : bad(`${agent.running} (${agent.zombies} given up)`),
    plain(agent.node),
    doing(agent, inFlight, at),
  ]);
  const headings = ['AGENT', 'ROLE', 'STATE', 'RESTARTS', 'MAILBOX', 'RUNNING', 'NODE', 'DOING'];
  const calm = agents.every(({ restarts }) => restarts === 0) ? ['RESTARTS'] : [];
  const obedient = agents.every(({ zombies }) => zombies === undefined) ? ['RUNNING'] : [];
  return renderTable(headings, rows, columns, ['ROLE', ...calm, 'NODE', ...obedient]);
}

/** What runs in the agent, and what it says. */
function doing(agent: AgentLine, inFlight: readonly WorkLine[], at: number): string {
  const runs = workOf(agent, inFlight);
  const shown = runs.slice(0, 2).map(({ name: work, since }) => `${plain(work)} ${span(at - since)}`);
  const more = runs.length > 0 && agent.running > shown.length ? [`${agent.running - shown.length} more`] : [];
  const said = agent.text === undefined ? [] : [plain(agent.text)];
  return [...shown, ...more, ...said].join(', ');
}

export function workOf({ id, node }: AgentLine, inFlight: readonly WorkLine[]): readonly WorkLine[] {
  return inFlight.filter((work) => work.agent === id && work.node === node);
}

function renderRoles(roles: readonly RoleLine[], columns: number): string {
  if (roles.length === 0) return '';
  const rows = roles.map((role) => [plain(role.role), plain(role.version), role.nodes.length, handles(role)]);
  return renderTable(['ROLE', 'CONTRACT', 'NODES', 'HANDLES'], rows, columns, ['NODES']);
}

function handles({ tasks, messages, topics, unnamed }: RoleLine): string {
  const lists = { tasks, messages, topics };
  const told = Object.entries(lists).filter(([, names]) => names.length > 0);
  const more = unnamed === undefined ? '' : ` and ${unnamed} more`;
  return told.map(([what, names]) => `${what} ${names.map(plain).join(', ')}`).join('; ') + more;
}

function renderCrowd({ roles, agents }: FleetStatus, count: number, columns: number): string {
  const rows = roles.map((role) => [
    plain(role.role),
    plain(role.version),
    role.agents,
    role.restarts,
    role.mailbox,
    role.running,
    Object.entries(role.states)
      .map(([state, number]) => `${number} ${plain(state)}`)
      .join(', '),
  ]);
  const headings = ['ROLE', 'CONTRACT', 'AGENTS', 'RESTARTS', 'MAILBOX', 'RUNNING', 'STATES'];
  const listed = `${count} agents in all; nodes list ${agents.length} of them: runtime status <agent> shows one, --json each of those`;
  return `${renderTable(headings, rows, columns)}\n${faint(listed)}`;
}

/** The latest reason of every agent that was restarted, the latest first. */
function renderRestarts({ agents, at }: FleetStatus, columns: number): string {
  const restarted = agents
    .flatMap(({ id, restarts, restartReasons }) => restartReasons.slice(-1).map((last) => ({ id, restarts, ...last })))
    .sort((a, b) => b.at - a.at);
  const lines = restarted.slice(0, mostNotes).map(({ id, restarts, at: when, reason }) => {
    const times = `restarted ${restarts === 1 ? 'once' : `${restarts} times`}, last ${span(at - when)} ago`;
    const left = Math.max(20, columns - `! ${id} was ${times}: `.length);
    return `${warning('!')} ${name(plain(id))} was ${times}: ${cut(plain(reason), left)}`;
  });
  if (restarted.length > mostNotes) lines.push(faint(`and ${restarted.length - mostNotes} more were restarted`));
  return lines.join('\n');
}

export function renderQueues(queues: FleetStatus['queues'], columns: number): string {
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

export function stateOf(state: string): string {
  if (state === 'up') return good(state);
  return state === 'down' || state === 'gone' ? bad(state) : warning(plain(state));
}
