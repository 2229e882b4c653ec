/**
 * Supervision in the configuration: what a hosting and a group say of restarts, and how the list of agents becomes flat.
 *
 * The form of a list stays with the schema (schema.ts); what the rules mean stands in `src/runtime/supervision-tree.ts`.
 */
import * as z from 'zod';
import { type Backoff, type BackoffOption, resolveBackoff } from '../core/backoff.ts';
import { choice, count, duration, optionRegistry, text } from './options.ts';

/** How often something may be restarted, and with what pauses. */
export interface PolicyConfig {
  /** Restarts allowed within the period. */
  readonly intensity: number;
  readonly periodMs: number;
  readonly backoff: Backoff;
}

export interface GroupConfig {
  readonly name: string;
  readonly strategy: 'one-for-one' | 'one-for-all' | 'rest-for-one';
  readonly policy: PolicyConfig;
}

/** What becomes of an agent that ends. */
export interface SupervisionConfig {
  readonly restart: 'permanent' | 'transient' | 'temporary';
  /** Of an agent in no group. */
  readonly policy: PolicyConfig;
  /** The groups it is in, the outermost first. Members of one group share its object. */
  readonly groups: readonly GroupConfig[];
}

export const defaultPolicy: PolicyConfig = {
  intensity: 5,
  periodMs: 60_000,
  backoff: { kind: 'exponential', baseMs: 200, maxMs: 10_000, jitter: true },
};

/** Of one hosting or group. */
export const intensitySchema = z.strictObject({
  restarts: count(defaultPolicy.intensity, 0, 1_000, {
    description:
      'Restarts that are allowed within any span of time `period`. One more goes to the group around it, or ends the node.',
  }),
  period: duration('1m', 1, { description: 'The span of time: a window that slides.' }),
});

const backoffRule = "a duration, or { kind: 'fixed' or 'exponential', base, max, jitter }";
const backoffFields = z.strictObject({
  kind: z.enum(['fixed', 'exponential']).optional(),
  base: z.unknown().optional(),
  max: z.unknown().optional(),
  jitter: z.boolean().optional(),
});

const backoff = z
  .custom<BackoffOption>((value) => isBackoff(value), { error: backoffRule })
  .transform((value) => resolveBackoff(value, defaultPolicy.backoff) ?? defaultPolicy.backoff)
  .optional()
  .register(optionRegistry, {
    rule: backoffRule,
    description: 'The pause before a restart. Default: from 200 ms doubling to 10 s, with jitter.',
  });

function isBackoff(value: unknown): boolean {
  if (value === undefined) return false;
  const isForm = typeof value !== 'object' || backoffFields.safeParse(value).success;
  return isForm && resolveBackoff(value as BackoffOption) !== undefined;
}

/** What every hosting says of itself. */
export const restartFields = {
  restart: choice(['permanent', 'transient', 'temporary'], {
    description: 'When an agent that ended is started again: always, after a failure, or never.',
  }),
  intensity: intensitySchema.optional(),
  backoff,
};

/** What a group says of itself, but for its members. */
export const groupFields = {
  name: text(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'at most 64 letters, digits, ".", "_" and "-", beginning with a letter or digit',
    {
      description: 'Names the group in reasons and reports.',
    },
  ),
  strategy: choice(['one-for-one', 'one-for-all', 'rest-for-one'], {
    description: 'Which members are restarted with one that failed: none, all others, or those behind it.',
  }),
  intensity: intensitySchema.optional(),
  backoff,
};

interface SaysPolicy {
  readonly intensity?: z.output<typeof intensitySchema> | undefined;
  readonly backoff?: Backoff | undefined;
}

function policyOf({ intensity, backoff: pause = defaultPolicy.backoff }: SaysPolicy): PolicyConfig {
  const { intensity: restarts, periodMs } = defaultPolicy;
  return { intensity: intensity?.restarts ?? restarts, periodMs: intensity?.period ?? periodMs, backoff: pause };
}

interface GroupLike<Item> extends SaysPolicy {
  readonly kind: 'group';
  readonly name: string;
  readonly strategy: GroupConfig['strategy'];
  readonly agents: readonly (Item | GroupLike<Item>)[];
}

interface HostingLike extends SaysPolicy {
  readonly kind: string;
  readonly restart: SupervisionConfig['restart'];
}

type WithoutPolicy<Item> = Item extends unknown ? Omit<Item, 'restart' | 'intensity' | 'backoff'> : never;

/** One hosting of a list in which groups may stand, and where it stands: `agents[0].agents[1]`. */
export interface Placed<Item> {
  readonly hosting: WithoutPolicy<Item>;
  readonly supervision: SupervisionConfig;
  readonly at: string;
}

/** The hostings of a list in order, each with the groups it is in. */
export function flatten<Item extends HostingLike>(
  list: readonly (Item | GroupLike<Item>)[],
  path = 'agents',
  groups: readonly GroupConfig[] = [],
): readonly Placed<Item>[] {
  return list.flatMap((item, index) => {
    const at = `${path}[${index}]`;
    if (isGroup(item)) {
      const { name, strategy, agents } = item;
      return flatten(agents, `${at}.agents`, [...groups, { name, strategy, policy: policyOf(item) }]);
    }
    const { restart, intensity: _, backoff: __, ...hosting } = item;
    return [{ hosting: hosting as WithoutPolicy<Item>, supervision: { restart, policy: policyOf(item), groups }, at }];
  });
}

function isGroup<Item>(item: Item | GroupLike<Item>): item is GroupLike<Item> {
  return (item as { readonly kind?: unknown }).kind === 'group';
}
