/**
 * What is drawn: tables, progress, results and remarks, from plain data and without a fleet.
 */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { narrate } from '../../../src/cli/narrate.ts';
import { plainStep, progressLine } from '../../../src/cli/render/progress.ts';
import { renderResult } from '../../../src/cli/render/result.ts';
import { cut, plain, pretty, record, span, wrap } from '../../../src/cli/render/text.ts';
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

test('text is wrapped at its words, and a word that is too long is broken', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij']);
  expect(wrap('', 7)).toEqual(['']);
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
