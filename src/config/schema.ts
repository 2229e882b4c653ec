/**
 * Every option of the configuration: its form, default, variable and meaning.
 *
 * The one source for `resolveConfig`, for the types that users see and for the reference page. Relations between options
 * live in relations.ts.
 */
import * as z from 'zod';
import { limits } from '../core/limits.ts';
import { classicFields, classicSchema } from './classic.ts';
import { isolationFields } from './isolation.ts';
import {
  choice,
  count,
  derivedDuration,
  duration,
  flag,
  optionRegistry,
  plainCount,
  plainDuration,
  text,
} from './options.ts';
import { scheduleFields, scheduleSchema, schedulesRule } from './schedules.ts';
import { groupFields, intensitySchema, restartFields } from './supervision.ts';

const idRule = 'at most 128 letters, digits, ".", "_", "-" and "@", beginning with a letter or digit';
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const nameRule = 'at most 64 letters, digits, ".", "_" and "-", beginning with a letter or digit';

/** A class. Only what hosting means for it is checked here; its handlers are read when the node is put together. */
const agentClass = z.custom<new () => object>((value) => typeof value === 'function', {
  error: 'a class that extends Agent',
});
const role = text(namePattern, nameRule, { description: 'The role of the class; `pool` and `single` fill it in.' });
const concurrency = count(1, 1, 10_000, { description: 'Envelopes that one agent handles at a time.' });
const mailbox = count(limits.mailbox, 1, 100_000, {
  description: 'Envelopes that wait in the process in front of one agent.',
});
const overflow = choice(['reject', 'drop-oldest'], {
  description:
    'What a full mailbox does with live mail (asks, volatile messages): refuse it, or drop the oldest live mail that waits. Stored mail is never dropped.',
});

const poolSchema = z.strictObject({
  kind: z.literal('pool'),
  agent: agentClass,
  role,
  size: count(1, 0, 100_000, {
    description: 'Agents on each node. 0: none by itself; the node takes what is spawned, or scaled.',
  }),
  concurrency,
  mailbox,
  overflow,
  ...isolationFields,
  ...restartFields,
});

const singleSchema = z.strictObject({
  kind: z.literal('single'),
  agent: agentClass,
  role,
  id: text(idPattern, idRule, { description: 'The fleet-wide agent id. Default: the role.' }).optional(),
  concurrency,
  mailbox,
  overflow,
  ...isolationFields,
  ...restartFields,
});

const membersRule = 'a list made by pool(), single() and group(), of at least one';
export const queuesRule = 'an object of limits by queue';
export const hostingRule = 'made by pool(), single() or group()';

const groupHead = z.strictObject({ kind: z.literal('group'), ...groupFields });
interface GroupInput extends z.input<typeof groupHead> {
  readonly agents: readonly HostingInput[];
}
interface GroupOutput extends z.output<typeof groupHead> {
  readonly agents: readonly HostingOutput[];
}
type HostingInput = z.input<typeof poolSchema> | z.input<typeof singleSchema> | GroupInput;
type HostingOutput = z.output<typeof poolSchema> | z.output<typeof singleSchema> | GroupOutput;
const members: z.ZodType<readonly HostingOutput[], readonly HostingInput[]> = z.lazy(() =>
  z.array(hostingSchema, { error: membersRule }).min(1, { error: membersRule }).superRefine(checkMembers),
);
const groupSchema = z.strictObject({ ...groupHead.shape, agents: members });
const hostingSchema = z.discriminatedUnion('kind', [poolSchema, singleSchema, groupSchema], { error: hostingRule });

/** Intensity and backoff are the group's, and all of it is restarted inside one process: what a member says of its own would not hold. */
function checkMembers(list: readonly HostingOutput[], context: z.RefinementCtx): void {
  for (const [index, member] of list.entries())
    for (const key of ['intensity', 'backoff', 'isolation'] as const)
      if (member.kind !== 'group' && member[key] !== undefined)
        context.addIssue({ code: 'custom', path: [index, key], message: ownRules[key] });
}
const ownRules = {
  intensity: 'left to its group',
  backoff: 'left to its group',
  isolation: 'left out in a group, whose agents share one process',
};

const timingSchema = z.strictObject({
  presenceLease: duration('5s', 1_000, {
    description:
      'A node whose loop stands still for longer is gone, and its work is taken over: at most one heartbeat later when the process has ended.',
    variable: 'RUNTIME_PRESENCE_LEASE',
  }),
  heartbeat: duration('1s', 100, {
    description: 'How often a node renews its presence lease. At most a third of it.',
    variable: 'RUNTIME_HEARTBEAT',
  }),
  taskLease: duration('10s', 1_000, {
    description: 'A task whose holder has not renewed it for this long runs again elsewhere.',
    variable: 'RUNTIME_TASK_LEASE',
  }),
  taskRenewal: derivedDuration(100, {
    description: 'How often the lease of a running task is renewed. Default: a third of the task lease.',
    variable: 'RUNTIME_TASK_RENEWAL',
  }),
  lockLease: duration('30s', 1_000, {
    description: 'A lock whose holder has not renewed it for this long is free. Renewed at a third.',
    variable: 'RUNTIME_LOCK_LEASE',
  }),
  askDeadline: duration('30s', 1, {
    description: 'How long an ask waits for its answer when it does not say.',
    variable: 'RUNTIME_ASK_DEADLINE',
  }),
  drainGrace: duration('25s', 0, {
    description: 'How long running handlers may go on after a node was told to stop. Then they are aborted.',
    variable: 'RUNTIME_DRAIN_GRACE',
  }),
  resultTtl: duration('1h', 1_000, {
    description: 'How long the result of a task stays readable when the task does not say.',
    variable: 'RUNTIME_RESULT_TTL',
  }),
  hangLimit: duration('10s', 2_000, {
    description:
      'How long the event loop of a node process may make no progress before the supervisor process of `runtime start` replaces it.',
    variable: 'RUNTIME_HANG_LIMIT',
  }),
});

const limitsSchema = z.strictObject({
  events: count(limits.events, 100, 10_000_000, {
    description: 'Entries in the event stream; older ones are trimmed.',
    variable: 'RUNTIME_EVENTS',
  }),
  eventsAge: duration('7d', 60_000, {
    description: 'Age at which entries of the event stream are trimmed.',
    variable: 'RUNTIME_EVENTS_AGE',
  }),
  inbox: count(limits.inboxEntries, 1, 1_000_000, {
    description: 'Messages in one inbox; senders of more are refused.',
    variable: 'RUNTIME_INBOX',
  }),
  unhandled: count(limits.unhandled, 0, 10_000, {
    description:
      'Unhandled rejections and exceptions of agents that a process survives in any minute: the agent is restarted. One more ends the process.',
    variable: 'RUNTIME_UNHANDLED',
  }),
  maxWaiting: count(limits.queueTasks, 1, 100_000_000, {
    description: 'Tasks in one queue, waiting, parked and running; senders of more are refused.',
    variable: 'RUNTIME_MAX_WAITING',
  }),
});

const tlsSchema = z.strictObject({
  ca: text(/\S/, 'certificates in PEM form, or the path of a file with them', {
    description:
      'The CAs that may sign the certificate of a `rediss://` server, and no others. Default: those that Node trusts.',
    variable: 'REDIS_TLS_CA',
  }).optional(),
  insecure: flag(false, {
    description: 'Take any certificate of a `rediss://` server, unchecked. Every start warns of it.',
    variable: 'REDIS_TLS_INSECURE',
  }),
});

const rateSchema = z.strictObject({
  max: plainCount(1, limits.queueStarts, {
    description:
      'Tasks of the queue that start in any span of time `per`, in the whole fleet. Retries and take-overs count.',
  }),
  per: plainDuration(1, { description: 'The span of time: a window that slides, by the clock of the server.' }),
});

/** Of one queue. */
const queueSchema = z.strictObject({
  concurrency: plainCount(1, limits.queueClaims, {
    description: 'Tasks of the queue that run at a time in the whole fleet. Absent: no limit.',
  }).optional(),
  rate: rateSchema.optional(),
  partitions: plainCount(1, limits.partitions, {
    description:
      'Parts that the tasks of the queue are spread over; in a Redis Cluster each is in a slot of its own. Order and `maxWaiting` hold in each part. Absent: as many as the fleet knows, 1 at first.',
  }).optional(),
});
const redisRule = 'a redis:// or rediss:// URL, also with +cluster or +sentinel, or the path of a socket';
const queueName = z.string().regex(idPattern, { error: idRule });

export const optionsSchema = z.strictObject({
  redis: text(/^(?:rediss?(?:\+cluster|\+sentinel)?:\/\/\S+|unix:\/\/\/\S+|\/\S+)$/, redisRule, {
    description:
      'The Redis of the fleet: one server, some nodes of a Redis Cluster (`redis+cluster://a:6379,b:6379`), or sentinels and the name of the master that they watch (`redis+sentinel://a:26379,b:26379/main`). A user and a password in front of the hosts are those of the servers; sentinels that ask for one get `?sentinelUsername=...&sentinelPassword=...` at the end. Without it, a private server is started, or the memory broker.',
    variable: 'REDIS_URL',
  }).optional(),
  fleet: text(namePattern, nameRule, {
    description: 'The name of the fleet: nodes and clients with the same Redis and name see each other.',
    variable: 'RUNTIME_FLEET',
    default: 'default',
  }).default('default'),
  classic: classicSchema,
  durability: choice(['server', 'replicated'], {
    description:
      'When tasks, messages and broadcasts count as stored: when the server says so, or when `replicas` of it say so, too.',
    variable: 'RUNTIME_DURABILITY',
  }),
  replicas: count(1, 1, 10, {
    description: 'Replicas that have to confirm with durability `replicated`.',
    variable: 'RUNTIME_REPLICAS',
  }),
  allowEviction: flag(false, {
    description:
      'Start on a Redis whose `maxmemory-policy` is not `noeviction`, although it drops tasks when its memory is full. Every start warns of it.',
    variable: 'RUNTIME_ALLOW_EVICTION',
  }),
  agents: z
    .array(hostingSchema, { error: 'a list made by pool(), single() and group(), or the path of a folder' })
    .default([]),
  tls: tlsSchema.prefault({}),
  timing: timingSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  queues: z.record(queueName, queueSchema, { error: queuesRule }).default({}),
  schedules: z
    .record(z.string().regex(namePattern, { error: nameRule }), scheduleSchema, { error: schedulesRule })
    .default({}),
});

/** The path of a folder with agents, for the command line to load. */
export const agentsFolder = text(/^\S.*$/, 'the path of a folder', {
  description:
    'What the nodes run: a list made by `pool`, `single` and `group`, or the path of a folder of agent classes.',
  variable: 'RUNTIME_AGENTS',
});

/** One line of the reference page. */
export interface OptionDescription {
  /** `timing.heartbeat`; options of a hosting stand under `pool.`, `single.` and `group.`. */
  readonly path: string;
  readonly rule: string;
  readonly description: string;
  readonly default?: string | number | boolean;
  readonly variable?: string;
}

/** Every option there is, in the order of the schema. */
export function describeOptions(): readonly OptionDescription[] {
  const parts: Readonly<Record<string, z.ZodObject>> = {
    '': optionsSchema,
    'classic.': classicFields,
    'tls.': tlsSchema,
    'timing.': timingSchema,
    'limits.': limitsSchema,
    'queues.': queueSchema,
    'queues.rate.': rateSchema,
    'schedules.': scheduleFields,
    'pool.': poolSchema,
    'pool.intensity.': intensitySchema,
    'single.': singleSchema,
    'single.intensity.': intensitySchema,
    'group.': groupSchema,
    'group.intensity.': intensitySchema,
  };
  const own = Object.entries(parts).flatMap(([prefix, { shape }]) =>
    Object.entries(shape).flatMap(([key, schema]) => {
      const meta = metaOf(schema as z.ZodType);
      return meta ? [{ path: prefix + key, ...meta }] : [];
    }),
  );
  const folder = optionRegistry.get(agentsFolder);
  return folder ? [...own, { path: 'agents', ...folder }] : own;
}

/** The words of an option, also under `.optional()` and `.default()`. */
function metaOf(schema: z.ZodType) {
  const own = optionRegistry.get(schema);
  if (own || !('innerType' in schema.def)) return own;
  return optionRegistry.get(schema.def.innerType as z.ZodType);
}
