/**
 * How a class is run: `pool` (interchangeable agents on every node) or `single` (one in the whole fleet), and `group`: which agents
 * are restarted together.
 *
 * Plain records that keep what the user wrote, also what is wrong in it: the configuration checks them all, so that every
 * problem is reported at once.
 */
import type { BackoffOption } from '../core/backoff.ts';
import type { Duration } from '../core/duration.ts';
import type { Agent } from './agent.ts';
import { roleOf } from './role.ts';
import type { AgentClass } from './task-types.ts';

/** What a full mailbox does with live mail; see `overflow`. */
export type Overflow = 'reject' | 'drop-oldest';

/** A node process of their own for the agents of a hosting. */
export interface IsolationOptions {
  /** `'process'`: under `runtime start` the agents run in a node process of their own, watched and restarted by itself. */
  readonly isolation?: 'process';
  /** Limit of the JavaScript heap of that process, as in `'512mb'`; at it, only this process ends and is replaced. */
  readonly memory?: string;
}

/** How often something may be restarted, and with what pauses. */
interface PolicyOptions {
  /** Restarts allowed in any span of time `period`; one more is a failure of whatever is around it. Default 5 in `'1m'`. */
  readonly intensity?: { readonly restarts?: number; readonly period?: Duration };
  /** The pause before a restart. Default: from 200 ms doubling to 10 s, with jitter. */
  readonly backoff?: BackoffOption;
}

/** What becomes of an agent that ends. In a group, intensity and backoff are the group's. */
interface RestartOptions extends PolicyOptions {
  /**
   * `permanent` (default): started again however it ended. `transient`: after a failure, not when it ended itself with `this.stop()`.
   * `temporary`: never.
   */
  readonly restart?: 'permanent' | 'transient' | 'temporary';
}

export interface PoolOptions extends RestartOptions, IsolationOptions {
  /** Agents on each node. Default 1. With 0 the node runs none by itself, but takes those that are spawned or scaled to. */
  readonly size?: number;
  /** Envelopes that one agent handles at a time. Default 1. */
  readonly concurrency?: number;
  /** Envelopes that wait in the process in front of one agent. Default 1,000. */
  readonly mailbox?: number;
  /** Of live mail (asks, volatile messages) that finds the mailbox full: `reject` refuses it, `drop-oldest` drops the oldest that waits. */
  readonly overflow?: Overflow;
}

export interface SingleOptions extends RestartOptions, IsolationOptions {
  /** The fleet-wide agent id. Default: the role. */
  readonly id?: string;
  /** Envelopes that the agent handles at a time. Default 1. */
  readonly concurrency?: number;
  /** Envelopes that wait in the process in front of the agent. Default 1,000. */
  readonly mailbox?: number;
  /** Of live mail (asks, volatile messages) that finds the mailbox full: `reject` refuses it, `drop-oldest` drops the oldest that waits. */
  readonly overflow?: Overflow;
}

interface PoolHosting extends PoolOptions {
  readonly kind: 'pool';
  readonly agent: AgentClass<Agent>;
  readonly role: string;
}

interface SingleHosting extends SingleOptions {
  readonly kind: 'single';
  readonly agent: AgentClass<Agent>;
  readonly role: string;
}

/** Which members are restarted with one that failed: none, all others, or those behind it in the list. */
type GroupStrategy = 'one-for-one' | 'one-for-all' | 'rest-for-one';

interface GroupHosting extends PolicyOptions {
  readonly kind: 'group';
  readonly name: string;
  readonly strategy: GroupStrategy;
  readonly agents: readonly Hosting[];
}

export type Hosting = PoolHosting | SingleHosting | GroupHosting;

/**
 * Runs `size` interchangeable agents of the class on every node. Tasks for its role go to whichever is free.
 *
 * @example
 * export default defineConfig({ agents: [pool(AuditAgent, { size: 3 })] });
 */
export function pool(agent: AgentClass<Agent>, options: PoolOptions = {}): Hosting {
  return { ...options, kind: 'pool', agent, role: roleOf(agent) };
}

/**
 * Runs exactly one live agent of the class in the whole fleet, under a fixed id; another node takes over when its node
 * ends.
 *
 * @example
 * export default defineConfig({ agents: [single(DocsAgent, { id: 'docs' })] });
 */
export function single(agent: AgentClass<Agent>, options: SingleOptions = {}): Hosting {
  return { ...options, kind: 'single', agent, role: roleOf(agent) };
}

/**
 * Supervises agents together: they are started in the order of the list, and when one of them fails, those that the strategy names are
 * taken down in reverse order and started again with it. Groups may stand in groups. Each agent of a pool is a member of its own.
 *
 * @example
 * export default defineConfig({
 *   agents: [group('docs', 'rest-for-one', [single(DocsAgent), pool(AuditAgent, { size: 3 })], { intensity: { restarts: 3 } })],
 * });
 */
export function group(
  name: string,
  strategy: GroupStrategy,
  agents: readonly Hosting[],
  options: PolicyOptions = {},
): Hosting {
  return { ...options, kind: 'group', name, strategy, agents };
}
