/**
 * Operations that are kept as text come back as they were: each that would be sent again, and no other.
 */
import { describe, expect, test } from 'vitest';
import type { SendOp, SendReply } from '../../../src/broker/mail.ts';
import type { EnqueueOp, EnqueueReply, Outcome, SettleOp, SettleReply } from '../../../src/broker/tasks.ts';
import { keptEnqueues, keptSends, keptSettles } from '../../../src/client/kept-codecs.ts';
import { type Exchange, type KeptCodec, keepOps, plainCodec, readKept } from '../../../src/client/kept-ops.ts';

function throughText<Op, Reply>(codec: KeptCodec<Op, Reply>, exchanges: readonly Exchange<Op, Reply>[]) {
  const [ops, replies] = [exchanges.map(({ op }) => op), exchanges.map(({ reply }) => reply)];
  return readKept(codec, keepOps(codec, ops, replies));
}

const odd = 'Grüße, \u{1f600} \u001e\u001f "\\';

describe('enqueued tasks', () => {
  const plain: EnqueueOp = { priority: 'normal', delayMs: 0, envelope: '{"n":1}', maxWaiting: 10 };
  const enqueued = (op: EnqueueOp, n: number): Exchange<EnqueueOp, EnqueueReply> => ({
    op,
    reply: { kind: 'enqueued', taskId: `docs.n.${n}-1` },
  });

  test('come back with all that they have of their own', () => {
    const kinds: readonly Partial<EnqueueOp>[] = [
      {},
      { envelope: `{"text":${JSON.stringify(odd)}}` },
      { priority: 'high' },
      { priority: 'high', delayMs: 1.5 },
      { maxWaiting: 11 },
      { key: { name: odd, ttlMs: 5 } },
      { key: { name: odd, ttlMs: 5 } },
      { concurrencyKey: odd },
      { concurrencyKey: odd },
      { taskId: 'docs.n.7-7' },
      {},
      {},
    ];
    const exchanges = kinds.map((kind, n) => enqueued({ ...plain, ...kind }, n));
    expect(throughText(keptEnqueues, exchanges)).toEqual(exchanges);
  });

  test('are left out when they were refused', () => {
    const refused: readonly EnqueueReply[] = [
      { kind: 'queue-full', tasks: 3 },
      { kind: 'known', taskId: 'docs.n.1-1' },
    ];
    const others = refused.map((reply) => ({ op: { ...plain, priority: 'low' as const }, reply }));
    const kept = enqueued(plain, 2);
    expect(throughText(keptEnqueues, [...others, kept, ...others, kept])).toEqual([kept, kept]);
    expect(throughText(keptEnqueues, others)).toEqual([]);
  });
});

describe('settles', () => {
  const receipt = { taskId: 'docs.n.1-1', priority: 'normal', entry: '1-1', deliveries: 1 } as const;
  const done = (result: string): Outcome => ({ kind: 'complete', result, resultTtlMs: 60_000 });
  const error = { name: 'Error', code: 'failed', message: odd };

  test('come back with all that they have of their own', () => {
    const ops: readonly SettleOp[] = [
      { receipt, outcome: done('1') },
      { receipt: { ...receipt, taskId: 'docs.n.2-2', entry: '3-3' }, outcome: done(JSON.stringify(odd)) },
      { receipt: { ...receipt, deliveries: 2 }, outcome: done('2') },
      { receipt, outcome: done('3'), notify: 'somebody' },
      { receipt, outcome: done('4'), notify: 'somebody' },
      { receipt, outcome: { kind: 'complete', result: '5', resultTtlMs: 0 } },
      { receipt, outcome: { kind: 'dead', reason: 'terminal', error, resultTtlMs: 1 } },
      { receipt, outcome: { kind: 'retry', delayMs: 5, error } },
      { receipt, outcome: { kind: 'release', begun: true } },
      { receipt: { ...receipt, priority: 'high' }, outcome: done('6') },
    ];
    const exchanges = ops.map((op): Exchange<SettleOp, SettleReply> => ({ op, reply: 'settled' }));
    expect(throughText(keptSettles, exchanges)).toEqual(exchanges);
  });

  test.each(['stale', 'cancelled'] as const)('are left out when they were %s', (reply) => {
    expect(throughText(keptSettles, [{ op: { receipt, outcome: done('1') }, reply }])).toEqual([]);
  });
});

describe('messages', () => {
  const stored: SendReply = { kind: 'stored', entry: '1-1' };

  test('come back with all that they have of their own, and dead letters that live again', () => {
    const ops: readonly SendOp[] = [
      { to: 'docs', opId: 'a', envelope: '{}', limit: 5 },
      { to: odd, opId: odd, envelope: JSON.stringify(odd), limit: 5 },
      { to: 'docs', opId: 'b', envelope: '{}', limit: 6 },
      { to: 'docs', opId: 'c', envelope: '{}', limit: 6, key: { name: odd, ttlMs: 7 } },
      { to: 'docs', opId: 'd', envelope: '{}', limit: 6 },
      { to: 'docs', limit: 6, letter: '8' },
      { to: 'docs', opId: 'e', envelope: '{}', limit: 6 },
    ];
    const exchanges = ops.map((op) => ({ op, reply: stored }));
    expect(throughText(keptSends, exchanges)).toEqual(exchanges);
  });

  test('are left out when nothing was stored', () => {
    const op: SendOp = { to: 'docs', opId: 'a', envelope: '{}', limit: 5 };
    const replies: readonly SendReply[] = [{ kind: 'known', opId: 'b' }, { kind: 'published' }, { kind: 'no-letter' }];
    expect(
      throughText(
        keptSends,
        replies.map((reply) => ({ op, reply })),
      ),
    ).toEqual([]);
  });
});

test('anything else comes back as JSON has it', () => {
  const exchanges = [
    { op: { topic: odd, sentAt: 1 }, reply: '1-1' },
    { op: { topic: '', sentAt: 2 }, reply: '2-2' },
  ];
  expect(throughText(plainCodec<{ topic: string; sentAt: number }, string>(), exchanges)).toEqual(exchanges);
});
