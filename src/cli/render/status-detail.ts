/**
 * One agent, one role or one node of a fleet in full: what the overview cuts or sums up.
 * Pure, like the overview; the name is looked for among nodes, then agents, then roles.
 */
import { stripVTControlCharacters } from 'node:util';
import type { AgentLine, FleetStatus, NodeLine, RoleLine, WorkLine } from '../fleet-status.ts';
import { bad, faint, name, strong, warning } from './colours.ts';
import { beatAge, renderQueues, stateOf, workOf } from './status.ts';
import { renderTable } from './table.ts';
import { dateAndTime, plain, plural, span, wrap } from './text.ts';

type Fact = readonly [label: string, text: string | readonly string[]];

/** The lines about `target`; undefined when the fleet has nothing of that name. */
export function renderDetail(status: FleetStatus, target: string, columns: number): string | undefined {
  const node = status.nodes.find((one) => one.node === target);
  if (node !== undefined) return renderNode(status, node, columns);
  const agents = status.agents.filter(({ id }) => id === target);
  const roles = status.roles.filter(({ role }) => role === (agents[0]?.role ?? target));
  if (agents.length > 0)
    return joined(
      ...agents.map((agent) => renderAgent(status, agent, columns)),
      queue(status, [target, agents[0]?.role], columns),
    );
  if (roles.length === 0) return undefined;
  return joined(
    disagreement(status, target),
    ...roles.map((role) => renderRole(status, role, columns)),
    queue(status, [target], columns),
  );
}

function renderNode(status: FleetStatus, node: NodeLine, columns: number): string {
  const agents = status.agents.filter((agent) => agent.node === node.node);
  const rows = agents.map(({ id, role, state, restarts, mailbox, running }) => [
    name(plain(id)),
    plain(role),
    restarts,
    mailbox,
    running,
    stateOf(plain(state)),
  ]);
  const contracts = status.roles.filter(({ nodes }) => nodes.includes(node.node));
  const head = `${strong(`node ${plain(node.node)}`)}  ${stateOf(node.state)}`;
  const facts: Fact[] = [
    ['missing', node.why.map(plain)],
    ['host', `${plain(node.host)}, pid ${node.pid}`],
    ['started', `${dateAndTime(node.startedAt)}, ${span(status.at - node.startedAt)} ago`],
    ['heartbeat', node.alive ? `${beatAge(node)}, the lease has ${span(node.leaseLeftMs)} left` : ''],
    ['contracts', contracts.map(({ role, version }) => `${plain(role)} ${plain(version)}`).join(', ')],
    [
      'runs now',
      running(
        status,
        status.inFlight.filter((work) => work.node === node.node),
        node.running,
        true,
      ),
    ],
  ];
  const unlisted = node.agentCount - agents.length;
  const more = unlisted > 0 && node.alive ? faint(`and ${plural(unlisted, 'agent')} that it does not list`) : '';
  const headings = ['AGENT', 'ROLE', 'RESTARTS', 'MAILBOX', 'RUNNING', 'STATE'];
  const table = rows.length === 0 ? '' : renderTable(headings, rows, columns, ['ROLE']);
  return joined([head, ...list(facts, columns)].join('\n'), [table, more].filter((part) => part !== '').join('\n'));
}

function renderAgent(status: FleetStatus, agent: AgentLine, columns: number): string {
  const { at, roles } = status;
  const contract = roles.find(({ role, nodes }) => role === agent.role && nodes.includes(agent.node));
  const epoch = agent.epoch === undefined ? '' : faint(`, epoch ${agent.epoch}`);
  const head = `${strong(`agent ${plain(agent.id)}`)}  ${stateOf(plain(agent.state))} on node ${plain(agent.node)}${epoch}`;
  const dropped = agent.dropped === undefined ? '' : `, ${agent.dropped} refused or dropped`;
  const reasons = [...agent.restartReasons]
    .reverse()
    .map(({ at: when, reason }) => `${dateAndTime(when)}, ${span(at - when)} ago: ${plain(reason)}`);
  const facts: Fact[] = [
    ['role', `${plain(agent.role)}${contract === undefined ? '' : `, contract ${plain(contract.version)}`}`],
    ['says', plain(agent.text ?? '')],
    ['mailbox', `${agent.mailbox} waiting${dropped}`],
    ['runs now', running(status, workOf(agent, status.inFlight), agent.running, false)],
    ['given up', agent.zombies === undefined ? '' : bad(plural(agent.zombies, 'handler'))],
    ['restarts', [String(agent.restarts), ...reasons]],
    ...capabilities(contract),
  ];
  return [head, ...list(facts, columns)].join('\n');
}

function renderRole(status: FleetStatus, role: RoleLine, columns: number): string {
  const states = Object.entries(role.states).map(([state, count]) => `${count} ${plain(state)}`);
  const members = status.agents.filter((agent) => agent.role === role.role && role.nodes.includes(agent.node));
  const head = `${strong(`role ${plain(role.role)}`)}  contract ${plain(role.version)}`;
  const facts: Fact[] = [
    ['nodes', role.nodes.map(plain).join(', ')],
    ['agents', `${states.join(', ')}: ${members.map(({ id }) => plain(id)).join(', ')}`],
    ['mailboxes', `${role.mailbox} waiting`],
    [
      'runs now',
      running(
        status,
        members.flatMap((agent) => workOf(agent, status.inFlight)),
        role.running,
        true,
      ),
    ],
    ['restarts', String(role.restarts)],
    ...capabilities(role),
  ];
  return [head, ...list(facts, columns)].join('\n');
}

function capabilities(role: RoleLine | undefined): Fact[] {
  const { tasks = [], messages = [], topics = [], unnamed } = role ?? {};
  const names = (list: readonly string[]): string => list.map(plain).join(', ');
  const more: Fact[] = unnamed === undefined ? [] : [['and', `${unnamed} more that it does not name`]];
  return [['tasks', names(tasks)], ['messages', names(messages)], ['topics', names(topics)], ...more];
}

/** A line for each handler that is told of, and how many more there are. */
function running({ at }: FleetStatus, works: readonly WorkLine[], count: number, named: boolean): readonly string[] {
  const lines = works.map(({ kind, name: what, agent, since }) => {
    const where = named ? ` in ${plain(agent)}` : '';
    return `${plain(kind)} ${plain(what)}${where} for ${span(at - since)}`;
  });
  const more = count - lines.length;
  return more > 0 ? [...lines, lines.length > 0 ? `and ${more} more` : plural(more, 'handler')] : lines;
}

function disagreement({ disagreements }: FleetStatus, role: string): string {
  return disagreements.some((one) => one.role === role)
    ? `${warning('!')} nodes disagree on the contract of this role; what one accepts the other may refuse`
    : '';
}

function queue({ queues }: FleetStatus, names: readonly (string | undefined)[], columns: number): string {
  return renderQueues(
    queues.filter(({ name: one }) => names.includes(one)),
    columns,
  );
}

const indent = 13;

/** Label and text, the text within the width of the terminal; what is empty is left out. */
function list(facts: readonly Fact[], columns: number): readonly string[] {
  return facts.flatMap(([label, text]) => {
    const texts = (typeof text === 'string' ? [text] : text).filter((one) => one !== '');
    const lines = texts.flatMap((one) =>
      stripVTControlCharacters(one) === one ? wrap(one, Math.max(20, columns - indent)) : [one],
    );
    return lines.map((line, index) => `  ${faint((index === 0 ? label : '').padEnd(indent - 2))}${line}`);
  });
}

function joined(...blocks: readonly string[]): string {
  return blocks.filter((block) => block !== '').join('\n\n');
}
