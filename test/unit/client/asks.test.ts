/**
 * Asks on their way: every way one can end, and that it ends once (A1 to A3).
 */
import { describe, expect, test } from 'vitest';
import type { AskReply } from '../../../src/broker/mail.ts';
import type { Notice } from '../../../src/broker/notices.ts';
import type { Activation } from '../../../src/broker/presence.ts';
import { Asks } from '../../../src/client/asks.ts';
import type { Envelope } from '../../../src/core/envelope.ts';
import { AgentUnavailable, BrokerError, describeError, DeliveryError, HandlerError } from '../../../src/core/errors.ts';
import { Observer } from '../../../src/core/observer.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

function open() {
  const clock = new VirtualClock();
  const sends: { resolve(reply: AskReply): void; reject(error: unknown): void }[] = [];
  const directory: { owner: Activation | undefined; failing: boolean } = {
    owner: { owner: 'n1', epoch: 1 },
    failing: false,
  };
  const lookup = (agentIds: readonly string[]): Promise<readonly (Activation | undefined)[]> =>
    directory.failing
      ? Promise.reject(new BrokerError('unreachable', 'no link'))
      : Promise.resolve(agentIds.map(() => directory.owner));
  const asks = new Asks({
    clock,
    random: new SeededRandom(1),
    observer: new Observer(),
    broker: { mail: { tagOf: () => 'm0' }, presence: { lookup } } as never,
    frames: { post: (_tag: string, _op: unknown, answer: (typeof sends)[number]) => void sends.push(answer) } as never,
  });
  const ends: unknown[] = [];
  let count = 0;
  const ask = (signal?: AbortSignal, timeoutMs = 30_000): string => {
    const opId = `ask${++count}`;
    asks.ask(envelope(opId), timeoutMs, signal).then(
      (value) => ends.push(value),
      (error: unknown) => ends.push(error),
    );
    return opId;
  };
  const reply = (askId: string, value: unknown, ok = true): Notice =>
    ({ kind: 'reply', askId, ok, body: JSON.stringify(value) }) as const;
  return { clock, asks, sends, directory, ends, ask, reply };
}

function envelope(opId: string): Envelope {
  const trace = { id: 't', asks: [] };
  return { v: 1, opId, kind: 'ask', from: 'me', via: 'me', to: 'docs', name: 'who', data: null, sentAt: 0, trace };
}

const sent = { kind: 'sent', owner: 'n1' } as const;
const moving = { reached: 'no', moving: true } as const;

describe('an ask', () => {
  test('A1: ends with the reply, once, and a second reply changes nothing', async () => {
    const { clock, asks, sends, ends, ask, reply } = open();
    const id = ask();
    sends[0]?.resolve(sent);
    await clock.settle();
    asks.onNotice(reply(id, { n: 1 }));
    asks.onNotice(reply(id, { n: 2 }));
    asks.onNotice({ kind: 'gone', node: 'n1' });
    await clock.advance(60_000);
    expect([ends, clock.pending]).toEqual([[{ n: 1 }], 0]);
  });

  test('A1: takes a reply that overtakes the answer of the broker', async () => {
    const { clock, asks, sends, ends, ask, reply } = open();
    asks.onNotice(reply(ask(), 'early'));
    sends[0]?.resolve(sent);
    await clock.settle();
    expect([ends, clock.pending]).toEqual([['early'], 0]);
  });

  test('A1: ends at its deadline, with its signal, and with what kept it from being sent', async () => {
    const { clock, sends, ends, ask } = open();
    ask(undefined, 5_000);
    await clock.advance(5_000);
    const abort = new AbortController();
    ask(abort.signal);
    abort.abort(new Error('enough'));
    ask();
    sends[2]?.reject(new BrokerError('overloaded', 'too many'));
    ask(AbortSignal.abort(new Error('before')));
    await clock.settle();
    expect(ends.map((end) => (end as Error).message)).toEqual([
      expect.stringContaining('within 5000 ms'),
      'enough',
      'too many',
      'before',
    ]);
    expect(clock.pending).toBe(0);
  });

  test('A2: fails at once when nobody owns the id', async () => {
    const { clock, sends, ends, ask } = open();
    ask();
    sends[0]?.resolve({ kind: 'no-owner' });
    await clock.settle();
    expect(ends[0]).toBeInstanceOf(AgentUnavailable);
  });

  test('A2: fails by the notice that its owner has gone, and not by one about another node', async () => {
    const { clock, asks, sends, ends, ask } = open();
    ask();
    sends[0]?.resolve(sent);
    await clock.settle();
    asks.onNotice({ kind: 'gone', node: 'n2' });
    await clock.settle();
    expect(ends).toEqual([]);
    asks.onNotice({ kind: 'gone', node: 'n1' });
    await clock.settle();
    expect(ends[0]).toBeInstanceOf(AgentUnavailable);
  });

  test('A2: fails by the next look at the directory when that notice was lost, also after looks that failed', async () => {
    const { clock, sends, directory, ends, ask } = open();
    ask();
    sends[0]?.resolve(sent);
    await clock.advance(2_500);
    directory.failing = true;
    directory.owner = undefined;
    await clock.advance(2_000);
    expect(ends).toEqual([]);
    directory.failing = false;
    await clock.advance(1_000);
    expect(ends[0]).toBeInstanceOf(AgentUnavailable);
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });

  test('A3: is known by its id alone: replies to others are left alone', async () => {
    const { clock, asks, sends, ends, ask, reply } = open();
    const [first, second] = [ask(), ask()];
    for (const send of sends) send.resolve(sent);
    await clock.settle();
    asks.onNotice(reply('somebody', 0));
    asks.onNotice(reply(second, 2));
    asks.onNotice(reply(first, 1));
    await clock.settle();
    expect(ends).toEqual([2, 1]);
  });

  test('gets an error of the runtime by its class, and any other as a HandlerError', async () => {
    const { clock, asks, ends, ask, reply } = open();
    for (const error of [
      new AgentUnavailable('docs', 'it is stopping'),
      new DeliveryError('mailbox-full', 'full'),
      new TypeError('mine'),
    ])
      asks.onNotice(reply(ask(), describeError(error), false));
    asks.onNotice({ kind: 'reply', askId: ask(), ok: true, body: '{' });
    await clock.settle();
    expect(ends[0]).toBeInstanceOf(AgentUnavailable);
    expect(ends[1]).toMatchObject({ name: 'DeliveryError', code: 'mailbox-full' });
    expect(ends[2]).toBeInstanceOf(HandlerError);
    expect(ends[2]).toMatchObject({ cause: { name: 'TypeError', message: 'mine' } });
    expect(ends[3]).toMatchObject({ code: 'malformed' });
  });

  test('that waits when the process leaves is told so, and no timer is left', async () => {
    const { clock, asks, sends, ends, ask } = open();
    ask();
    sends[0]?.resolve(sent);
    await clock.settle();
    ask();
    sends[1]?.resolve(sent);
    asks.stop(new BrokerError('closed', 'left'));
    await clock.settle();
    expect([ends.map((end) => (end as BrokerError).code), clock.pending]).toEqual([['closed', 'closed'], 0]);
  });

  test('A5: that was refused before a handler began is made again, until somebody answers', async () => {
    const { clock, asks, sends, ends, ask, reply } = open();
    const id = ask();
    asks.onNotice(reply(id, describeError(new AgentUnavailable('docs', 'it is stopping', moving)), false));
    sends[0]?.resolve(sent); // the refusal has overtaken it
    await clock.advance(500);
    asks.onNotice({ kind: 'gone', node: 'n1' });
    sends[1]?.resolve({ kind: 'no-owner' });
    await clock.advance(500);
    sends[2]?.resolve({ kind: 'sent', owner: 'n2' });
    await clock.settle();
    asks.onNotice(reply(id, 'answer'));
    await clock.advance(60_000);
    expect([ends, sends.length, clock.pending]).toEqual([['answer'], 3, 0]);
  });

  test('A5: is given up 10 s after the first refusal, 2 s after the last owner, or at its deadline; nobody was reached', async () => {
    const refusal = describeError(new AgentUnavailable('docs', 'it is stopping', moving));
    for (const { timeoutMs = 60_000, endsAtMs, isOwned } of [
      { endsAtMs: 10_000, isOwned: true },
      { endsAtMs: 2_000, isOwned: false },
      { timeoutMs: 1_500, endsAtMs: 1_500, isOwned: false },
    ]) {
      const { clock, asks, sends, ends, ask, reply } = open();
      const id = ask(undefined, timeoutMs);
      sends[0]?.resolve(sent);
      await clock.settle();
      asks.onNotice(reply(id, refusal, false));
      let waitedMs = 0;
      for (; ends.length === 0 && waitedMs < 20_000; waitedMs += 10) {
        await clock.advance(10);
        sends.at(-1)?.resolve(isOwned ? sent : { kind: 'no-owner' });
        await clock.settle();
        if (isOwned) asks.onNotice(reply(id, refusal, false));
      }
      expect(waitedMs).toBeGreaterThan(endsAtMs - 600); // the last pauses are up to half a second long
      expect(waitedMs).toBeLessThanOrEqual(endsAtMs + 1_000);
      expect(ends).toMatchObject([{ code: 'agent-unavailable', details: { agentId: 'docs', reached: 'no' } }]);
      await clock.advance(2_000); // the look at the directory finds that nothing waits
      expect(clock.pending).toBe(0);
    }
  });

  test('A5: of which a handler may have begun is not made again', async () => {
    const { clock, asks, sends, ends, ask, reply } = open();
    const stopped = ask();
    asks.onNotice(reply(stopped, describeError(new AgentUnavailable('docs', 'it is stopping')), false));
    const forged = describeError(
      new HandlerError('', { cause: new AgentUnavailable('x', 'y', moving), details: { byHandler: true } }),
    );
    asks.onNotice(reply(ask(), forged, false));
    ask();
    sends[2]?.resolve(sent);
    await clock.settle();
    asks.onNotice({ kind: 'gone', node: 'n1' });
    await clock.advance(60_000);
    expect(ends).toMatchObject([
      { details: { reached: 'maybe' } },
      { code: 'handler' },
      { details: { reached: 'maybe' } },
    ]);
    expect(sends).toHaveLength(3);
  });

  test('A5: to an id that nobody runs is made again only when it had an owner a moment ago', async () => {
    const { clock, asks, sends, ends, ask, reply } = open();
    ask();
    sends[0]?.resolve({ kind: 'no-owner' });
    await clock.settle();
    expect(ends).toMatchObject([{ code: 'agent-unavailable', details: { reached: 'no' } }]);
    const first = ask();
    sends[1]?.resolve(sent);
    await clock.settle();
    asks.onNotice(reply(first, 'here'));
    ask();
    sends[2]?.resolve({ kind: 'no-owner' });
    await clock.advance(1_000);
    expect(sends).toHaveLength(4);
    sends[3]?.resolve(sent);
    await clock.advance(20_000);
    ask();
    sends[4]?.resolve({ kind: 'no-owner' });
    await clock.settle();
    expect(ends.at(-1)).toMatchObject({ code: 'agent-unavailable' });
    asks.stop(new Error('over'));
  });
});
