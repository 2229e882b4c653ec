/**
 * What a node is made of, and what it leaves to the next one.
 *
 * Apart from the node, because the composition roots and its parts name it, too.
 */
import type { Broker } from '../broker/broker.ts';
import type { Legacy } from '../client/lanes.ts';
import type { RuntimeConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import type { Culprits } from './culprits.ts';
import type { NodeEnd } from './ending.ts';
import type { NodeRequest } from './node-control.ts';
import type { RosterLegacy } from './roster-book.ts';
import type { ThreadRunner } from './thread-runner.ts';

/** What a node leaves to the incarnation after it: what it had sent and still keeps, and the most beats it has seen. */
export interface NodeLegacy {
  readonly lanes: Legacy;
  readonly beats: number;
  readonly roster: RosterLegacy;
}

export interface NodeDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly config: RuntimeConfig;
  /** A new one for every incarnation. */
  readonly node: string;
  readonly host: string;
  readonly pid: number;
  /** What the incarnation before this one leaves behind. */
  readonly legacy?: NodeLegacy | undefined;
  /** The node in whose place it starts. */
  readonly replaces?: string | undefined;
  /** Knows whose code runs; the incarnations of a process share one. */
  readonly culprits?: Culprits | undefined;
  /** Runs the handlers that ask for a thread. Absent: they run in place. */
  readonly threads?: ThreadRunner | undefined;
  /** The node has to be stopped by whoever made it. Called once. */
  readonly onEnded: (end: NodeEnd) => void;
  /** Somebody wants the node to drain or to restart; that is done by whoever made it. Absent: such commands are refused. */
  readonly onAsked?: (request: NodeRequest) => void;
}
