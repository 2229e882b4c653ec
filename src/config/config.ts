/**
 * The configuration: `defineConfig` types what users write, `resolveConfig` turns it into what the runtime reads.
 *
 * One pure function from options to a complete, consistent configuration or one `ConfigError` with every problem. Nothing
 * here reads files or the environment; the command line does, by the variables named beside each option.
 */
import type * as z from 'zod';
import { ConfigError } from '../core/errors.ts';
import { completeIsolation, type IsolationConfig } from './isolation.ts';
import { describeProblem, optionName } from './problems.ts';
import { readablePart } from './readable.ts';
import { brokenRelations } from './relations.ts';
import type { ScheduleOption } from './schedules.ts';
import { agentsFolder, optionsSchema } from './schema.ts';
import { flatten, type Placed, type SupervisionConfig } from './supervision.ts';

type ParsedOptions = z.output<typeof optionsSchema>;
type ListedOptions = z.input<typeof optionsSchema>;

/** What `pool()`, `single()` and `group()` make, as far as the configuration reads it. */
export type HostingOption = NonNullable<ListedOptions['agents']>[number];

/** What users write in `runtime.config.ts`. */
export type RuntimeOptions = Omit<ListedOptions, 'agents'> & {
  /** A list made by `pool`, `single` and `group`, or the path of a folder of agent classes. */
  readonly agents?: readonly HostingOption[] | string;
};

interface HostingBase extends IsolationConfig {
  readonly agent: new () => object;
  readonly role: string;
  readonly concurrency: number;
  readonly mailbox: number;
  readonly overflow: 'reject' | 'drop-oldest';
  readonly supervision: SupervisionConfig;
  /** Where it stands in the configuration: `agents[0].agents[1]`. */
  readonly at: string;
}
/** How a class is run, complete. */
export type HostingConfig =
  | (HostingBase & { readonly kind: 'pool'; readonly size: number })
  | (HostingBase & { readonly kind: 'single'; readonly id: string });

/** The list, or the path of the folder from which the command line makes the list. */
export type AgentsConfig = readonly HostingConfig[] | string;

export interface TimingConfig {
  readonly presenceLeaseMs: number;
  readonly heartbeatMs: number;
  readonly taskLeaseMs: number;
  readonly taskRenewalMs: number;
  readonly lockLeaseMs: number;
  readonly askDeadlineMs: number;
  readonly drainGraceMs: number;
  readonly resultTtlMs: number;
  readonly hangLimitMs: number;
}

export interface LimitsConfig {
  readonly events: number;
  readonly eventsAgeMs: number;
  readonly inbox: number;
  /** Errors of agents that nobody handles, in any minute. */
  readonly unhandled: number;
  readonly maxWaiting: number;
}

/** Whom a node trusts behind a `rediss://` URL. */
export interface TlsConfig {
  /** Certificates as PEM text, or the path of a file with them. Absent: those that Node trusts. */
  readonly ca?: string;
  readonly insecure: boolean;
}

/** True for certificates themselves, false for the path of a file. */
export function isPem(ca: string): boolean {
  return ca.includes('-----BEGIN ');
}

/** The limits of one queue in the whole fleet; what is absent is not limited. */
export interface QueueConfig {
  readonly concurrency?: number;
  readonly rate?: { readonly max: number; readonly perMs: number };
  /** Absent: left as it is. */
  readonly partitions?: number;
}

/** The configuration as the runtime reads it: complete, every duration in milliseconds. */
export interface RuntimeConfig {
  /** Absent: the embedded broker. */
  readonly redis?: string;
  readonly tls: TlsConfig;
  readonly durability: 'server' | 'replicated';
  /** Of durability `replicated`. */
  readonly replicas: number;
  readonly allowEviction: boolean;
  readonly fleet: string;
  readonly classic: boolean;
  /** Classic agents that tasks may be addressed to; absent: no tasks cross over. */
  readonly foreign?: readonly string[];
  readonly agents: AgentsConfig;
  readonly timing: TimingConfig;
  readonly limits: LimitsConfig;
  /** By role or agent id. */
  readonly queues: Readonly<Record<string, QueueConfig>>;
  /** By name. */
  readonly schedules: Readonly<Record<string, ScheduleOption>>;
}

/**
 * Types the options of a fleet. Returns them as they are; `resolveConfig` checks them when the fleet starts.
 *
 * @example
 * export default defineConfig({
 *   redis: process.env.REDIS_URL,
 *   agents: [pool(AuditAgent, { size: 3 }), single(DocsAgent, { id: 'docs' })],
 * });
 */
export function defineConfig(options: RuntimeOptions): RuntimeOptions {
  return options;
}

/**
 * The complete configuration: defaults filled in, durations in milliseconds, relations checked.
 *
 * @throws ConfigError with every problem at once.
 */
export function resolveConfig(options: RuntimeOptions): RuntimeConfig {
  const { folder, listed } = splitAgents(options);
  const parsed = optionsSchema.safeParse(listed);
  const folderIssues = folder === undefined ? [] : (agentsFolder.safeParse(folder).error?.issues ?? []);
  const issues = [...(parsed.error?.issues ?? []), ...folderIssues.map((issue) => ({ ...issue, path: ['agents'] }))];
  if (!parsed.success || issues.length > 0) {
    const wrong = issues.flatMap((issue) => describeProblem(issue, options));
    throw new ConfigError([...wrong, ...relationsAmongTheRest(listed, parsed.error?.issues ?? [])]);
  }
  const config = complete(parsed.data, folder);
  const broken = brokenRelations(config, optionName);
  if (broken.length > 0) throw new ConfigError(broken);
  return config;
}

/** The broken relations between options that are right in themselves. */
function relationsAmongTheRest(listed: unknown, issues: readonly z.core.$ZodIssue[]): readonly string[] {
  const { options, removed } = readablePart(listed, issues);
  const parsed = optionsSchema.safeParse(options);
  if (!parsed.success) return [];
  const broken = brokenRelations(complete(parsed.data, undefined), optionName);
  return broken.filter((problem) => !removed.some((name) => name.includes('.') && problem.includes(name)));
}

/** A folder's path is taken out, so that the rest has one form. */
function splitAgents(options: RuntimeOptions): { readonly folder?: string; readonly listed: unknown } {
  if (typeof options !== 'object' || options === null || typeof options.agents !== 'string') return { listed: options };
  const { agents, ...listed } = options;
  return { folder: agents, listed };
}

function complete(parsed: ParsedOptions, folder: string | undefined): RuntimeConfig {
  const { timing, limits, tls } = parsed;
  return {
    ...(parsed.redis !== undefined && { redis: parsed.redis }),
    tls: { insecure: tls.insecure, ...(tls.ca !== undefined && { ca: tls.ca }) },
    durability: parsed.durability,
    replicas: parsed.replicas,
    allowEviction: parsed.allowEviction,
    fleet: parsed.fleet,
    classic: parsed.classic !== false,
    ...(typeof parsed.classic === 'object' && { foreign: parsed.classic.foreign }),
    agents: folder ?? flatten<ParsedHosting>(parsed.agents).map(completeHosting),
    timing: {
      presenceLeaseMs: timing.presenceLease,
      heartbeatMs: timing.heartbeat,
      taskLeaseMs: timing.taskLease,
      taskRenewalMs: timing.taskRenewal ?? Math.floor(timing.taskLease / 3),
      lockLeaseMs: timing.lockLease,
      askDeadlineMs: timing.askDeadline,
      drainGraceMs: timing.drainGrace,
      resultTtlMs: timing.resultTtl,
      hangLimitMs: timing.hangLimit,
    },
    limits: {
      events: limits.events,
      eventsAgeMs: limits.eventsAge,
      inbox: limits.inbox,
      unhandled: limits.unhandled,
      maxWaiting: limits.maxWaiting,
    },
    queues: Object.fromEntries(Object.entries(parsed.queues).map(([name, queue]) => [name, completeQueue(queue)])),
    schedules: parsed.schedules,
  };
}

function completeQueue({ concurrency, rate, partitions }: ParsedOptions['queues'][string]): QueueConfig {
  return {
    ...(concurrency !== undefined && { concurrency }),
    ...(rate && { rate: { max: rate.max, perMs: rate.per } }),
    ...(partitions !== undefined && { partitions }),
  };
}

type ParsedHosting = Exclude<ParsedOptions['agents'][number], { readonly kind: 'group' }>;

function completeHosting({ hosting: parsed, supervision, at }: Placed<ParsedHosting>): HostingConfig {
  const { isolation, memory, ...hosting } = parsed;
  const placed = { ...completeIsolation({ isolation, memory }), supervision, at };
  return hosting.kind === 'pool'
    ? { ...hosting, ...placed }
    : { ...hosting, id: hosting.id ?? hosting.role, ...placed };
}
