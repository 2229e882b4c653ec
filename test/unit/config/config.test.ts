import { Agent, defineConfig, pool, single } from 'agent-runtime';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveConfig, type RuntimeOptions } from '../../../src/config/config.ts';
import { describeOptions } from '../../../src/config/schema.ts';
import { ConfigError } from '../../../src/core/errors.ts';
import { defaultPolicy } from '../../../src/config/supervision.ts';

class AuditAgent extends Agent {}
class DocsAgent extends Agent {}

function problemsOf(options: unknown): readonly string[] {
  try {
    resolveConfig(options as RuntimeOptions);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('resolveConfig', () => {
  test('fills in every default', () => {
    expect(resolveConfig({})).toEqual({
      fleet: 'default',
      classic: false,
      tls: { insecure: false },
      durability: 'server',
      replicas: 1,
      allowEviction: false,
      agents: [],
      timing: {
        presenceLeaseMs: 5_000,
        heartbeatMs: 1_000,
        taskLeaseMs: 10_000,
        taskRenewalMs: 3_333,
        lockLeaseMs: 30_000,
        askDeadlineMs: 30_000,
        drainGraceMs: 25_000,
        resultTtlMs: 3_600_000,
        hangLimitMs: 10_000,
      },
      limits: { events: 100_000, eventsAgeMs: 604_800_000, inbox: 10_000, unhandled: 10, maxWaiting: 1_000_000 },
      queues: {},
      schedules: {},
    });
  });

  test('takes durations in words and in milliseconds', () => {
    const { timing } = resolveConfig({ timing: { presenceLease: '6s', heartbeat: 2_000, taskLease: '0.5m' } });
    expect(timing).toMatchObject({ presenceLeaseMs: 6_000, heartbeatMs: 2_000, taskLeaseMs: 30_000 });
    expect(timing.taskRenewalMs).toBe(10_000);
  });

  test('completes hostings and keeps their classes', () => {
    const { agents } = resolveConfig(defineConfig({ agents: [pool(AuditAgent, { size: 3 }), single(DocsAgent)] }));
    expect(agents).toEqual([
      {
        kind: 'pool',
        agent: AuditAgent,
        role: 'audit',
        size: 3,
        concurrency: 1,
        mailbox: 1_000,
        overflow: 'reject',
        supervision: { restart: 'permanent', policy: defaultPolicy, groups: [] },
        at: 'agents[0]',
      },
      {
        kind: 'single',
        agent: DocsAgent,
        role: 'docs',
        id: 'docs',
        concurrency: 1,
        mailbox: 1_000,
        overflow: 'reject',
        supervision: { restart: 'permanent', policy: defaultPolicy, groups: [] },
        at: 'agents[1]',
      },
    ]);
  });

  test('takes a folder in the place of a list', () => {
    expect(resolveConfig({ agents: './agents' }).agents).toBe('./agents');
    expect(problemsOf({ agents: '' })).toEqual([
      'expected agents (RUNTIME_AGENTS) to be the path of a folder, got: ""',
    ]);
  });

  test.each(['redis://localhost:6379/2', 'rediss://user:secret@host', 'unix:///tmp/redis.sock', '/tmp/redis.sock'])(
    'takes %s as an address of Redis',
    (redis) => expect(resolveConfig({ redis }).redis).toBe(redis),
  );

  test('takes an absent variable as absent', () => {
    expect(resolveConfig({ redis: undefined })).not.toHaveProperty('redis');
  });

  test('changes nothing in what it was given', () => {
    const options = Object.freeze({ timing: Object.freeze({ heartbeat: '1s' }), agents: Object.freeze([]) });
    expect(() => resolveConfig(options as RuntimeOptions)).not.toThrow();
  });
});

describe('a wrong configuration', () => {
  test('is refused with all its problems at once, each with its variable', () => {
    const problems = problemsOf({
      fleet: 'a:b',
      classic: 'yes',
      timing: { heartbeat: 'soon', drainGrace: -1, askDeadlin: '1s' },
      limits: { inbox: 1.5, inbix: 1 },
      agent: [],
      agents: [pool(AuditAgent, { size: -1, sizes: 1 } as never), { kind: 'keyed' }, AuditAgent],
    });
    for (const part of [
      'expected fleet (RUNTIME_FLEET) to be at most 64 letters, digits, ".", "_" and "-", beginning with a letter or digit, got: "a:b"\nLeave it out for the default: default.',
      `expected classic (RUNTIME_CLASSIC) to be true, false or { foreign: ['php-worker', ...] }, got: "yes"\nLeave it out for the default: false.`,
      `expected timing.heartbeat (RUNTIME_HEARTBEAT) to be a duration such as '30s' or 1500, of at least 100 ms, got: "soon"\nLeave it out for the default: 1s.`,
      'expected timing.askDeadlin to be an option, got: a name that is none\nDid you mean "askDeadline"?',
      'expected limits.inbox (RUNTIME_INBOX) to be a whole number from 1 to 1000000, got: 1.5\nLeave it out for the default: 10000.',
      'expected limits.inbix to be an option, got: a name that is none\nDid you mean "inbox"?',
      'expected agent to be an option, got: a name that is none\nDid you mean "agents"?',
      'expected agents[0].size to be a whole number from 0 to 100000, got: -1\nLeave it out for the default: 1.',
      'expected agents[0].sizes to be an option, got: a name that is none\nDid you mean "size"?',
    ])
      expect(problems).toContain(part);
    expect(problems.filter((text) => /^expected timing\.drainGrace .* got: -1\n/.test(text))).toHaveLength(1);
    expect(
      problems.filter((text) =>
        /^expected agents\[(?:1\].kind|2\]).*made by pool\(\), single\(\) or group\(\)/.test(text),
      ),
    ).toHaveLength(2);
    expect(problems).toHaveLength(12);
  });

  test('is refused for what is wrong in itself and for broken relations among the rest, in one error', () => {
    const audit = { kind: 'pool', agent: class {}, role: 'audit' } as const;
    const options = {
      flet: 'x',
      timing: { heartbeat: '3s', presenceLease: '5s', drainGrace: '25h' },
      agents: [audit, audit, { ...audit, role: 'docs', size: -1 }],
    };
    const problems = problemsOf(options as never).join('\n');
    expect(problems).toContain('flet');
    expect(problems).toContain('timing.heartbeat');
    expect(problems).toContain('timing.drainGrace');
    expect(problems).toContain('"audit"');
    expect(problems).toContain('size');
  });

  test('is refused where a CA is named for a URL that does not speak TLS', () => {
    expect(problemsOf({ redis: 'redis://u:secret@host', tls: { ca: 'ca.pem' } })).toEqual([
      'expected redis (REDIS_URL) to be a rediss:// URL beside tls.ca (REDIS_TLS_CA), got: redis:\nOnly rediss:// speaks TLS; change the URL, or leave tls.ca out.',
    ]);
    expect(problemsOf({ durability: 'replicated' })).toEqual([
      "expected redis (REDIS_URL) to be set beside durability 'replicated', got: nothing\nOnly a Redis of yours has replicas; set its URL, or leave durability (RUNTIME_DURABILITY) out.",
    ]);
    expect(problemsOf({ redis: 'redis://host', durability: 'replicated', replicas: 2 })).toEqual([]);
    expect(problemsOf({ redis: '/tmp/redis.sock', tls: { insecure: true } })[0]).toContain('got: the path of a socket');
    expect(problemsOf({ redis: 'rediss://host', tls: { ca: 'ca.pem', insecure: true } })).toEqual([]);
    expect(problemsOf({ tls: { ca: 'ca.pem' } })).toEqual([]);
    expect(problemsOf({ tls: { ca: '', rejectUnauthorized: false } })).toHaveLength(2);
  });

  test('never shows a password', () => {
    for (const redis of ['http://user:secret@host', 'user:secret@host', 'redis://user:secret@host with space'])
      expect(problemsOf({ redis }).join()).toMatch(/^expected redis \(REDIS_URL\) to be (?!.*secret)/);
    expect(problemsOf({ fleet: 'redis://user:secret@host' }).join()).not.toContain('secret');
  });

  test('lists the names there are when none is near', () => {
    expect(problemsOf({ timing: { zzzzzzzz: 1 } })[0]).toContain('There are: presenceLease, heartbeat,');
    expect(problemsOf({ timings: {} })[0]).toContain('Did you mean "timing"?');
  });

  test.each([undefined, null, 3, [], 'x'])('that is no object of options is refused: %s', (options) => {
    expect(problemsOf(options)[0]).toMatch(/^expected the configuration to be an object of options, got: /);
  });

  test('of any shape ends in a ConfigError or a complete configuration', () => {
    const value = fc.oneof(fc.anything(), fc.constant('5s'), fc.nat());
    const group = fc.dictionary(fc.constantFrom('heartbeat', 'presenceLease', 'inbox', 'x'), value);
    const options = fc.record(
      { timing: group, limits: group, agents: fc.oneof(fc.array(value), value), redis: value, y: value },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(options, (given) => problemsOf(given).every((text) => text.startsWith('expected '))));
  });
});

describe('the limits of queues', () => {
  test('are taken by role or agent id, the span of a rate in milliseconds', () => {
    const queues = { audit: { concurrency: 5, rate: { max: 100, per: '1m' } }, 'docs@x': { concurrency: 1 } } as const;
    expect(resolveConfig({ queues }).queues).toEqual({
      audit: { concurrency: 5, rate: { max: 100, perMs: 60_000 } },
      'docs@x': { concurrency: 1 },
    });
  });

  test('are refused with everything that is wrong, and with the names that were meant', () => {
    const queues = {
      audit: { concurency: 1, concurrency: 0 },
      docs: { rates: 1, rate: { max: 1.5, per: 0, pre: 1 } },
      index: { rate: { max: 1 } },
      'a b': { concurrency: 1 },
      code: {},
      zzz: { zzzzzzzzzz: 1 },
    };
    const problems = problemsOf({ queues });
    for (const part of [
      'expected queues.audit.concurrency to be a whole number from 1 to 100000, got: 0',
      'expected queues.audit.concurency to be an option, got: a name that is none\nDid you mean "concurrency"?',
      'expected queues.docs.rates to be an option, got: a name that is none\nDid you mean "rate"?',
      'expected queues.docs.rate.max to be a whole number from 1 to 100000, got: 1.5',
      "expected queues.docs.rate.per to be a duration such as '30s' or 1500, of at least 1 ms, got: 0",
      'expected queues.docs.rate.pre to be an option, got: a name that is none\nDid you mean "per"?',
      "expected queues.index.rate.per to be a duration such as '30s' or 1500, of at least 1 ms, got: nothing",
      'expected queues.zzz.zzzzzzzzzz to be an option, got: a name that is none\nThere are: concurrency, partitions, rate.',
    ])
      expect(problems).toContain(part);
    expect(problems.join('\n')).toMatch(/expected the name of a queue in queues to be at most 128 .*, got: "a b"/);
    expect(problemsOf({ queues: 3 })[0]).toBe('expected queues to be an object of limits by queue, got: 3');
    expect(problemsOf({ queue: {} })[0]).toContain('Did you mean "queues"?');
  });
});

describe('relations', () => {
  test.each([
    [{ timing: { heartbeat: '2s' } }, /timing\.heartbeat \(RUNTIME_HEARTBEAT\) to be at most a third/],
    [{ timing: { taskLease: '2s', taskRenewal: '1s' } }, /timing\.taskLease .* more than twice timing\.taskRenewal/],
    [{ timing: { drainGrace: '2h' } }, /timing\.drainGrace .* at most 3600000 ms/],
    [{ agents: [pool(AuditAgent), single(AuditAgent, { id: 'x' })] }, /roles of agents to differ, got: "audit"/],
    [
      { agents: [single(AuditAgent, { id: 'x' }), single(DocsAgent, { id: 'x' })] },
      /ids of agents to differ, got: "x"/,
    ],
    [{ agents: [pool(AuditAgent), single(DocsAgent, { id: 'audit' })] }, /not to be the role of agents\[0\]/],
    [{ queues: { audit: { partitions: 4, concurrency: 2 } } }, /queues\.audit to name limits or partitions, got: both/],
    [{ queues: { audit: {} } }, /queues\.audit to name a limit or partitions, got: none/],
  ] as const)('%o', (options, expected) => {
    const problems = problemsOf(options);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  test('the defaults keep them all, and so does the edge of each', () => {
    expect(problemsOf({ timing: { presenceLease: 3_000, heartbeat: 1_000 } })).toEqual([]);
    expect(problemsOf({ timing: { taskLease: 2_001, taskRenewal: 1_000 } })).toEqual([]);
  });
});

describe('the reference', () => {
  test('describes every option, and no variable stands for two', () => {
    const options = describeOptions();
    const paths = options.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['redis', 'fleet', 'agents', 'timing.heartbeat', 'pool.size', 'single.id']),
    );
    expect(new Set(paths).size).toBe(paths.length);
    const variables = options.flatMap(({ variable }) => variable ?? []);
    expect(new Set(variables).size).toBe(variables.length);
    expect(options.find(({ path }) => path === 'timing.heartbeat')).toMatchObject({ default: '1s' });
  });
});
