/**
 * The node processes of the rigs: what they are started with.
 */
import type { RuntimeOptions } from '../../../src/config/config.ts';
import { Child } from '../../chaos/proofs/child.ts';

export interface RigNode {
  readonly redis: string;
  /** Agents of the role `audit`. */
  readonly size: number;
  readonly concurrency: number;
  readonly timing?: RuntimeOptions['timing'];
}

/** Resolves when the node is up. */
export function startNode(parameters: RigNode): Promise<Child> {
  return new Child({ entry: '../../classic/rig/node.ts', parameters }).ready();
}
