/**
 * Parts of an answer on their way out: no more than may be ahead (J4), kept until they are taken (J5), forgotten with their reader (J6).
 */
import { describe, expect, test } from 'vitest';
import type { Notice } from '../../../src/broker/notices.ts';
import type { Envelope } from '../../../src/core/envelope.ts';
import { limits } from '../../../src/core/limits.ts';
import { type OutgoingParts, PartStreams } from '../../../src/runtime/outgoing-parts.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

type PartNotice = Notice & { readonly kind: 'part' };

function envelope(opId: string, via = 'me'): Envelope {
  const trace = { id: 't', asks: [] };
  return { v: 1, opId, kind: 'ask', from: 'me', via, to: 'docs', name: 'who', data: null, sentAt: 0, trace };
}

function open() {
  const clock = new VirtualClock();
  const sent: (PartNotice & { readonly address: string })[] = [];
  const send = ({ address, notice }: { address: string; notice: Notice }): void =>
    void sent.push({ address, ...(notice as PartNotice) });
  const streams = new PartStreams({ clock, replies: { send } as never });
  const credit = (received: number, taken: number, again = false): void =>
    streams.onNotice({ kind: 'credit', askId: 'a', received, taken, again });
  const numbers = (): number[] => sent.splice(0).map(({ number }) => number);
  const hasRoom = async (parts: OutgoingParts): Promise<boolean> => {
    let room = false;
    parts.room().then(
      () => (room = true),
      () => {},
    );
    await clock.settle();
    return room;
  };
  return { clock, sent, streams, credit, numbers, hasRoom };
}

describe('outgoing parts', () => {
  test('J4: have room until as many are sent and not taken as may be ahead', async () => {
    const { streams, credit, hasRoom } = open();
    const parts = streams.open(envelope('a'));
    for (let number = 1; number <= limits.streamParts; number++) {
      expect(await hasRoom(parts)).toBe(true);
      await parts.put(number);
    }
    expect(await hasRoom(parts)).toBe(false);
    credit(limits.streamParts, 0);
    expect(await hasRoom(parts)).toBe(false);
    credit(limits.streamParts, 1);
    expect(await hasRoom(parts)).toBe(true);
  });

  test('J4: have room until as many bytes are', async () => {
    const { streams, credit, hasRoom } = open();
    const parts = streams.open(envelope('a'));
    await parts.put('x'.repeat(limits.streamBytes / 2));
    expect(await hasRoom(parts)).toBe(true);
    await parts.put('x'.repeat(limits.streamBytes / 2));
    expect(await hasRoom(parts)).toBe(false);
    credit(2, 1);
    expect(await hasRoom(parts)).toBe(true);
  });

  test('J5: are sent again when the reader asks, those that it has not received, with their numbers, and the end too', async () => {
    const { clock, sent, streams, credit, numbers } = open();
    const parts = streams.open(envelope('a'));
    for (const value of ['a', 'b', null, undefined]) await parts.put(value);
    parts.end();
    expect(sent.map(({ body, state }) => [body, state])).toEqual([
      ['"a"', 'more'],
      ['"b"', 'more'],
      ['null', 'more'],
      ['null', 'more'],
      ['null', 'end'],
    ]);
    expect(numbers()).toEqual([1, 2, 3, 4, 5]);
    credit(2, 1);
    expect(numbers()).toEqual([]);
    credit(2, 1, true);
    expect(numbers()).toEqual([3, 4, 5]);
    credit(5, 2);
    credit(0, 0, true);
    expect(numbers()).toEqual([]);
    await clock.advance(30_000);
    expect([parts.signal.aborted, clock.pending]).toEqual([false, 0]);
  });

  test('J5: that failed end with the error, and nothing comes behind it', async () => {
    const { sent, streams } = open();
    const parts = streams.open(envelope('a'));
    parts.fail(new TypeError('mine'));
    parts.end();
    await parts.put(1);
    expect(sent).toMatchObject([{ number: 1, state: 'error', address: 'me' }]);
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject({ name: 'TypeError', message: 'mine' });
  });

  test('J6: end when their reader leaves, also before they begin, or its process goes', async () => {
    const { streams, numbers, hasRoom } = open();
    const left = streams.open(envelope('a'));
    const gone = streams.open(envelope('b', 'n2'));
    const stays = streams.open(envelope('c', 'n3'));
    streams.onNotice({ kind: 'left', askId: 'a' });
    streams.onNotice({ kind: 'gone', node: 'n2' });
    streams.onNotice({ kind: 'left', askId: 'd' });
    const late = streams.open(envelope('d'));
    expect([left, gone, stays, late].map(({ signal }) => signal.aborted)).toEqual([true, true, false, true]);
    await late.put(1);
    expect(numbers()).toEqual([]);
    expect(await hasRoom(stays)).toBe(true);
    streams.stop();
  });

  test('J6: end after ten seconds of silence, and not before', async () => {
    const { clock, streams, credit } = open();
    const parts = streams.open(envelope('a'));
    const other = streams.open(envelope('b'));
    for (let beat = 0; beat < 5; beat++) {
      await clock.advance(9_000);
      credit(0, 0);
    }
    expect([parts.signal.aborted, other.signal.aborted]).toEqual([false, true]);
    await clock.advance(12_000);
    expect([parts.signal.aborted, clock.pending]).toEqual([true, 0]);
  });

  test('J6: that wait for room are told when they end, and the node leaves no timer', async () => {
    const { clock, streams } = open();
    const parts = streams.open(envelope('a'));
    for (let number = 1; number <= limits.streamParts; number++) await parts.put(number);
    const waiting = expect(parts.room()).rejects.toMatchObject({ code: 'stopped' });
    await clock.settle();
    streams.stop();
    await waiting;
    expect(clock.pending).toBe(0);
  });
});
