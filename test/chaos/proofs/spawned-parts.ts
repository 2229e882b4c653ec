/**
 * What the proof of the take-over of spawned agents and its processes agree on: the roles, the order to hire, and what a node is told.
 *
 * Apart from the agents, so that the rig never loads a decorated class.
 */
import { z } from 'zod';
import { defineMessage } from '../../../src/agent/contract.ts';
import type { TakeoverParameters } from './failover-parts.ts';

/** Of an agent with nobody above it, and of one that a boss spawns. */
export const helperRole = 'helper';
export const bossRole = 'boss';

/** To a boss: spawn a helper. */
export const hire = defineMessage('hire', {
  data: z.object({ id: z.string(), detached: z.boolean() }),
  reply: z.null(),
});

export interface SpawnedNodeParameters extends TakeoverParameters {
  /** It has the classes of what is spawned. */
  readonly hosts: boolean;
}
