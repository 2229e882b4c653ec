/**
 * Parts of an answer as they come in: each given out once and in order (J1), acknowledged (J2), and every end (J3).
 */
import { describe, expect, test } from 'vitest';
import { type AnswerNotice, IncomingParts, type PartNotice } from '../../../src/client/incoming-parts.ts';
import { limits } from '../../../src/core/limits.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

function open() {
  const clock = new VirtualClock();
  const told: (AnswerNotice & { readonly address: string })[] = [];
  const tell = (address: string, notice: AnswerNotice): void => void told.push({ address, ...notice });
  const parts = new IncomingParts({ askId: 'a', clock, tell });
  const got: unknown[] = [];
  const reading = parts.read();
  const readAll = (): Promise<void> =>
    (async () => {
      for await (const value of reading) got.push(value);
    })().then(
      () => void got.push('end'),
      (error: unknown) => void got.push(error),
    );
  return { clock, told, parts, got, reading, readAll };
}

const part = (number: number, state: PartNotice['state'] = 'more'): PartNotice => ({
  kind: 'part',
  askId: 'a',
  number,
  state,
  body: JSON.stringify(number),
});

describe('incoming parts', () => {
  test('J1: are given out in order and once; behind a missing one nothing is, and it is asked for once', async () => {
    const { clock, told, parts, got, readAll } = open();
    parts.open('n1');
    void readAll();
    for (const number of [1, 2, 2, 1, 4, 5, 6]) parts.accept(part(number));
    await clock.settle();
    expect(got).toEqual([1, 2]);
    expect(told).toEqual([
      { address: 'n1', kind: 'credit', askId: 'a', received: 2, taken: expect.any(Number) as number, again: true },
    ]);
    for (const number of [3, 4, 5, 6]) parts.accept(part(number));
    parts.accept(part(8));
    await clock.settle();
    expect(got).toEqual([1, 2, 3, 4, 5, 6]);
    expect(told.map((notice) => 'again' in notice && [notice.received, notice.again])).toEqual([
      [2, true],
      [6, true],
    ]);
  });

  test('J1: the end counts only when nothing before it is missing', async () => {
    const { clock, parts } = open();
    parts.open('n1');
    expect(parts.accept(part(3, 'end'))).toBe(false);
    expect([1, 2].map((number) => parts.accept(part(number)))).toEqual([false, false]);
    expect(parts.accept(part(3, 'end'))).toBe(true);
    parts.end({});
    await clock.advance(5_000);
    expect(clock.pending).toBe(0);
  });

  test('J2: are acknowledged when half of what may be ahead is taken, in parts and in bytes', async () => {
    const { clock, told, parts, readAll } = open();
    parts.open('n1');
    void readAll();
    for (let number = 1; number <= limits.streamParts; number++) parts.accept(part(number));
    await clock.settle();
    const half = limits.streamParts / 2;
    expect(told.map((notice) => 'taken' in notice && notice.taken)).toEqual([half, 2 * half]);
    parts.accept({ ...part(limits.streamParts + 1), body: JSON.stringify('x'.repeat(limits.streamBytes / 4)) });
    await clock.settle();
    expect(told.at(-1)).toMatchObject({ taken: limits.streamParts + 1, again: false });
  });

  test('J2: are acknowledged every second; one without progress, and a reset, ask for a repetition', async () => {
    const { clock, told, parts, readAll } = open();
    parts.open('n1');
    void readAll();
    parts.accept(part(1));
    await clock.advance(1_000);
    parts.accept(part(2));
    await clock.advance(1_000);
    await clock.advance(1_000);
    parts.onReset();
    const seen = told.map((notice) => 'again' in notice && [notice.received, notice.taken, notice.again]);
    expect(seen).toEqual([
      [1, 1, false],
      [2, 2, false],
      [2, 2, true],
      [2, 2, true],
    ]);
  });

  test('J3: what was received comes before an error, unless that ends the loop at once', async () => {
    for (const atOnce of [false, true]) {
      const { clock, told, parts, got, readAll } = open();
      parts.open('n1');
      parts.accept(part(1));
      parts.accept(part(2));
      parts.end({ error: 'broken' }, atOnce);
      void readAll();
      await clock.settle();
      expect(got).toEqual(atOnce ? ['broken'] : [1, 2, 'broken']);
      expect([told.at(-1)?.kind, clock.pending]).toEqual(['left', 0]);
    }
  });

  test('J3: of which nothing is missing are all acknowledged at the end, also when their owner is known only then', async () => {
    const { clock, told, parts, got, readAll } = open();
    parts.accept(part(1));
    expect(parts.accept(part(2, 'end'))).toBe(true);
    parts.end({});
    void readAll();
    await clock.settle();
    expect([got, told]).toEqual([[1, 'end'], []]);
    parts.open('n1');
    expect(told).toMatchObject([{ kind: 'credit', received: 2, again: false }]);
    expect(clock.pending).toBe(0);
  });

  test('that nobody reads any more are refused to their owner, also when that is known only then', () => {
    const { clock, told, parts } = open();
    parts.leave();
    expect(told).toEqual([]);
    parts.open('n1');
    expect(told).toEqual([{ address: 'n1', kind: 'left', askId: 'a' }]);
    expect(parts.accept(part(1))).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
