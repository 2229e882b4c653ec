/**
 * What the fleet may want of a node as a whole: that it drains, that it restarts, how it is.
 *
 * A node neither ends nor replaces itself: it answers, and leaves the rest to whoever made it. While it starts it refuses, since
 * nothing is there to drain; a node that drains already says so.
 */
import { DeliveryError } from '../core/errors.ts';
import type { Cell } from './cell.ts';
import type { CommandHandler } from './node-commands.ts';

/** `starting`: its agents are being brought up. `draining`: it takes nothing new and is about to leave. */
export type NodeState = 'starting' | 'up' | 'draining';

/** What a node was told to do. */
export interface NodeRequest {
  readonly kind: 'drain' | 'restart';
  /** Of the drain; absent: as configured. */
  readonly graceMs?: number | undefined;
  /** Who told it. */
  readonly from: string;
}

export interface NodeHealth {
  readonly node: string;
  readonly state: NodeState;
  readonly agents: number;
  /** Handlers that run now. */
  readonly running: number;
}

export interface NodeControlDeps {
  readonly node: string;
  readonly health: () => NodeHealth;
  /** Whoever made the node stops it, and makes the next one. Absent: nobody can. */
  readonly onAsked: ((request: NodeRequest) => void) | undefined;
}

/** The handlers of the commands that are about the node itself. */
export function nodeControl({ node, health, onAsked }: NodeControlDeps): Readonly<Record<string, CommandHandler>> {
  const ask =
    (kind: NodeRequest['kind']): CommandHandler =>
    (data, { from }) => {
      const { state } = health();
      if (state === 'draining') return { state };
      if (state === 'starting' || onAsked === undefined) throw cannot(node, kind, state);
      onAsked({ kind, from, graceMs: graceOf(data) });
      return { state: 'draining' satisfies NodeState };
    };
  return {
    drain: ask('drain'),
    restart: ask('restart'),
    health: () => health(),
    'until-gone': () => new Promise(() => {}), // the end of the presence is the answer
  };
}

export function healthOf(node: string, state: NodeState, cells: readonly Cell[]): NodeHealth {
  const running = cells.reduce((sum, cell) => sum + cell.running, 0);
  return { node, state, agents: cells.length, running };
}

function graceOf(data: unknown): number | undefined {
  const graceMs: unknown = typeof data === 'object' && data !== null && 'graceMs' in data ? data.graceMs : undefined;
  if (graceMs === undefined) return undefined;
  if (typeof graceMs === 'number' && graceMs >= 0 && graceMs <= longestGraceMs) return graceMs;
  throw new DeliveryError(
    'invalid-payload',
    `expected graceMs to be a number from 0 to ${longestGraceMs}, got: ${JSON.stringify(graceMs)}`,
  );
}

const longestGraceMs = 3_600_000;

function cannot(node: string, kind: NodeRequest['kind'], state: NodeState): DeliveryError {
  const why = state === 'starting' ? 'it is starting' : 'it runs inside a program that did not offer to';
  return new DeliveryError('refused', `expected node "${node}" to be ready to ${kind}, got: ${why}\nTry again later.`);
}
