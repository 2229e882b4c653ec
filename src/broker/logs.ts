/**
 * The log port: what running code tells those who look on from other processes: the last lines of each agent, the parts that
 * each task streams, and what has become of the fleet's nodes and agents.
 *
 * G1  An agent's log keeps its newest `limits.logEntries` entries, until nothing was added for `limits.logKeptMs`.
 * G2  Parts of a task are numbered from 1 within a run, which is one delivery of the task, and read in that order. A repeated part
 *     changes nothing. The first part of a run replaces those of the run before.
 * G3  Only the holder of the task's current receipt adds parts (tasks, T2): with another one nothing is added, and it is told so.
 * G4  The newest `limits.taskParts` parts of a task within `limits.taskPartsBytes` are kept, until nothing was added for
 *     `keepMs`; the newest one always. What was dropped shows in the numbers.
 * G5  After parts were added, the address that was named hears `parts`.
 * G6  What becomes of nodes and agents is one stream, in the order of its ids, of which the newest `limits.lifecycle` records are kept.
 *     Reading behind an id whose successors were dropped says so: `gap` is true. After records were added, everyone hears `fleet`.
 * G7  A node records what becomes of its agents while it holds its presence lease, and not any more: nothing of a node stands behind its
 *     `node.down`. What becomes of nodes is recorded by the presence port (P5).
 * G8  With the `agent.down` of an activation, everyone hears `down`.
 */
import type { LogLevel } from '../core/observer.ts';
import type { Receipt } from './tasks.ts';

export interface LogEntry {
  readonly agent: string;
  readonly level: LogLevel;
  readonly message: string;
  /** Milliseconds since 1970; kept to the second. */
  readonly at: number;
}

export interface AddPartsRequest {
  readonly queue: string;
  /** The node that runs the task; it must hold its presence lease, else `OwnershipError('presence-lost')`. */
  readonly node: string;
  readonly receipt: Receipt;
  /** As in the claim. */
  readonly attempt: number;
  /** Number of the first of `bodies`; the others follow it. */
  readonly first: number;
  /** JSON texts. */
  readonly bodies: readonly string[];
  /** G4 */
  readonly keepMs: number;
  /** G5 */
  readonly notify: string;
}

export interface StoredPart {
  /** To read on behind it. */
  readonly entry: string;
  /** Equal for the parts of one run. */
  readonly run: string;
  readonly attempt: number;
  /** G2 */
  readonly number: number;
  readonly body: string;
}

/** What has become of an agent. `agent.restarted`: it is up again in the same place, under the same epoch. */
export interface AgentRecord {
  readonly kind: 'agent.up' | 'agent.down' | 'agent.restarted';
  readonly agent: string;
  readonly role: string;
  /** Of the activation. */
  readonly epoch: number;
  /** Of a `down` or `restarted`, for people. */
  readonly reason?: string;
}

/** What has become of a node. */
export interface NodeChange {
  readonly kind: 'node.up' | 'node.down';
  /** Of a `down`: one of `nodeDown`. */
  readonly reason?: string;
}

export const nodeDown = { left: 'left', leaseEnded: 'lease ended' } as const;

export type LifecycleRecord = (AgentRecord | NodeChange) & {
  /** `<ms>-<seq>` */
  readonly id: string;
  /** Server time in milliseconds. */
  readonly at: number;
  readonly node: string;
};

export interface LifecyclePage {
  readonly records: readonly LifecycleRecord[];
  /** G6 */
  readonly gap: boolean;
  /** Id of the newest record; `'0'` when there never was one. */
  readonly last: string;
}

export interface LogPort {
  /** Appends entries of any agents, in order. Live: lost when the broker cannot be reached (rejects then). */
  append(entries: readonly LogEntry[]): Promise<void>;
  /** Newest first, at most `count`. */
  read(agent: string, count: number): Promise<readonly LogEntry[]>;
  /** Adds parts to a task that runs (G2 to G5). Repeating it is safe. */
  addParts(request: AddPartsRequest): Promise<'added' | 'stale'>;
  /** Parts of a task behind the entry `after`, oldest first, at most `count`; `''` reads from the start. */
  readParts(taskId: string, page: { readonly after: string; readonly count: number }): Promise<readonly StoredPart[]>;
  /**
   * Records what has become of agents of a node, in order, at most `limits.frameOps` (G6 to G8). The node must hold its presence lease,
   * else `OwnershipError('presence-lost')`. Live: lost when the broker cannot be reached (rejects then).
   */
  record(node: string, records: readonly AgentRecord[]): Promise<void>;
  /** Records behind `after` (`'0'`: from the start; `'<ms>'`: from that time on), oldest first, at most `count` (G6). */
  readRecords(page: { readonly after: string; readonly count: number }): Promise<LifecyclePage>;
}
