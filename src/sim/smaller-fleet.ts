/**
 * The agents of a scenario, made fewer: what a failure is shrunk to, and how many agents are left.
 *
 * Apart from the scenario, which says what it cannot do without; pure.
 */
import type { Hosting } from '../agent/hosting.ts';

export interface Smaller {
  readonly poolSize?: number;
  readonly without?: readonly string[];
}

export function smallerFleet(
  agents: readonly Hosting[],
  { poolSize = Infinity, without = [] }: Smaller,
): readonly Hosting[] {
  const left = (hosting: Hosting): Hosting[] => {
    if (hosting.kind === 'group') return [{ ...hosting, agents: hosting.agents.flatMap(left) }];
    if (without.includes(hosting.role)) return [];
    return [hosting.kind === 'pool' ? { ...hosting, size: Math.min(hosting.size ?? 1, poolSize) } : hosting];
  };
  return agents.flatMap(left);
}

export function rolesOf(agents: readonly Hosting[]): readonly string[] {
  return agents.flatMap((hosting) => (hosting.kind === 'group' ? rolesOf(hosting.agents) : [hosting.role]));
}

/** Live agents of a fleet of so many nodes: those of a pool on each of them, one of a single. */
export function countAgents(agents: readonly Hosting[], nodes: number): number {
  const count = (hosting: Hosting): number => {
    if (hosting.kind === 'group') return countAgents(hosting.agents, nodes);
    return hosting.kind === 'pool' ? nodes * (hosting.size ?? 1) : 1;
  };
  return agents.reduce((sum, hosting) => sum + count(hosting), 0);
}
