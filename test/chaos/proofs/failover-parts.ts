/**
 * What the proof of fail-over and its processes agree on: the numbered messages, the effects, and the lines of the book.
 *
 * Apart from the agents, so that the rig never loads a decorated class.
 */
import { z } from 'zod';
import { defineBroadcast, defineMessage } from '../../../src/agent/contract.ts';
import type { RuntimeOptions } from '../../../src/config/config.ts';

export const numbered = defineMessage('numbered', { data: z.object({ from: z.string(), seq: z.number() }) });

/** Which message was handled, and in which incarnation of a node. */
const Trace = z.object({ to: z.string(), node: z.string(), from: z.string(), seq: z.number() });
export type Trace = z.infer<typeof Trace>;

/** What a handler leaves behind: the broker takes a broadcast only from a node that is present. */
export const effect = defineBroadcast('failover.effect', { data: Trace });

/** What a handler saw, written into the book before it does anything else. */
export interface Handling extends Trace {
  readonly redelivered: boolean;
}

/** Of a process of any proof of take-over. */
export interface TakeoverParameters {
  readonly redis: string;
  readonly book: string;
  /** How long a handler works before its effect. */
  readonly workMs: number;
  readonly timing: RuntimeOptions['timing'];
}

export interface FailoverNodeParameters extends TakeoverParameters {
  readonly singles: readonly string[];
}

/** A process says that a new incarnation of its node is up. */
export interface Incarnation {
  readonly node: string;
}
