/**
 * What is drawn: tables, progress, results and remarks, from plain data and without a fleet.
 */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { FleetStatus } from '../../../src/cli/fleet-status.ts';
import { narrate } from '../../../src/cli/narrate.ts';
import { plainStep, progressLine } from '../../../src/cli/render/progress.ts';
import { renderResult } from '../../../src/cli/render/result.ts';
import { renderStatus } from '../../../src/cli/render/status.ts';
import { cut, plain, pretty, record, span } from '../../../src/cli/render/text.ts';
import { Observer } from '../../../src/core/observer.ts';
import { recording } from './recording.ts';

const bare = stripVTControlCharacters;

describe('text', () => {
  test('control and direction characters of strangers never reach the terminal', () => {
    const nasty = 'a\u001b[31mred\u0007\u009b2J\u202eb\r\nc\u007f';
    for (const shown of [plain(nasty), pretty({ nasty }), record({ nasty })])
      expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(JSON.parse(record({ nasty }))).toEqual({ nasty });
    expect(JSON.parse(pretty({ nasty }))).toEqual({ nasty });
  });

  test('spans are in units that people read', () => {
    expect([12, 12_340, 245_000, 11_520_000, 439_200_000].map(span)).toEqual([
      '12 ms',
      '12.3 s',
      '4 min 05 s',
      '3 h 12 min',
      '5 d 2 h',
    ]);
  });

  test('long text is cut and says so', () => {
    expect([cut('abcdef', 4), cut('abc', 4), cut('abc', 0)]).toEqual(['abc…', 'abc', '…']);
  });
});

describe('the status', () => {
  const agent = {
    id: 'docs',
    role: 'docs',
    state: 'up',
    restarts: 0,
    mailbox: 2,
    running: 1,
    node: 'n1',
    text: 'writing',
  };
  const node = {
    node: 'n1',
    host: 'box',
    pid: 7,
    startedAt: 0,
    alive: true,
    leaseLeftMs: 900,
    agentCount: 1,
    running: 1,
  };
  const queue = { name: 'audit', waiting: 3, parked: 1, claimed: 2, dead: 1, deadDropped: 4, paused: true };
  const status: FleetStatus = {
    fleet: 'default',
    broker: 'Redis 7.0.15',
    durability: 'everysec',
    nodes: [node, { ...node, node: 'n2', alive: false }],
    agents: [agent],
    queues: [queue, { ...queue, paused: false, limits: { concurrency: 5, rate: { max: 100, perMs: 90_000 } } }],
  };

  test('says of an agent how many of its handlers were given up, and how much live mail it dropped', () => {
    const haunted = { ...status, agents: [{ ...agent, zombies: 2, dropped: 3 }] };
    const line = bare(renderStatus(haunted, 5_000, 100))
      .split('\n')
      .find((text) => text.startsWith('docs'));
    expect(line).toMatch(/2 \(3 dropped\) +1 \(2 given up\) +n1 +writing/);
  });

  test('shows nodes, agents and queues', () => {
    expect(bare(renderStatus(status, 5_000, 100)).split('\n')).toEqual([
      'fleet default  1 node, 1 agent  Redis 7.0.15, durability everysec',
      '',
      'NODE  STATE  HOST  PID  UP     AGENTS  RUNNING',
      'n1    up     box     7  5.0 s       1        1',
      'n2    gone   box     7  -           1        1',
      '',
      'AGENT  ROLE  STATE  RESTARTS  MAILBOX  RUNNING  NODE  SAYS',
      'docs   docs  up            0        2        1  n1    writing',
      '',
      'QUEUE                                     WAITING  PARKED  RUNNING  DEAD',
      'audit (paused)                                  3       1        2  1 (4 dropped)',
      'audit (at most 5 at a time, 100 per 90s)        3       1        2  1 (4 dropped)',
    ]);
  });

  test('keeps within the width of the terminal and sums up a crowd by role', () => {
    const wide = renderStatus({ ...status, agents: [{ ...agent, text: 'x'.repeat(300) }] }, 0, 90);
    expect(
      Math.max(
        ...bare(wide)
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(90);
    const crowd = Array.from({ length: 100 }, (_, i) => ({ ...agent, id: `a${i}`, state: i % 2 ? 'up' : 'standby' }));
    const summed = bare(renderStatus({ ...status, nodes: [{ ...node, agentCount: 10_000 }], agents: crowd }, 0, 100));
    expect(summed).toContain('docs     100         0      200      100  standby, up');
    expect(summed).toContain('nodes list 100 of 10000 agents');
  });
});

describe('a task', () => {
  const step = { done: 3, total: 13, note: 'secrets: 2 findings', at: 0 };

  test('its progress is one line that fits', () => {
    const view = { name: 'audit', step, elapsedMs: 4_200, columns: 80 };
    expect(bare(progressLine(view))).toBe('audit  ██████░░░░░░░░░░░░░░░░░░ 3/13  4 s  secrets: 2 findings');
    expect(bare(progressLine({ ...view, columns: 50 })).length).toBeLessThanOrEqual(50);
    expect(bare(progressLine({ ...view, step: undefined }))).toBe('audit  waiting  4 s');
    expect(bare(plainStep('audit', { done: 7, at: 0 }))).toBe('audit  7');
  });

  test('its result lists plain values, the report last, and other values as JSON', () => {
    const result = { report: '/out/agents.md', findings: 4, failedChecks: 0, by: { error: 1 } };
    expect(bare(renderResult('audit', result, 1_500)).split('\n')).toEqual([
      '✔ audit is done after 1.5 s',
      '  findings       4',
      '  failed checks  0',
      '  by             {"error":1}',
      '  report         /out/agents.md',
    ]);
    expect(bare(renderResult('audit', [1], 0))).toContain('[\n    1\n  ]');
    expect(bare(renderResult('audit', undefined, 0))).toBe('✔ audit is done after 0 ms');
  });
});

test('what happens in the node is told in one line each, without what goes well unless everything is wanted', () => {
  const tell = (verbose: boolean): readonly string[] => {
    const { output, lines } = recording();
    const observer = new Observer();
    const stop = narrate(observer, output, { verbose });
    const done = { agent: 'docs', task: 't', name: 'write', outcome: 'completed', tookMs: 12 };
    observer.emit('agent.up', { agent: 'docs', role: 'docs', handles: 'write, who' });
    observer.emit('task.settled', done);
    observer.emit('task.settled', {
      ...done,
      outcome: 'dead',
      error: { name: 'E', code: 'c', message: 'no\u001b[1m' },
    });
    observer.emit('node.fenced', { node: 'n1', reason: 'its lease ended' });
    stop();
    observer.emit('node.down', { node: 'n1' });
    return lines.out;
  };
  expect(tell(false)).toEqual([
    '+ docs  write, who',
    '! docs  write dead after 12 ms: no␛[1m',
    '! node n1 was fenced: its lease ended; it stops its agents and comes back as a new node',
  ]);
  expect(tell(true)).toContain('< docs  write completed after 12 ms');
});
