/**
 * Where an agent is to run: on the node that has most room among those that host its class.
 *
 * Pure over what the nodes tell of themselves, so that all who look at the same nodes choose alike; `Placements` adds what this process
 * has placed since they told it.
 */
import type { NodeRecord } from '../broker/presence.ts';

/** A node on which agents can be placed. */
export interface Place {
  readonly node: string;
  readonly isUp: boolean;
  readonly roles: readonly string[];
  /** Those of them that a pool hosts. */
  readonly pools: readonly string[];
  readonly agents: number;
  /** Handlers that run now. */
  readonly running: number;
}

/** The nodes that are present and do not drain. */
export function placesOf(nodes: readonly NodeRecord[]): readonly Place[] {
  return nodes.flatMap((record) => {
    const { phase, roles, pools, agentCount, running } = statusOf(record);
    if (!record.alive || (phase !== 'up' && phase !== 'starting')) return [];
    const load = { agents: count(agentCount), running: count(running) };
    return [{ node: record.node, isUp: phase === 'up', roles: texts(roles), pools: texts(pools), ...load }];
  });
}

/** Of those that host the role the ones that are up before those that start, then fewest agents, then least running, then by id. */
export function mostRoom(places: readonly Place[], role: string): Place | undefined {
  const hosts = places.filter(({ roles }) => roles.includes(role));
  return hosts.toSorted(
    (a, b) =>
      Number(b.isUp) - Number(a.isUp) || a.agents - b.agents || a.running - b.running || (a.node < b.node ? -1 : 1),
  )[0];
}

/** How many of `size` agents run on `node`, spread evenly over `hosts`; the first ones have one more where it does not divide. */
export function shareOf(size: number, hosts: readonly string[], node: string): number {
  const at = hosts.indexOf(node);
  if (at < 0) return 0;
  return Math.floor(size / hosts.length) + (at < size % hosts.length ? 1 : 0);
}

/** One more agent on that node. */
export function withOneMore(places: readonly Place[], node: string): readonly Place[] {
  return places.map((place) => (place.node === node ? { ...place, agents: place.agents + 1 } : place));
}

/** Nodes tell their load with every heartbeat; until then what was placed on them here is added to it. */
export class Placements {
  readonly #placed = new Map<string, { readonly status: string; count: number }>();

  /** The places, with what was placed on them since they told their load. */
  of(nodes: readonly NodeRecord[]): readonly Place[] {
    const statuses = new Map(nodes.map(({ node, status }) => [node, status]));
    for (const [node, { status }] of this.#placed) if (statuses.get(node) !== status) this.#placed.delete(node);
    return placesOf(nodes).map((place) => ({
      ...place,
      agents: place.agents + (this.#placed.get(place.node)?.count ?? 0),
    }));
  }

  note(node: string, nodes: readonly NodeRecord[]): void {
    const status = nodes.find((record) => record.node === node)?.status ?? '';
    const placed = this.#placed.get(node) ?? { status, count: 0 };
    placed.count++;
    this.#placed.set(node, placed);
  }
}

interface Told {
  readonly phase?: unknown;
  readonly roles?: unknown;
  readonly pools?: unknown;
  readonly agentCount?: unknown;
  readonly running?: unknown;
}

function statusOf({ status }: NodeRecord): Told {
  try {
    return (JSON.parse(status) as Told | null) ?? {};
  } catch {
    return {}; // whatever it is, no agents can be placed on it
  }
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function count(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0;
}
