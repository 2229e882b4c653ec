/**
 * What another node tells about itself, read with suspicion: it is JSON text that any process may have written, of this version or
 * another. What it does not tell, or tells in a form of its own, is absent.
 */
import * as z from 'zod';

const count = z.number().catch(0);
const maybeCount = z.number().optional().catch(undefined);
const texts = z.array(z.string()).catch([]);

const agentSchema = z.object({
  id: z.string(),
  role: z.string(),
  state: z.string(),
  restarts: count,
  restartReasons: z.array(z.object({ at: z.number(), reason: z.string() })).catch([]),
  mailbox: count,
  dropped: maybeCount,
  running: count,
  /** Handlers that were given up and have not ended. */
  zombies: maybeCount,
  epoch: maybeCount,
  text: z.string().optional().catch(undefined),
});

const contractSchema = z.object({
  role: z.string(),
  version: z.string(),
  tasks: texts,
  messages: texts,
  topics: texts,
  unnamed: maybeCount,
  agents: count,
  states: z.record(z.string(), z.number()).catch({}),
  restarts: count,
  mailbox: count,
  running: count,
});

const workSchema = z.object({ agent: z.string(), kind: z.string(), name: z.string(), since: z.number() });

const statusSchema = z.object({
  phase: z.string().optional().catch(undefined),
  ready: z.boolean().optional().catch(undefined),
  why: texts,
  heartbeatMs: maybeCount,
  leaseMs: maybeCount,
  contracts: readable(contractSchema),
  agents: readable(agentSchema),
  agentCount: maybeCount,
  queues: texts,
  running: count,
  inFlight: readable(workSchema),
});

export type ToldAgent = z.output<typeof agentSchema>;
export type ToldContract = z.output<typeof contractSchema>;
export type ToldWork = z.output<typeof workSchema>;
export type ToldStatus = z.output<typeof statusSchema>;

export function readToldStatus(text: string): ToldStatus {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = {};
  }
  const told = statusSchema.safeParse(value);
  return told.success ? told.data : statusSchema.parse({});
}

/** The elements that can be read; the others are left out. */
function readable<T extends z.ZodType>(schema: T) {
  const some = z.array(z.unknown()).catch([]);
  return some.transform((items) => items.map((item) => schema.safeParse(item)).flatMap((read) => read.data ?? []));
}
