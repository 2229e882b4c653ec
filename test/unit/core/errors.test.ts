/**
 * Errors: what they say, what leaves the process, and what never does.
 */
import { describe, expect, test } from 'vitest';
import {
  abortReason,
  AgentUnavailable,
  BrokerError,
  CancelledError,
  ConfigError,
  describeError,
  HandlerError,
  OwnershipError,
  redact,
  restoreError,
  RuntimeError,
} from '../../../src/core/errors.ts';

describe('an error', () => {
  test('has the name of its class, a code, a cause and details', () => {
    const cause = new Error('below');
    const error = new HandlerError('it broke', { cause, details: { attempt: 2 } });
    expect(error).toMatchObject({ name: 'HandlerError', code: 'handler', message: 'it broke', cause });
    expect(error.details).toEqual({ attempt: 2 });
    expect(error).toBeInstanceOf(RuntimeError);
    expect('cause' in new OwnershipError('lock-lost', 'x')).toBe(false);
  });

  test('of the configuration lists every problem at once', () => {
    expect(new ConfigError(['one']).message).toBe('one');
    const many = new ConfigError(['one', 'two']);
    expect(many.message).toBe('2 problems:\n- one\n- two');
    expect(many.problems).toEqual(['one', 'two']);
  });

  test('of the broker says whether repeating the frame may succeed', () => {
    const repeatable = (['unreachable', 'unknown-outcome', 'overloaded', 'out-of-order'] as const).map(
      (code) => new BrokerError(code, 'x').repeatable,
    );
    const final = (['stale-frame', 'refused', 'closed'] as const).map((code) => new BrokerError(code, 'x').repeatable);
    expect([...new Set(repeatable), ...new Set(final)]).toEqual([true, false]);
  });

  test('about an agent that is not there names it', () => {
    const error = new AgentUnavailable('docs', 'no owner');
    expect(error).toMatchObject({ code: 'agent-unavailable', details: { agentId: 'docs' } });
    expect(error.message).toBe('expected agent "docs" to be live, got: no owner');
  });
});

describe('redact', () => {
  test.each([
    ['redis://:secret@host:6379/0', 'redis://***@host:6379/0'],
    [
      'redis+sentinel://app:secret@a,b/main?sentinelUsername=ask&sentinelPassword=p%40ss is away',
      'redis+sentinel://***@a,b/main?sentinelUsername=***&sentinelPassword=*** is away',
    ],
    ['connect rediss://user:secret@host failed', 'connect rediss://***@host failed'],
    ['a redis://u:p@h and b https://t:x@h/p', 'a redis://***@h and b https://***@h/p'],
    ['REDIS://U:P@H', 'REDIS://***@H'],
    ['redis://:pass@word@host', 'redis://***@host'],
    ['got: redis://user:se/cr#et%@host:1/0', 'got: redis://***@host:1/0'],
    ['{"url":"redis://u:p@h","mail":"me@host"}', '{"url":"redis://***@h","mail":"me@host"}'],
  ])('%s becomes %s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test.each(['redis://host:6379', 'mail me@host', 'see https://host/a@b', ''])('leaves %j alone', (text) => {
    expect(redact(text)).toBe(text);
  });
});

test('redact takes no longer for a text that is made to be slow', () => {
  for (const part of ['x', 'x:', '://', ':/', '@', '://x@', '://@', 'redis://', 'redis://x/'])
    expect(redact(part.repeat(500_000))).not.toContain('x@');
});

describe('a record', () => {
  test('carries name, code, message and stack, all of them redacted', () => {
    const record = describeError(new BrokerError('unreachable', 'redis://:secret@host is away'));
    expect(record).toMatchObject({ name: 'BrokerError', code: 'unreachable', message: 'redis://***@host is away' });
    expect(record.stack).toContain('errors.test.ts');
    expect(JSON.stringify(record)).not.toContain('secret');
  });

  test('is bounded in size', () => {
    const record = describeError(new Error('x'.repeat(100_000)));
    expect(record.message.length).toBeLessThanOrEqual(2_000);
    expect(record.stack?.length).toBeLessThanOrEqual(4_000);
    expect(describeError('x'.repeat(100_000)).message.length).toBeLessThanOrEqual(2_000);
  });

  test('is made of whatever was thrown', () => {
    expect(describeError('text redis://u:p@h')).toEqual({
      name: 'Error',
      code: 'thrown',
      message: 'text redis://***@h',
    });
    expect(describeError(undefined)).toMatchObject({ code: 'thrown', message: 'undefined' });
    expect(describeError(new TypeError('x'))).toMatchObject({ name: 'TypeError', code: 'error' });
    expect(describeError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toMatchObject({
      code: 'ECONNREFUSED',
    });
    expect(describeError(Object.assign(new Error('x'), { code: 5 }))).toMatchObject({ code: 'error' });
  });

  test('restores to an error that says the same', () => {
    const record = describeError(new OwnershipError('lock-lost', 'gone'));
    const error = restoreError(record);
    expect(error).toMatchObject({ name: 'OwnershipError', code: 'lock-lost', message: 'gone', stack: record.stack });
    expect(describeError(error)).toEqual(record);
    const { stack: _stack, ...bare } = record;
    expect(restoreError(bare)).toBeInstanceOf(RuntimeError);
  });
});

test('the reason of an abort is an error, whatever it was', () => {
  const reason = new Error('enough');
  expect(abortReason(AbortSignal.abort(reason))).toBe(reason);
  expect(abortReason(AbortSignal.abort('text'))).toBeInstanceOf(CancelledError);
  expect(abortReason(undefined)).toMatchObject({ code: 'stopped' });
});
