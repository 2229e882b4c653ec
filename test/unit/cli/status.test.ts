/**
 * The status of a fleet as it is drawn, in an overview and one thing in full, on wide and on narrow terminals.
 */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { AgentLine, FleetStatus, NodeLine, RoleLine } from '../../../src/cli/fleet-status.ts';
import { nodeLine } from '../../../src/cli/fleet-status.ts';
import { renderStatus } from '../../../src/cli/render/status.ts';
import { renderDetail } from '../../../src/cli/render/status-detail.ts';
import { readToldStatus } from '../../../src/runtime/told-status.ts';

const agent: AgentLine = {
  id: 'docs',
  role: 'docs',
  state: 'up',
  restarts: 0,
  restartReasons: [],
  mailbox: 2,
  running: 1,
  node: 'n1',
  epoch: 1_234,
  text: 'writing',
};
const node: NodeLine = {
  node: 'n1',
  host: 'box',
  pid: 7,
  startedAt: 0,
  alive: true,
  leaseLeftMs: 900,
  state: 'up',
  ready: true,
  why: [],
  beatAgeMs: 400,
  agentCount: 1,
  running: 1,
};
const role: RoleLine = {
  role: 'docs',
  version: 'aaaa1111',
  tasks: ['write-report'],
  messages: ['who-edits', 'status'],
  topics: ['docs.*'],
  agents: 1,
  states: { up: 1 },
  restarts: 0,
  mailbox: 2,
  running: 1,
  nodes: ['n1'],
};
const queue = { name: 'audit', waiting: 3, parked: 1, claimed: 2, dead: 1, deadDropped: 4, paused: true };
const gone: NodeLine = {
  ...node,
  node: 'n2',
  alive: false,
  state: 'gone',
  ready: false,
  why: ['its presence has ended'],
};
const status: FleetStatus = {
  fleet: 'default',
  broker: 'Redis 7.0.15',
  durability: 'everysec',
  at: 5_000,
  nodes: [node, gone],
  agents: [agent],
  roles: [role],
  disagreements: [],
  inFlight: [{ agent: 'docs', node: 'n1', kind: 'task', name: 'write-report', since: 2_700 }],
  queues: [queue, { ...queue, paused: false, limits: { concurrency: 5, rate: { max: 100, perMs: 90_000 } } }],
};

const lines = (text: string): string[] => stripVTControlCharacters(text).split('\n');
const drawn = (change: Partial<FleetStatus> = {}, columns = 100): string[] =>
  lines(renderStatus({ ...status, ...change }, columns));
const detailed = (target: string, change: Partial<FleetStatus> = {}, columns = 100): string[] =>
  lines(renderDetail({ ...status, ...change }, target, columns) ?? 'nothing');

describe('the overview', () => {
  test('shows nodes, agents, what their roles take, and queues', () => {
    expect(drawn()).toEqual([
      'fleet default  1 node, 1 agent  Redis 7.0.15, durability everysec',
      '',
      'NODE  STATE  HOST  PID  UP     HEARTBEAT   AGENTS  RUNNING',
      'n1    up     box     7  5.0 s  400 ms ago       1        1',
      'n2    gone   box     7  -      -                1        1',
      '',
      'AGENT  ROLE  STATE  RESTARTS  MAILBOX  RUNNING  NODE  DOING',
      'docs   docs  up            0        2        1  n1    write-report 2.3 s, writing',
      '',
      'ROLE  CONTRACT  NODES  HANDLES',
      'docs  aaaa1111      1  tasks write-report; messages who-edits, status; topics docs.*',
      '',
      'QUEUE                                     WAITING  PARKED  RUNNING  DEAD',
      'audit (paused)                                  3       1        2  1 (4 dropped)',
      'audit (at most 5 at a time, 100 per 90s)        3       1        2  1 (4 dropped)',
    ]);
  });

  test('says of an agent how many of its handlers were given up, and how much live mail it dropped', () => {
    const line = drawn({ agents: [{ ...agent, zombies: 2, dropped: 3 }] }).find((text) => text.startsWith('docs'));
    expect(line).toMatch(/2 \(3 dropped\) +1 \(2 given up\) +n1 +.*writing/);
  });

  test('says why a node is not ready, and why agents were restarted', () => {
    const restarted = {
      ...agent,
      restarts: 3,
      restartReasons: [
        { at: 1_000, reason: 'old' },
        { at: 4_000, reason: 'no\u001b database' },
      ],
    };
    const unready = {
      ...node,
      state: 'not ready',
      ready: false,
      why: ['its commands link is down', 'agent docs is restarting'],
    };
    const text = drawn({ agents: [restarted], nodes: [unready, gone] });
    expect(text).toContain('! n1: its commands link is down; agent docs is restarting');
    expect(text).toContain('! docs was restarted 3 times, last 1.0 s ago: no␛ database');
    expect(text.join('\n')).not.toContain('! n2');
  });

  test('names the nodes that disagree on a contract', () => {
    const other = { ...role, version: 'bbbb2222', nodes: ['n3'] };
    const versions = [
      { version: 'aaaa1111', nodes: ['n1', 'n4'] },
      { version: 'bbbb2222', nodes: ['n3'] },
    ];
    const text = drawn({ roles: [role, other], disagreements: [{ role: 'docs', versions }] });
    expect(text).toContain('! nodes disagree on the contract of role docs: aaaa1111 on n1, n4; bbbb2222 on n3');
  });

  test('leaves out on a narrow terminal what can be done without, and keeps to its width', () => {
    const long = { ...agent, id: 'write-report@nabcdefgh.1', text: 'x'.repeat(300) };
    const wide = { ...role, tasks: Array.from({ length: 40 }, (_, i) => `task-${i}`) };
    const host = { ...node, host: 'a-machine-with-a-long-name.example', node: 'nabcdefgh' };
    for (const columns of [60, 80, 140]) {
      const text = drawn({ agents: [long], roles: [wide], nodes: [host] }, columns).slice(2, -4);
      expect(Math.max(...text.map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
    const narrow = drawn({ agents: [long] }, 80).find((line) => line.startsWith('AGENT'));
    expect(narrow).not.toMatch(/ROLE|RESTARTS/);
    expect(narrow).toMatch(/STATE +MAILBOX/);
    expect(drawn({ agents: [{ ...long, restarts: 1 }] }, 80).join('\n')).toContain('RESTARTS');
  });

  test('sums up a crowd by role, from what the nodes count and not from what they list', () => {
    const agents = Array.from({ length: 100 }, (_, i) => ({ ...agent, id: `a${i}` }));
    const crowd = {
      ...role,
      agents: 10_000,
      states: { up: 9_999, restarting: 1 },
      restarts: 7,
      mailbox: 20,
      running: 30,
    };
    const text = drawn({ nodes: [{ ...node, agentCount: 10_000 }], agents, roles: [crowd] }).join('\n');
    expect(text).toContain('docs  aaaa1111   10000         7       20       30  9999 up, 1 restarting');
    expect(text).toContain('10000 agents in all; nodes list 100 of them');
    expect(text).not.toContain('a99');
  });
});

describe('in full', () => {
  test('an agent: where, under which epoch, what runs, why it was restarted, what it takes, its queue', () => {
    const restartReasons = [
      { at: 1_000, reason: 'first' },
      { at: 4_000, reason: 'second' },
    ];
    const busy = { ...agent, restarts: 2, restartReasons, running: 3 };
    const standby: AgentLine = { ...agent, node: 'n4', state: 'standby', running: 0, mailbox: 0 };
    const text = detailed('docs', { agents: [busy, standby], queues: [{ ...queue, name: 'docs' }] });
    expect(text[0]).toBe('agent docs  up on node n1, epoch 1234');
    expect(text.slice(1, 13).map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'then'))).toEqual([
      '  role       docs, contract aaaa1111',
      '  says       writing',
      '  mailbox    2 waiting',
      '  runs now   task write-report for 2.3 s',
      '             and 2 more',
      '  restarts   2',
      '             then, 1.0 s ago: second',
      '             then, 4.0 s ago: first',
      '  tasks      write-report',
      '  messages   who-edits, status',
      '  topics     docs.*',
      '',
    ]);
    expect(text.join('\n')).toContain('agent docs  standby on node n4');
    expect(text.join('\n')).toMatch(/QUEUE .*\ndocs \(paused\)/);
  });

  test('a node: what is missing, its heartbeat, contracts and agents', () => {
    const text = detailed('n1', {
      nodes: [{ ...node, state: 'starting', ready: false, why: ['it is starting'], agentCount: 3 }],
    });
    expect(text[0]).toBe('node n1  starting');
    expect(text).toContain('  missing    it is starting');
    expect(text).toContain('  heartbeat  400 ms ago, the lease has 900 ms left');
    expect(text).toContain('  contracts  docs aaaa1111');
    expect(text).toContain('  runs now   task write-report in docs for 2.3 s');
    expect(text.join('\n')).toMatch(/\ndocs +docs +0 +2 +1 +up\nand 2 agents that it does not list/);
  });

  test('a role with every contract that it has, and that nodes disagree', () => {
    const versions = [
      { version: 'aaaa1111', nodes: ['n1'] },
      { version: 'bbbb2222', nodes: ['n3'] },
    ];
    const roles = [role, { ...role, version: 'bbbb2222', nodes: ['n3'] }].map((one) => ({ ...one, role: 'audit' }));
    const text = detailed('audit', { roles, agents: [], disagreements: [{ role: 'audit', versions }] }).join('\n');
    expect(text).toContain('nodes disagree on the contract of this role');
    expect(text).toContain('role audit  contract aaaa1111');
    expect(text).toContain('role audit  contract bbbb2222');
  });

  test('is wrapped at the width of the terminal, and nothing when there is no such thing', () => {
    const tasks = Array.from({ length: 40 }, (_, i) => `a-rather-long-task-${i}`);
    expect(
      Math.max(...detailed('docs', { roles: [{ ...role, tasks }] }, 80).map(({ length }) => length)),
    ).toBeLessThanOrEqual(80);
    expect(detailed('nobody')).toEqual(['nothing']);
  });
});

describe('a node is judged', () => {
  const record = { node: 'n1', host: 'box', pid: 7, startedAt: 0, alive: true, leaseLeftMs: 4_000 };
  const told = { phase: 'up', ready: true, why: [], heartbeatMs: 1_500, leaseMs: 5_000 };
  const judged = (change: object, about: object = {}) => {
    const { state, ready, why } = nodeLine(
      { ...record, ...about },
      readToldStatus(JSON.stringify({ ...told, ...change })),
    );
    return { state, ready, why };
  };

  test('by what it said, as long as that is fresh', () => {
    expect(judged({})).toEqual({ state: 'up', ready: true, why: [] });
    expect(judged({ ready: false, why: ['x'] })).toEqual({ state: 'not ready', ready: false, why: ['x'] });
    expect(judged({ phase: 'starting', ready: false, why: ['it is starting'] })).toMatchObject({
      state: 'starting',
      ready: false,
    });
  });

  test('not ready when its last heartbeat is older than two of them, whatever it said', () => {
    expect(judged({}, { leaseLeftMs: 1_900 })).toEqual({
      state: 'not ready',
      ready: false,
      why: ['its last heartbeat is 3.1 s old'],
    });
    expect(judged({}, { leaseLeftMs: 2_100 })).toMatchObject({ ready: true });
    expect(judged({}, { leaseLeftMs: 0, alive: false })).toMatchObject({ state: 'gone', ready: false });
  });

  test('not ready when it is of a version that does not tell, and when what it tells cannot be read', () => {
    for (const status of ['{}', 'no JSON', '[]', '{"phase":7,"ready":"yes","agents":[{}],"why":3}'])
      expect(nodeLine(record, readToldStatus(status))).toMatchObject({ state: 'up', ready: false });
    const partly = readToldStatus('{"agents":[{"id":"a","role":"r","state":"up"},{"id":7}],"contracts":"x"}');
    expect(partly).toMatchObject({ agents: [{ id: 'a', restarts: 0 }], contracts: [] });
  });
});
