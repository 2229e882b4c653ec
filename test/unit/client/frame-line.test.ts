/**
 * The collector and its lines against a broker that answers as the test says (C1 to C4).
 */
import { describe, expect, test } from 'vitest';
import { BrokerError, OwnershipError } from '../../../src/core/errors.ts';
import { limits } from '../../../src/core/limits.ts';
import { open } from './collector.ts';

const unknown = new BrokerError('unknown-outcome', 'the reply was lost');
const unreachable = new BrokerError('unreachable', 'no link');
const outOfOrder = new BrokerError('out-of-order', 'not yet');

describe('frames', () => {
  test('C1: what is submitted in one tick is one frame, and each operation gets its own reply', async () => {
    const { clock, calls, ends, submit, answer } = open();
    for (const op of [1, 2, 3]) submit(op);
    await clock.settle();
    expect(calls.map(({ frame }) => frame)).toEqual([
      { tag: 't', sender: 'me', seq: 1, prev: 0, known: 0, leased: true, ops: [1, 2, 3] },
    ]);
    await answer(0);
    expect(ends).toEqual(['r1', 'r2', 'r3']);
  });

  test('C1: at most two frames are in flight; what comes meanwhile waits together, in order', async () => {
    const { clock, submit, answer, sent } = open();
    for (const op of [1, 2, 3, 4]) {
      submit(op);
      await clock.settle();
    }
    expect(sent()).toEqual([
      [1, 0, [1]],
      [2, 1, [2]],
    ]);
    await answer(0);
    expect(sent().slice(2)).toEqual([[3, 2, [3, 4]]]);
  });

  test('C1: a frame is cut by its operations and by its bytes, takes at least one, and leaves before the tick ends when many wait', async () => {
    const byCount = open();
    const { frameEarlyOps, frameOps } = limits;
    for (let op = 0; op < 2 * frameEarlyOps + frameOps + 1; op++) byCount.submit(op);
    expect(byCount.calls.map(({ frame }) => frame.ops.length)).toEqual([frameEarlyOps, frameEarlyOps]);
    await byCount.clock.settle();
    expect(byCount.calls).toHaveLength(limits.framesInFlight);
    await byCount.answer(0);
    await byCount.answer(1);
    expect(byCount.calls.slice(2).map(({ frame }) => frame.ops.length)).toEqual([frameOps, 1]);
    const half = limits.frameBytes / 2;
    const byBytes = open({ bytesOf: (op) => (op === 0 ? 3 * half : half) });
    for (const op of [0, 1, 2, 3]) byBytes.submit(op);
    await byBytes.clock.settle();
    await byBytes.answer(0);
    expect(byBytes.calls.map(({ frame }) => [...frame.ops])).toEqual([[0], [1, 2], [3]]);
  });

  test('C1: a frame for whose answer nobody waits leaves behind those of its tick for which somebody does', async () => {
    const { clock, submit, calls } = open();
    const order: string[] = [];
    const unawaited = open({ clock, isUnawaited: true, onDeliver: () => order.push(`after ${calls.length}`) });
    unawaited.submit(1);
    submit(2);
    await clock.settle();
    expect(order).toEqual(['after 1']);
  });

  test('tags do not wait for one another', async () => {
    const { clock, calls, submit } = open();
    for (const tag of ['a', 'b', 'c']) submit(1, tag);
    await clock.settle();
    expect(calls.map(({ frame }) => [frame.tag, frame.seq])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ]);
  });
});

describe('a frame whose outcome is unknown', () => {
  test('C2: is repeated as the same frame, before any newer one', async () => {
    const { clock, ends, submit, answer, fail, sent } = open();
    submit(1);
    await clock.settle();
    await fail(0, unknown);
    submit(2);
    await clock.advance(1_000);
    expect(sent()).toEqual([
      [1, 0, [1]],
      [1, 0, [1]],
    ]);
    await answer(1);
    expect(sent().slice(2)).toEqual([[2, 0, [2]]]);
    await answer(2);
    expect(ends).toEqual(['r1', 'r2']);
  });

  test('C2: two of them are repeated one at a time and in order', async () => {
    const { clock, ends, submit, answer, fail, sent } = open();
    submit(1);
    await clock.settle();
    submit(2);
    await clock.settle();
    submit(3);
    await fail(1, outOfOrder);
    await clock.advance(5_000);
    expect(sent()).toHaveLength(2);
    await fail(0, unknown);
    await clock.advance(1_000);
    expect(sent().slice(2)).toEqual([[1, 0, [1]]]);
    await answer(2);
    await clock.advance(1_000);
    expect(sent().slice(3)).toEqual([[2, 0, [2]]]);
    await answer(3);
    expect(sent().slice(4)).toEqual([[3, 0, [3]]]);
    await answer(4);
    expect(ends).toEqual(['r1', 'r2', 'r3']);
  });

  test('C3: one that was refused holds up no other', async () => {
    const { clock, ends, submit, answer, fail, sent } = open();
    submit(1);
    await clock.settle();
    submit(2);
    await clock.settle();
    await fail(0, new OwnershipError('presence-lost', 'gone'));
    await fail(1, outOfOrder);
    await clock.advance(1_000);
    expect(sent()[2]).toEqual([2, 0, [2]]);
    await answer(2);
    expect(ends).toEqual(['1 presence-lost', 'r2']);
  });

  const staleFrame = new BrokerError('stale-frame', 'older than all remembered');
  for (const [what, end, told] of [
    ['is answered late', undefined, 'r1'],
    ['is refused', staleFrame, '1 stale-frame'],
  ] as const)
    test(`C3: one whose predecessor the broker no longer remembers is repeated without it when that one ${what}`, async () => {
      const { clock, ends, submit, answer, fail, sent } = open();
      submit(1);
      await clock.settle();
      for (let op = 2; op <= limits.framesRemembered + 2; op++) {
        submit(op);
        await clock.settle();
        expect(sent().at(-1)).toEqual([op, 1, [op]]);
        await answer(op - 1);
      }
      const last = limits.framesRemembered + 3;
      submit(last);
      await clock.settle();
      await fail(last - 1, outOfOrder);
      await clock.advance(1_000);
      expect(sent()).toHaveLength(last);
      await (end === undefined ? answer(0) : fail(0, end));
      await clock.advance(1_000);
      expect(sent().at(-1)).toEqual([last, 0, [last]]);
      await answer(last);
      expect(ends.slice(-2)).toEqual([told, `r${last}`]);
    });

  test('C4: is given up after the patience, as unknown when some reply was lost, as unreachable when it was never sent', async () => {
    const { clock, ends, calls, frames, submit, fail } = open();
    submit(1);
    await clock.settle();
    await fail(0, unknown);
    submit(2);
    for (let at = 1; ends.length < 2; at++) {
      await clock.advance(1_100);
      if (at < calls.length) await fail(at, unreachable);
    }
    expect(ends).toEqual(['1 unknown-outcome', '2 unreachable']);
    expect([frames.waiting, clock.pending]).toEqual([0, 0]);
    submit(3);
    await clock.settle();
    expect(calls.at(-1)?.frame).toMatchObject({ prev: 0, ops: [3] });
  });
});

test('C4: a broker that is full is given a few seconds, then the sender is told that it is full', async () => {
  const { clock, ends, calls, frames, submit, answer, fail } = open();
  const full = new BrokerError('full', 'no memory');
  let answered = 0;
  const refuseUntil = async (ms: number): Promise<void> => {
    while (clock.monotonic() < ms) {
      if (answered < calls.length) await fail(answered++, full);
      await clock.advance(50);
    }
  };
  submit(1);
  submit(2, 'other');
  await clock.settle();
  await refuseUntil(limits.fullPatienceMs - 100);
  expect(ends).toEqual([]);
  await refuseUntil(limits.fullPatienceMs + 2_000);
  expect(ends.toSorted()).toEqual(['1 full', '2 full']);
  expect([frames.waiting, clock.pending]).toEqual([0, 0]);
  submit(3);
  await clock.settle();
  await answer(calls.length - 1);
  expect(ends.at(-1)).toBe('r3');
});

describe('the collector', () => {
  test('refuses more operations than may wait, and takes some again when there is room', async () => {
    const { clock, frames, ends, submit, answer } = open();
    for (let op = 0; op < limits.collectorOps; op++) submit(op);
    submit(-1);
    await clock.settle();
    expect([frames.waiting, ends]).toEqual([limits.collectorOps, ['-1 overloaded']]);
    await answer(0);
    expect(frames.waiting).toBe(limits.collectorOps - limits.frameEarlyOps);
    submit(-2);
    await clock.settle();
    expect(ends).not.toContain('-2 overloaded');
  });

  test('tells everything that waits when it is closed, refuses the rest, and leaves no timer', async () => {
    const { clock, calls, frames, ends, submit, fail } = open();
    submit(1);
    await clock.settle();
    await fail(0, unknown);
    submit(2);
    frames.close();
    submit(3);
    await clock.settle();
    expect(ends.toSorted()).toEqual(['1 closed', '2 closed', '3 closed']);
    expect([frames.waiting, clock.pending, calls.length]).toEqual([0, 0, 1]);
  });

  test('tells each operation once, also when the broker answers or fails after it was closed', async () => {
    const { clock, frames, answer, fail } = open();
    const told: string[] = [];
    const ear = { resolve: (reply: string) => void told.push(reply), reject: () => void told.push('rejected') };
    frames.post('t', 1, ear);
    frames.post('u', 2, ear);
    await clock.settle();
    frames.close();
    await answer(0);
    await fail(1, unknown);
    expect(told).toEqual(['rejected', 'rejected']);
  });
});
