/**
 * `isolation` and `memory` of a hosting: a node process of its own, with a limit to its JavaScript heap.
 *
 * Apart from the other options of a hosting, because only a supervisor process can keep this promise: whoever starts a fleet
 * without one has to refuse it.
 */
import * as z from 'zod';
import { leastMemoryMb, memoryRule, parseMemory } from '../core/memory-size.ts';
import type { AgentsConfig } from './config.ts';
import { optionRegistry } from './options.ts';

const isolationRule = "'process'";
const isolation = z.literal('process', { error: isolationRule }).register(optionRegistry, {
  rule: isolationRule,
  description:
    'Run these agents in a node process of their own under `runtime start`. Absent: together with the others in one process.',
});

const memory = z
  .custom<string>((value) => parseMemory(value) !== undefined, { error: memoryRule })
  .transform((value) => parseMemory(value) ?? leastMemoryMb)
  .register(optionRegistry, {
    rule: memoryRule,
    description: 'Limit of the JavaScript heap of that process; at it, the process ends and is replaced.',
  });

/** The options as a hosting's schema has them. */
export const isolationFields = { isolation: isolation.optional(), memory: memory.optional() };

/** The options as the runtime reads them. */
export interface IsolationConfig {
  /** Absent: in one process with the others. */
  readonly isolation?: 'process';
  /** Limit of the JavaScript heap. */
  readonly memoryMb?: number;
}

export function completeIsolation(parsed: {
  readonly isolation?: 'process' | undefined;
  readonly memory?: number | undefined;
}): IsolationConfig {
  return {
    ...(parsed.isolation !== undefined && { isolation: parsed.isolation }),
    ...(parsed.memory !== undefined && { memoryMb: parsed.memory }),
  };
}

/** A limit for one hosting among others in a process would be a limit for them all. */
export function isolationProblems(agents: AgentsConfig): readonly string[] {
  if (typeof agents === 'string') return [];
  return agents.flatMap(({ isolation: own, memoryMb, at }) =>
    memoryMb === undefined || own === 'process'
      ? []
      : [
          `expected ${at}.memory to come with isolation: 'process', got: memory alone\nOnly a process of its own can have a limit of its own; add isolation: 'process', or leave memory out.`,
        ],
  );
}

/** Why a program of the user's cannot run these agents in its own process; empty when it can. */
export function embeddedProblems(agents: AgentsConfig): readonly string[] {
  if (typeof agents === 'string') return [];
  return agents
    .filter((hosting) => hosting.isolation === 'process')
    .map(
      ({ role }) =>
        `expected role "${role}" to be hosted without isolation inside a program, got: isolation: 'process'\nOnly "runtime start" starts node processes; run the fleet with it, or leave isolation out here.`,
    );
}
