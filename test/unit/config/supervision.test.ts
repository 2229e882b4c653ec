/**
 * Restarts and groups in the configuration: what is taken, what comes out of it, and what is told of mistakes.
 */
import {
  Agent,
  type ConfigError,
  group,
  type Hosting,
  onTask,
  pool,
  type RuntimeOptions,
  single,
  type Task,
} from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { type HostingConfig, resolveConfig } from '../../../src/config/config.ts';
import { defaultPolicy } from '../../../src/config/supervision.ts';

function made(role: string) {
  return class extends Agent {
    static readonly role = role;
    @onTask('work') work(_task: Task): void {}
  };
}

function resolved(...agents: readonly Hosting[]): readonly HostingConfig[] {
  return resolveConfig({ agents }).agents as readonly HostingConfig[];
}

function problemsOf(options: RuntimeOptions): readonly string[] {
  try {
    resolveConfig(options);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('the restarts of an agent', () => {
  test('are those of the option, or permanent with five in a minute', () => {
    const [plain, own] = resolved(
      single(made('plain')),
      pool(made('own'), { restart: 'transient', intensity: { restarts: 1, period: '5s' }, backoff: '2s' }),
    );
    expect(plain?.supervision).toEqual({ restart: 'permanent', policy: defaultPolicy, groups: [] });
    const backoff = { kind: 'fixed', baseMs: 2_000, maxMs: 2_000, jitter: false };
    expect(own?.supervision).toEqual({
      restart: 'transient',
      policy: { intensity: 1, periodMs: 5_000, backoff },
      groups: [],
    });
  });

  test('take what a part of an option leaves out from the defaults', () => {
    const [agent] = resolved(single(made('a'), { intensity: { restarts: 0 }, backoff: { max: '1s' } }));
    expect(agent?.supervision.policy).toEqual({
      intensity: 0,
      periodMs: 60_000,
      backoff: { kind: 'exponential', baseMs: 200, maxMs: 1_000, jitter: true },
    });
  });
});

describe('groups', () => {
  test('become a flat list in start order, each agent with the groups it is in and the place where it stands', () => {
    const flat = resolved(
      single(made('a')),
      group('outer', 'rest-for-one', [
        single(made('b')),
        group('inner', 'one-for-all', [pool(made('c'), { size: 2 })], { intensity: { restarts: 2 } }),
        single(made('d'), { restart: 'temporary' }),
      ]),
    );
    expect(flat.map(({ role, at }) => [role, at])).toEqual([
      ['a', 'agents[0]'],
      ['b', 'agents[1].agents[0]'],
      ['c', 'agents[1].agents[1].agents[0]'],
      ['d', 'agents[1].agents[2]'],
    ]);
    expect(flat.map(({ supervision }) => supervision.groups.map(({ name }) => name))).toEqual([
      [],
      ['outer'],
      ['outer', 'inner'],
      ['outer'],
    ]);
    const [, b, c, d] = flat;
    expect(c?.supervision.groups[1]).toMatchObject({ strategy: 'one-for-all', policy: { intensity: 2 } });
    expect(new Set([b, c, d].map((hosting) => hosting?.supervision.groups[0])).size).toBe(1);
    expect(d?.supervision.restart).toBe('temporary');
  });

  test('and whatever is wrong in them is told with its place', () => {
    const members = [
      pool(made('a'), { sise: 1, intensity: { restart: 1 } } as never),
      single(made('b'), { restart: 'always' as never }),
      made('c') as never,
    ];
    const problems = problemsOf({
      agents: [
        group('g', 'all' as never, members),
        group('h', 'one-for-all', []),
        group('a b', 'one-for-one', [single(made('d'), { backoff: { kind: 'linear' as never } })]),
      ],
    });
    for (const part of [
      'expected agents[0].agents[0].sise to be an option, got: a name that is none\nDid you mean "size"?',
      'expected agents[0].agents[0].intensity.restart to be an option, got: a name that is none\nDid you mean "restarts"?',
      `expected agents[0].agents[1].restart to be 'permanent' or 'transient' or 'temporary', got: "always"\nLeave it out for the default: permanent.`,
      'expected agents[0].agents[2] to be made by pool(), single() or group(), got: a function',
      `expected agents[0].strategy to be 'one-for-one' or 'one-for-all' or 'rest-for-one', got: "all"`,
      'expected agents[1].agents to be a list made by pool(), single() and group(), of at least one, got: []',
      'expected agents[2].name to be at most 64 letters, digits, ".", "_" and "-", beginning with a letter or digit, got: "a b"',
      `expected agents[2].agents[0].backoff to be a duration, or { kind: 'fixed' or 'exponential', base, max, jitter }, got: {"kind":"linear"}`,
    ])
      expect(problems.join('\n\n')).toContain(part);
  });

  test('count for all of their members: one that names an intensity or a backoff of its own is told so', () => {
    const members = [single(made('a'), { intensity: { restarts: 1 } }), single(made('b'), { backoff: '1s' })];
    expect(problemsOf({ agents: [group('g', 'one-for-all', members)] })).toEqual([
      'expected agents[0].agents[0].intensity to be left to its group, got: {"restarts":1}',
      'expected agents[0].agents[1].backoff to be left to its group, got: "1s"',
    ]);
  });

  test('differ in their names, and what they hold differs in roles and ids as elsewhere', () => {
    const agents = [
      group('g', 'one-for-all', [single(made('a')), group('g', 'one-for-one', [single(made('b'), { id: 'x' })])]),
      single(made('a')),
      single(made('c'), { id: 'x' }),
    ];
    expect(problemsOf({ agents })).toEqual([
      expect.stringContaining('"a" for agents[0].agents[0] and agents[1]'),
      expect.stringContaining('"x" for agents[0].agents[1].agents[0] and agents[2]'),
      'expected the names of groups to differ, got: "g" for two of them\nRename one: group(\'...\', ...).',
    ]);
  });
});
