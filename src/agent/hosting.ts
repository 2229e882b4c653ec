/**
 * How a class is run: `pool` (interchangeable agents on every node) or `single` (one in the whole fleet).
 *
 * Plain records that keep what the user wrote, also what is wrong in it: the configuration checks them all, so that every
 * problem is reported at once.
 */
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

export interface PoolOptions extends IsolationOptions {
  /** Agents on each node. Default 1. With 0 the node runs none by itself, but takes those that are spawned or scaled to. */
  readonly size?: number;
  /** Envelopes that one agent handles at a time. Default 1. */
  readonly concurrency?: number;
  /** Envelopes that wait in the process in front of one agent. Default 1,000. */
  readonly mailbox?: number;
  /** Of live mail (asks, volatile messages) that finds the mailbox full: `reject` refuses it, `drop-oldest` drops the oldest that waits. */
  readonly overflow?: Overflow;
}

export interface SingleOptions extends IsolationOptions {
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

export type Hosting = PoolHosting | SingleHosting;

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
