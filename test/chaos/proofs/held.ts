/**
 * Held tasks: what the proofs of SIGTERM and of take-over and their processes agree on. A handler holds its task for as long as it was told.
 */
import { z } from 'zod';
import { defineTask } from '../../../src/agent/contract.ts';
import type { RuntimeOptions } from '../../../src/config/config.ts';

export const fleetName = 'proof';

export const heldTask = defineTask('held', {
  role: 'held',
  input: z.object({
    n: z.number(),
    ms: z.number(),
    /** When it may be a repeat. */
    againMs: z.number(),
    /** Ends when its signal aborts. */
    heeds: z.boolean(),
  }),
  output: z.object({ n: z.number() }),
});

export interface HolderParameters {
  readonly redis: string;
  readonly book: string;
  readonly size: number;
  /** Of each agent. */
  readonly concurrency: number;
  readonly timing: RuntimeOptions['timing'];
}

export type HeldEntry =
  | {
      readonly t: 'run';
      readonly n: number;
      readonly task: string;
      readonly attempt: number;
      readonly again: boolean;
    }
  | { readonly t: 'done'; readonly n: number }
  | { readonly t: 'settled'; readonly task: string; readonly outcome: string };
