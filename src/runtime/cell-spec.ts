/**
 * What a cell is made of, what it tells those who made it, and the words for its state.
 *
 * Apart from the cell, because most of the runtime knows cells by this alone.
 */
import type { AgentContext } from '../agent/context.ts';
import type { HandlerTable } from '../agent/handlers.ts';
import type { Overflow } from '../agent/hosting.ts';
import type { AgentClass } from '../agent/task-types.ts';
import type { Cell } from './cell.ts';
import type { RestartPolicy } from './restart-policy.ts';
import type { Group, RestartType } from './supervision-tree.ts';
import type { LiveWork, Work } from './work.ts';

export type CellState = 'standby' | 'starting' | 'up' | 'stopping' | 'restarting' | 'down';

/** What becomes of an agent that ends, and who is told of it. */
export interface CellSupervision {
  readonly restart: RestartType;
  /** Of an agent in no group. */
  readonly policy: RestartPolicy;
  /** The outermost group that it is in, with all of its members. */
  readonly group?: Group;
  /** It has ended, and is not started again here. `error`: what it failed with. */
  readonly onEnded?: (error?: unknown) => void;
}

/** Why an agent was restarted. */
export interface RestartReason {
  /** Wall time of its node in milliseconds. */
  readonly at: number;
  readonly reason: string;
}

export interface CellSpec {
  readonly id: string;
  readonly Class: AgentClass;
  readonly table: HandlerTable;
  readonly kind: 'pool' | 'single';
  readonly concurrency: number;
  readonly mailboxLimit: number;
  /** X4 */
  readonly overflow: Overflow;
  /** Absent: permanent, in no group, with the default policy. */
  readonly supervision?: CellSupervision;
}

export interface CellHooks {
  readonly contextFor: (cell: Cell) => AgentContext;
  /** Runs code of the agent that belongs to no handler call, so that it is known whose it is. */
  readonly within: <T>(cell: Cell, body: () => T) => T;
  /** Runs one piece of work. Undefined when it has ended already, else a promise that resolves then; never throws or rejects. */
  readonly execute: (cell: Cell, work: Work) => Promise<void> | undefined;
  readonly onEnded: (work: Work) => void;
  /** X4: had to make room for newer live mail. */
  readonly onPushedOut: (cell: Cell, work: LiveWork) => void;
  /** A handler was given up. */
  readonly onGivenUp: (cell: Cell, name: string) => void;
  /** X5 */
  readonly onHaunted: (cell: Cell) => void;
  /** The agent has failed (culprits.ts), or says so itself. */
  readonly onFailure: (cell: Cell, error: unknown) => void;
  /** The agent has done its work, and ends itself. */
  readonly onFinished: (cell: Cell) => void;
  /** A handler has ended: there may be room. */
  readonly onRoom: (cell: Cell) => void;
}
