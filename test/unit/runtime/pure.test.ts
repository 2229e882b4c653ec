/**
 * The decisions of the runtime that are pure: the mailbox, when to restart, and what becomes of a handler call.
 */
import { describe, expect, test } from 'vitest';
import {
  BrokerError,
  type BrokerCode,
  CancelledError,
  DeliveryError,
  type DeliveryCode,
  HandlerError,
  OwnershipError,
  RetryableError,
  TerminalError,
} from '../../../src/core/errors.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { verdictOf } from '../../../src/runtime/outcome.ts';
import { decideRestart, type RestartPolicy } from '../../../src/runtime/restart-policy.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';

const random = new SeededRandom(1);

describe('a mailbox', () => {
  test('is first in first out, bounded, and never drops what it has taken', () => {
    const mailbox = new Mailbox<number>(100);
    const taken: (number | undefined)[] = [];
    let offered = 0;
    for (let round = 0; round < 50; round++) {
      while (mailbox.offer(offered)) offered++;
      expect([mailbox.size, mailbox.room]).toEqual([100, 0]);
      for (let index = 0; index < 37; index++) taken.push(mailbox.take());
      expect([mailbox.size, mailbox.room]).toEqual([63, 37]);
    }
    taken.push(...mailbox.drain());
    expect(taken).toEqual(Array.from({ length: offered }, (_, index) => index));
    expect([mailbox.size, mailbox.take(), mailbox.drain()]).toEqual([0, undefined, []]);
    expect(mailbox.offer(1)).toBe(true);
  });
});

describe('the restart policy', () => {
  const backoff = { kind: 'exponential', baseMs: 100, maxMs: 1_000, jitter: false } as const;
  const policy: RestartPolicy = { intensity: 3, periodMs: 10_000, backoff };
  const decide = (history: readonly number[], now: number) => decideRestart(policy, history, now, random, 'x');

  test.each([
    ['the first failure', [], 0, { kind: 'restart', afterMs: 100, history: [0] }],
    ['a second one soon after', [0], 200, { kind: 'restart', afterMs: 200, history: [0, 200] }],
    ['a third one', [0, 200], 500, { kind: 'restart', afterMs: 400, history: [0, 200, 500] }],
    ['more than the intensity allows', [0, 200, 500], 900, { kind: 'escalate' }],
    ['one at the edge of the window, which still counts', [0, 200, 500], 10_000, { kind: 'escalate' }],
    [
      'one after the oldest left the window',
      [0, 200, 500],
      10_001,
      { kind: 'restart', afterMs: 400, history: [200, 500, 10_001] },
    ],
    ['one long after all others', [0, 200, 500], 60_000, { kind: 'restart', afterMs: 100, history: [60_000] }],
  ])('decides on %s', (_, history, now, decision) => {
    expect(decide(history, now)).toEqual(decision);
  });
});

describe('the verdict on a handler that failed', () => {
  const backoff = { kind: 'fixed', baseMs: 500, maxMs: 500, jitter: false } as const;
  const verdict = (error: unknown, attempt = 1, past = { lost: 0, returned: 0 }) =>
    verdictOf(error, { taskId: 't', attempt, retries: 2, backoff, resultTtlMs: 9, ...past }, random);
  const delivery = (code: DeliveryCode) => new DeliveryError(code, code);
  const broker = (code: BrokerCode) => new BrokerError(code, code);

  test.each<[string, unknown, number, object]>([
    ['an error of the user is tried again', new Error('x'), 1, { kind: 'retry', delayMs: 500 }],
    ['what is no error, too', 'x', 1, { kind: 'retry', delayMs: 500, error: { message: 'x' } }],
    ['the last attempt is the last', new Error('x'), 3, { kind: 'dead', reason: 'retries-exhausted', resultTtlMs: 9 }],
    ['TerminalError is never tried again', new TerminalError('x'), 1, { kind: 'dead', reason: 'terminal' }],
    ['RetryableError names its delay', new RetryableError('x', { afterMs: 7 }), 1, { kind: 'retry', delayMs: 7 }],
    ['RetryableError without a delay takes the backoff', new RetryableError('x'), 1, { kind: 'retry', delayMs: 500 }],
    ['RetryableError counts as an attempt', new RetryableError('x'), 3, { kind: 'dead', reason: 'retries-exhausted' }],
    ['a timeout counts as an attempt', new CancelledError('timeout', 'x'), 1, { kind: 'retry' }],
    ['a drain is not charged', new CancelledError('drain', 'x'), 3, { kind: 'release' }],
    ['a stop is not charged', new CancelledError('stopped', 'x'), 3, { kind: 'release' }],
    [
      'a cancelled task is not tried again',
      new CancelledError('cancelled', 'x'),
      1,
      { kind: 'dead', reason: 'cancelled' },
    ],
    ['a lost lease is abandoned', new OwnershipError('lease-lost', 'x'), 3, { kind: 'abandon' }],
    ['a lost presence is abandoned', new OwnershipError('presence-lost', 'x'), 3, { kind: 'abandon' }],
    ['a lost activation is abandoned', new OwnershipError('activation-lost', 'x'), 3, { kind: 'abandon' }],
    ['a lost lock is tried again', new OwnershipError('lock-lost', 'x'), 1, { kind: 'retry' }],
    ['a broker that is away is not charged', broker('unreachable'), 3, { kind: 'release' }],
    ['nor is an unknown outcome', broker('unknown-outcome'), 3, { kind: 'release' }],
    ['what a broker refused is tried again', broker('refused'), 1, { kind: 'retry' }],
    ['a missing handler is final', delivery('no-handler'), 1, { kind: 'dead', reason: 'no-handler' }],
    ['an invalid payload is final', delivery('invalid-payload'), 1, { kind: 'dead', reason: 'invalid-payload' }],
    ['a malformed record is final', delivery('malformed'), 1, { kind: 'dead', reason: 'malformed' }],
    ['a deadline is final', delivery('deadline'), 1, { kind: 'dead', reason: 'deadline' }],
    ['an ask that timed out is tried again', delivery('reply-timeout'), 1, { kind: 'retry' }],
    ['a full queue is tried again', delivery('queue-full'), 1, { kind: 'retry' }],
    ['a child task that failed is tried again', new HandlerError('x'), 1, { kind: 'retry' }],
  ])('%s', (_, error, attempt, expected) => {
    expect(verdict(error, attempt)).toMatchObject(expected);
  });
});
