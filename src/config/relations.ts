/**
 * What has to hold between options: each relation one sentence, checked on the resolved values.
 *
 * Apart from the forms of single options, because a relation is broken by two that are each well formed.
 */
import { foreignProblems } from './classic.ts';
import type { AgentsConfig, HostingConfig, RuntimeConfig, TimingConfig, TlsConfig } from './config.ts';
import { isolationProblems } from './isolation.ts';

/** The broken relations, as messages; `name` writes an option so that users find it. */
export function brokenRelations(
  config: Pick<RuntimeConfig, 'redis' | 'tls' | 'classic' | 'durability' | 'timing' | 'agents' | 'queues' | 'foreign'>,
  name: (path: string) => string,
): readonly string[] {
  const { redis, tls, classic, durability, timing, agents, queues, foreign = [] } = config;
  return [
    ...(durability === 'replicated' ? replicaProblems(redis, name) : []),
    ...tlsProblems(redis, tls, name),
    ...classicProblems(redis, classic, name),
    ...timingProblems(timing, name),
    ...agentProblems(agents),
    ...isolationProblems(agents),
    ...groupProblems(agents),
    ...queueProblems(queues),
    ...foreignProblems(foreign, typeof agents === 'string' ? [] : agents),
  ];
}

/** The private server and the memory broker have no replicas. */
function replicaProblems(redis: string | undefined, name: (path: string) => string): readonly string[] {
  if (redis !== undefined) return [];
  return [
    `expected ${name('redis')} to be set beside durability 'replicated', got: nothing\nOnly a Redis of yours has replicas; set its URL, or leave ${name('durability')} out.`,
  ];
}

/** The classic names are spread over all slots, and classic agents know one server. */
function classicProblems(
  redis: string | undefined,
  classic: boolean,
  name: (path: string) => string,
): readonly string[] {
  if (!classic || redis === undefined || !redis.includes('+cluster://')) return [];
  return [
    `expected ${name('classic')} to be false on a Redis Cluster, got: true\nClassic agents know one server only; use one, alone or behind Sentinel.`,
  ];
}

/** Who names a queue means to limit it; a name alone would take its limits away for the whole fleet. */
function queueProblems(queues: RuntimeConfig['queues']): readonly string[] {
  const both = Object.entries(queues)
    .filter(([, { partitions = 1, concurrency, rate }]) => partitions > 1 && (concurrency ?? rate) !== undefined)
    .map(
      ([queue]) =>
        `expected queues.${queue} to name limits or partitions, got: both\nA limit is kept where the tasks are; bound the size of the pool instead.`,
    );
  const empty = Object.entries(queues)
    .filter(([, limits]) => Object.keys(limits).length === 0)
    .map(
      ([queue]) =>
        `expected queues.${queue} to name a limit or partitions, got: none\nWrite concurrency, rate or partitions; to take the limits of a queue away, run: runtime limit ${queue} --none`,
    );
  return [...empty, ...both];
}

/** Who names a CA takes the link to be encrypted; the URL decides whether it is. */
function tlsProblems(redis: string | undefined, tls: TlsConfig, name: (path: string) => string): readonly string[] {
  if (redis === undefined || /^rediss[:+]/.test(redis)) return [];
  const set = tls.ca !== undefined ? 'tls.ca' : 'tls.insecure';
  if (tls.ca === undefined && !tls.insecure) return [];
  const scheme = /^[a-z+]+:/.exec(redis)?.[0] ?? 'the path of a socket';
  return [
    `expected ${name('redis')} to be a rediss:// URL beside ${name(set)}, got: ${scheme}\nOnly rediss:// speaks TLS; change the URL, or leave ${set} out.`,
  ];
}

function timingProblems(timing: TimingConfig, name: (path: string) => string): readonly string[] {
  const { heartbeatMs, presenceLeaseMs, taskLeaseMs, taskRenewalMs, drainGraceMs } = timing;
  const problems: string[] = [];
  if (heartbeatMs * 3 > presenceLeaseMs)
    problems.push(
      `expected ${name('timing.heartbeat')} to be at most a third of timing.presenceLease (${presenceLeaseMs} ms), got: ${heartbeatMs} ms\nA node must survive two lost heartbeats; lengthen ${name('timing.presenceLease')} or beat more often.`,
    );
  if (taskLeaseMs <= taskRenewalMs * 2)
    problems.push(
      `expected ${name('timing.taskLease')} to be more than twice timing.taskRenewal (${taskRenewalMs} ms), got: ${taskLeaseMs} ms\nA lease must survive one lost renewal; leave ${name('timing.taskRenewal')} out to renew at a third.`,
    );
  if (drainGraceMs > longestDrainMs)
    problems.push(
      `expected ${name('timing.drainGrace')} to be at most ${longestDrainMs} ms, got: ${drainGraceMs} ms\nWork that takes longer is handed back and runs again elsewhere.`,
    );
  return problems;
}

const longestDrainMs = 3_600_000;

function agentProblems(agents: AgentsConfig): readonly string[] {
  if (typeof agents === 'string') return [];
  const problems: string[] = [];
  const roles = new Map<string, string>();
  const ids = new Map<string, HostingConfig>();
  for (const hosting of agents) {
    const sameRole = roles.get(hosting.role);
    if (sameRole === undefined) roles.set(hosting.role, hosting.at);
    else
      problems.push(
        `expected the roles of agents to differ, got: "${hosting.role}" for ${sameRole} and ${hosting.at}\nGive one class a role of its own: static readonly role = '...'.`,
      );
    if (hosting.kind !== 'single') continue;
    const sameId = ids.get(hosting.id);
    if (sameId === undefined) ids.set(hosting.id, hosting);
    else if (sameRole === undefined)
      problems.push(
        `expected the ids of agents to differ, got: "${hosting.id}" for ${sameId.at} and ${hosting.at}\nGive one of them another: single(..., { id: '...' }).`,
      );
  }
  for (const [id, { at, role }] of ids) {
    const owner = roles.get(id);
    if (owner !== undefined && owner !== at && role !== id)
      problems.push(
        `expected the id of ${at} not to be the role of ${owner}, got: "${id}"\nTasks addressed to "${id}" could mean either; rename one of them.`,
      );
  }
  return problems;
}

/** A group is known by its name in reasons and reports. */
function groupProblems(agents: AgentsConfig): readonly string[] {
  if (typeof agents === 'string') return [];
  const groups = [...new Set(agents.flatMap(({ supervision }) => supervision.groups))];
  const twice = groups.filter(({ name }, index) => groups.findIndex((group) => group.name === name) < index);
  return [...new Set(twice.map(({ name }) => name))].map(
    (name) => `expected the names of groups to differ, got: "${name}" for two of them\nRename one: group('...', ...).`,
  );
}
