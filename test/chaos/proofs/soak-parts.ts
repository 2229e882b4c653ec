/**
 * What the soak and its processes agree on: the work, and what they say to each other.
 */
import { z } from 'zod';
import { defineMessage, defineTask } from '../../../src/agent/contract.ts';

export const fleetName = 'soak';
export const echoIds = ['echo-a', 'echo-b'] as const;
export const topic = 'soak.tick';
/** Entries of the event stream. */
export const eventCap = 2_000;

/** What the handler of a task does. */
export const moods = ['plain', 'retries', 'dies', 'progresses', 'locks', 'casts', 'logs'] as const;
export type Mood = (typeof moods)[number];

/** Kept so shortly that what is kept has its full size early in the soak. */
const kept = '20s';

export const mixedTask = defineTask('mixed', {
  role: 'mixed',
  input: z.object({ n: z.number(), mood: z.enum(moods) }),
  output: z.object({ n: z.number() }),
  resultTtl: kept,
  backoff: '50ms',
});
export const note = defineMessage('note', { data: z.object({ n: z.number() }) });
export const question = defineMessage('question', { data: z.object({ n: z.number() }), reply: z.number() });

export interface SoakParameters {
  readonly redis: string;
}

/** To a process. `rate`: operations a second, 0 for as many as it takes with so many at a time. */
export type SoakOrder =
  | { readonly t: 'sample'; readonly id: number }
  | { readonly t: 'load'; readonly rate: number; readonly atATime: number }
  | { readonly t: 'rest' };

export interface LoadTotals {
  /** Operations that were answered. */
  readonly done: number;
  /** Tasks. */
  readonly accepted: number;
  readonly settled: number;
  /** Tasks that ended in another way than they had to. */
  readonly wrong: number;
  /** Operations that were refused, such as an ask of an agent that is moving. */
  readonly refused: number;
  readonly waiting: number;
}

/** Of one process. */
export interface ProcessSample {
  readonly heapMB: number;
  readonly rssMB: number;
  readonly timers: number;
  readonly totals?: LoadTotals;
}

export interface SampleAnswer extends ProcessSample {
  readonly id: number;
}

/** Of this process, after a collection of garbage. */
export function sampleProcess(): ProcessSample {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  return { heapMB: heapUsed / 2 ** 20, rssMB: rss / 2 ** 20, timers };
}
