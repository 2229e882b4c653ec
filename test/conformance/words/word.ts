/**
 * A word of the generator: one method of a port or of an outsider, how it is called in the world as it is, and what its answer teaches.
 */
import type { Chance } from '../chance.ts';
import type { Call, Place } from '../steps.ts';
import type { World } from '../world.ts';

export type Said = Pick<Call, 'by' | 'args'> & Partial<Pick<Call, 'tagOf'>>;

export interface Word {
  readonly port: Place;
  readonly method: string;
  /** How often it is said, beside others. */
  readonly weight: number;
  /** Undefined when there is nothing to say it about. */
  say(world: World, chance: Chance): Said | undefined;
  /** `reply` is in symbols. */
  learn?(world: World, said: Said, reply: never): void;
}

/** The process whose incarnation a node is. */
export function processOf(node: string): string {
  return node.startsWith('b') ? 'b' : 'a';
}
