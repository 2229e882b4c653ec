/**
 * Which nodes disagree on the contract of a role: pure, for a node that joins and for whoever looks at the fleet.
 *
 * Nodes of two versions may work side by side for a while; what the one accepts, the other may refuse, and the caller cannot know which of
 * them it will be. So it is said aloud.
 */

/** What a node says of the contracts of its roles. */
export interface ToldContracts {
  readonly node: string;
  readonly contracts: readonly { readonly role: string; readonly version: string }[];
}

/** A role that has several contracts in one fleet. */
export interface Disagreement {
  readonly role: string;
  /** The one that most nodes have first. */
  readonly versions: readonly { readonly version: string; readonly nodes: readonly string[] }[];
}

/** Every role on whose contract not all nodes agree. */
export function disagreements(nodes: readonly ToldContracts[]): readonly Disagreement[] {
  const roles = new Map<string, Map<string, string[]>>();
  for (const { node, contracts } of nodes)
    for (const { role, version } of contracts) {
      const versions = roles.get(role) ?? new Map<string, string[]>();
      roles.set(role, versions.set(version, [...(versions.get(version) ?? []), node]));
    }
  return [...roles]
    .filter(([, versions]) => versions.size > 1)
    .map(([role, versions]) => ({
      role,
      versions: [...versions]
        .map(([version, names]) => ({ version, nodes: names }))
        .sort((a, b) => b.nodes.length - a.nodes.length),
    }));
}
