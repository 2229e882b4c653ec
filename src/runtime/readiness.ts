/**
 * Whether a node can do what it is there for, from what its parts know: pure, so that every reason is tested by itself.
 *
 * B1  A node is ready when its agents are up or stand by, its presence was renewed in time, its links are up, and it can claim tasks. A
 *     node that is alive and cannot claim is not ready.
 * B2  `why` names everything that is missing, and is empty when nothing is.
 */
import type { LinkState } from '../broker/broker.ts';
import type { CellState } from './cell-spec.ts';

export interface Readiness {
  readonly ready: boolean;
  /** What is missing, in sentences. */
  readonly why: readonly string[];
}

/** Of a whole node. `fenced`: its presence has ended, and it works no more. */
export type NodePhase = 'starting' | 'up' | 'stopping' | 'fenced';

export interface ReadinessFacts {
  readonly phase: NodePhase;
  readonly heartbeatMs: number;
  /** Since the last renewal of its presence that came back was asked for; absent: there was none. */
  readonly silentMs: number | undefined;
  readonly links: readonly LinkState[];
  readonly agents: Iterable<{ readonly id: string; readonly state: CellState }>;
  /** What keeps it from claiming. */
  readonly claims: readonly string[];
}

/** An agent in one of these states will be up, and is not. One that is down has ended for good. */
const onTheWay: ReadonlySet<CellState> = new Set(['starting', 'restarting']);
const mostNamed = 3;

/** B1, B2 */
export function readinessOf({ phase, heartbeatMs, silentMs, links, agents, claims }: ReadinessFacts): Readiness {
  const why: string[] = [];
  if (phase === 'fenced') why.push('its presence has ended');
  else if (phase !== 'up') why.push(`it is ${phase}`);
  why.push(...links.filter(({ up }) => !up).map(({ name }) => `its ${name} link is down`));
  if (silentMs !== undefined && silentMs > 2 * heartbeatMs)
    why.push(`its presence was last renewed ${seconds(silentMs)} ago, with a heartbeat of ${seconds(heartbeatMs)}`);
  why.push(...claims, ...agentsOnTheWay(agents));
  return { ready: why.length === 0, why };
}

function agentsOnTheWay(agents: ReadinessFacts['agents']): readonly string[] {
  const missing: string[] = [];
  let more = 0;
  for (const { id, state } of agents) {
    if (!onTheWay.has(state)) continue;
    if (missing.length < mostNamed) missing.push(`agent ${id} is ${state}`);
    else more++;
  }
  return more === 0 ? missing : [...missing, `${more} more agents are starting or restarting`];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
