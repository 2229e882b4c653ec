/**
 * The presence port: which nodes are alive, and which node runs which agent id.
 *
 * P1  A node is present from `join` until it leaves, or until its lease was not renewed in time. A lease that has ended
 *     cannot be renewed: the node must come back as a new incarnation.
 * P2  An activation is granted when the id is free, or its owner's presence has ended, or the same node asks again (same
 *     epoch then). The epoch grows with every grant, also across data loss: max(last + 1, server time in microseconds). When a node
 *     joins, ids without mail whose owner's presence has ended are forgotten: nobody holds them any more.
 * P3  Taking an id from a node whose presence has ended revokes that node's lease first, so that none of its late writes
 *     can follow.
 * P4  `beats` grows with every join and renewal in the fleet. A call that returns no more than one has seen means that data was lost.
 * P5  The beginning of a presence is recorded with its join, its end once, in one step with whatever call comes first: the leave of the
 *     node, or the next join or renewal of any node when its lease has ended (logs, G6). Everyone hears `gone` with the end. Of several
 *     such leases the one that ended first comes first.
 * P6  An id that is given back is free at once, and everyone is told `freed`: whoever stands by for it need not wait for the end of its
 *     owner's presence.
 * P7  With every beat its node is told what it would otherwise have to ask for again and again: the version of the roster (control, O10), and
 *     which presences have ended, or will next.
 */
export interface NodeInfo {
  readonly node: string;
  readonly host: string;
  readonly pid: number;
  /** Server time in milliseconds. */
  readonly startedAt: number;
  /** The node that it comes after, when it was started in the place of one. */
  readonly replaces?: string;
  /** JSON text for people and pages: roles, agents, load. The broker never reads it. */
  readonly status: string;
}

export interface NodeRecord extends NodeInfo {
  readonly alive: boolean;
  /** 0 when it has ended. */
  readonly leaseLeftMs: number;
}

export interface Beat {
  /** Server time in milliseconds. */
  readonly serverTime: number;
  /** P4 */
  readonly beats: number;
  /** P7: the version of the roster. */
  readonly roster: string;
  /** P7: nodes whose presence ended less than an hour ago, by name; at most 1,000, those that ended last. */
  readonly ended: readonly string[];
  /** P7: until the first lease of another node ends, if it is not renewed; absent when there is none. */
  readonly nextEndInMs?: number;
}

export type RenewReply = ({ readonly kind: 'renewed' } & Beat) | { readonly kind: 'lost' };

export type ActivateReply =
  | { readonly kind: 'granted'; readonly epoch: number }
  | { readonly kind: 'held'; readonly owner: string; readonly epoch: number };

export interface Activation {
  readonly owner: string;
  readonly epoch: number;
}

/** An agent id under the epoch of its grant. */
export interface Holding {
  readonly agentId: string;
  readonly epoch: number;
}

export interface PresencePort {
  /** Begins a node's presence. Every incarnation takes an id of its own: one that left under this id may still be listed as an owner. */
  join(info: NodeInfo, leaseMs: number): Promise<Beat>;
  /** Extends it (P1) and replaces its status. */
  renew(node: string, leaseMs: number, status: string): Promise<RenewReply>;
  /** Ends it at once and forgets the node. Its activations become free (P5). */
  leave(node: string): Promise<void>;
  /**
   * All nodes that joined and did not leave, those that ended less than an hour ago included; at most 1,000, those whose leases
   * end last. Ordered by `startedAt`, then by id.
   *
   * With `ending` only those that have ended, and of the others the two whose leases end first; their statuses are `'{}'`. What that takes
   * does not grow with the nodes that are present.
   */
  nodes(want?: { readonly ending: boolean }): Promise<readonly NodeRecord[]>;
  /** Claims agent ids for a node (P2, P3). The node must be present, else `OwnershipError('presence-lost')`. */
  activate(node: string, agentIds: readonly string[]): Promise<readonly ActivateReply[]>;
  /** Gives ids back (P6); true for each that `node` held under that epoch. */
  deactivate(node: string, holdings: readonly Holding[]): Promise<readonly boolean[]>;
  /** Current activations; undefined where the id is free or its owner's presence has ended. */
  lookup(agentIds: readonly string[]): Promise<readonly (Activation | undefined)[]>;
}
