/**
 * How an envelope is addressed to a node itself instead of to an agent: `node:<id>`.
 *
 * No agent has a colon in its id, so the two never meet.
 */
const prefix = 'node:';

export function nodeAddress(node: string): string {
  return `${prefix}${node}`;
}

/** The node that is meant, or undefined when it is an agent. */
export function nodeOf(to: string): string | undefined {
  return to.startsWith(prefix) ? to.slice(prefix.length) : undefined;
}
