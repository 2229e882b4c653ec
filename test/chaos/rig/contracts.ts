/**
 * What the rig and the workers of its fleet agree on: names, settings, and the lines that workers write into the ledger.
 *
 * Apart from the agents, so that the rig never loads a decorated class.
 */
import { z } from 'zod';
import { defineTask } from '../../../src/agent/contract.ts';

export const fleetName = 'chaos';
export const lockNames = ['rig-a', 'rig-b', 'rig-c'] as const;
export const postIds = ['post-a', 'post-b'] as const;
export const topic = 'rig.tick';
export const gapTopic = 'runtime.gap';

const rest = { lockLease: '1s', drainGrace: '3s' } as const;

/**
 * Short, so that a round sees many leases end. Which one ends first makes the difference between a node that is fenced as a whole and one
 * that has lost a task only, and finds out when it settles it.
 */
export const timings = {
  'presence-first': { presenceLease: '1500ms', heartbeat: '400ms', taskLease: '2s', ...rest },
  'task-first': { presenceLease: '3500ms', heartbeat: '500ms', taskLease: '1s', ...rest },
} as const;
export type Timing = keyof typeof timings;

/** Longer than the lease that ends first. */
export const stallMs = 2_400;
/** Longer than the task lease, with a free event loop: the lease is renewed. */
export const overrunMs = 2_600;

/** How the handler of a task behaves. All but `overruns` and `guarded` are calm from the second or third attempt on. */
export const moods = ['calm', 'throws', 'overruns', 'stalls', 'kills', 'guarded'] as const;
export type Mood = (typeof moods)[number];

/** Of a destroying stage: so long a parked task waits, longer than its sender keeps it, so that the oldest are gone for good. */
export const parkedMs = 13_000;

/** Generous: no task may die of the faults of a round. */
const policy = { retries: 60, backoff: '60ms' } as const;

export const workTask = defineTask('work', {
  role: 'work',
  input: z.object({ n: z.number(), mood: z.enum(moods), ms: z.number() }),
  output: z.object({ n: z.number() }),
  ...policy,
});
export const probeTask = defineTask('probe', {
  role: 'probe',
  input: z.object({ n: z.number() }),
  output: z.object({ n: z.number() }),
  ...policy,
});

/** What a numbered message or broadcast carries. */
export const Numbered = z.object({ from: z.string(), seq: z.number() });
export type Numbered = z.infer<typeof Numbered>;

/** Environment of a worker process. */
export const variables = {
  timing: 'RIG_TIMING',
  redis: 'RIG_REDIS',
  replicas: 'RIG_REPLICAS',
  ledger: 'RIG_LEDGER',
  resource: 'RIG_RESOURCE',
} as const;

/** One line of the ledger. `inst` is one start of one agent; `again`: it was marked as a possible repeat. */
export type Line = { readonly pid: number; readonly at: number } & (
  | { readonly t: 'up'; readonly inst: string; readonly agent: string }
  | { readonly t: 'run'; readonly n: number; readonly task: string; readonly mood: Mood; readonly again: boolean }
  | { readonly t: 'settled'; readonly task: string; readonly name: string; readonly outcome: string }
  | ({ readonly t: 'mail'; readonly inst: string; readonly to: string; readonly again: boolean } & Numbered)
  | ({ readonly t: 'heard'; readonly inst: string; readonly id: string; readonly again: boolean } & Numbered)
  | { readonly t: 'gap'; readonly inst: string }
  | ({ readonly t: 'sent'; readonly to: string } & Numbered)
  | ({ readonly t: 'cast'; readonly id: string } & Numbered)
  | { readonly t: 'probe'; readonly n: number }
  /** It was refused, and half a lease later it still believed to hold the lock. */
  | { readonly t: 'misled'; readonly lock: string; readonly token: number }
  | { readonly t: 'locked'; readonly lock: string; readonly token: number }
  | { readonly t: 'fenced' | 'ready'; readonly node: string }
);

/** Milliseconds on a clock that all processes of the machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
