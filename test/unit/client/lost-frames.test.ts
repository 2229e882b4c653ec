/**
 * What was acknowledged and then lost by the broker is sent again (C5), as far as it is kept.
 */
import { expect, test } from 'vitest';
import { BrokerError, OwnershipError } from '../../../src/core/errors.ts';
import { limits } from '../../../src/core/limits.ts';
import { open } from './collector.ts';

const forgottenBut = (last: number): BrokerError => new BrokerError('forgotten', 'lost', { details: { last } });

/** A collector whose frames 1, 2, 3 carried operation 1, 2, 3 and were answered. */
async function answered(leased = true) {
  const stage = open({ leased });
  for (const op of [1, 2, 3]) {
    stage.submit(op);
    await stage.clock.settle();
    await stage.answer(op - 1);
  }
  return stage;
}

test('C5: every frame names the newest one that was answered', async () => {
  const { calls, submit, clock } = await answered();
  submit(4);
  await clock.settle();
  expect(calls.map(({ frame }) => frame.known)).toEqual([0, 1, 2, 3]);
});

test('C5: what is lost is sent again under its numbers, in order, before the frame that found out', async () => {
  const { clock, submit, answer, fail, sent, ends, losses } = await answered();
  submit(4);
  await clock.settle();
  await fail(3, forgottenBut(1));
  for (const call of [4, 5, 6]) {
    await clock.advance(1_000);
    await answer(call);
  }
  expect(sent().slice(4)).toEqual([
    [2, 0, [1_002]],
    [3, 0, [1_003]],
    [4, 0, [4]],
  ]);
  expect(ends).toEqual(['r1', 'r2', 'r3', 'r4']);
  expect(losses).toEqual([{ tag: 't', found: 2, gone: 0 }]);
});

test('C5: what may have been applied without an answer is repeated marked, once the tag has said that it forgot', async () => {
  const { clock, submit, answer, fail, sent } = await answered();
  submit(4);
  await clock.settle();
  await fail(3, new BrokerError('unknown-outcome', 'the reply was lost'));
  await clock.advance(1_000);
  await fail(4, forgottenBut(2));
  for (const call of [5, 6]) {
    await clock.advance(1_000);
    await answer(call);
  }
  expect(sent().slice(3)).toEqual([
    [4, 0, [4]],
    [4, 0, [4]],
    [3, 0, [1_003]],
    [4, 0, [2_004]],
  ]);
});

test('C5: a tag that remembers nothing gets everything that is kept, and what is not to come back stays away', async () => {
  const { clock, frames, submit, answer, fail, sent, losses } = await answered();
  submit(-4);
  await clock.settle();
  await answer(3);
  frames.check();
  await clock.settle();
  await fail(4, forgottenBut(0));
  await clock.advance(1_000);
  await answer(5);
  await answer(6);
  await answer(7);
  expect(sent().slice(4)).toEqual([
    [5, 0, []],
    [1, 0, [1_001]],
    [2, 0, [1_002]],
    [3, 0, [1_003]],
    [5, 0, []],
  ]);
  expect(losses).toEqual([{ tag: 't', found: 3, gone: 0 }]);
  expect(frames.waiting).toBe(0);
});

test('C5: an idle line asks when it is told to look, and asks nothing when there is nothing to lose', async () => {
  const { clock, frames, answer, sent, losses } = await answered();
  frames.check();
  await clock.settle();
  expect(sent().slice(3)).toEqual([[4, 0, []]]);
  await answer(3);
  await clock.advance(limits.framesKeptMs);
  frames.check();
  await clock.settle();
  expect(sent().length).toBe(4);
  expect(losses).toEqual([]);
});

test('C5: what was acknowledged longer ago than it is kept is not sent again, and the line goes on', async () => {
  const { clock, submit, answer, fail, sent, ends, losses } = await answered();
  await clock.advance(limits.framesKeptMs);
  submit(4);
  await clock.settle();
  await fail(3, forgottenBut(0));
  await clock.advance(1_000);
  await answer(4);
  expect(sent().slice(4)).toEqual([[4, 0, [4]]]);
  expect(ends.at(-1)).toBe('r4');
  expect(losses).toEqual([{ tag: 't', found: 0, gone: 0 }]);
});

test('C5: the next incarnation goes on in the name of the one before, without its lease', async () => {
  const before = await answered();
  before.frames.close();
  const after = open();
  after.frames.inherit(before.frames.legacies);
  after.frames.check();
  await after.clock.settle();
  await after.fail(0, forgottenBut(2));
  await after.clock.advance(1_000);
  await after.answer(1);
  await after.clock.settle();
  expect(after.calls.map(({ frame }) => [frame.sender, frame.leased, frame.seq, [...frame.ops]])).toEqual([
    ['me', false, 4, []],
    ['me', false, 3, [1_003]],
    ['me', false, 4, []],
  ]);
});

test('C5: what cannot be brought back is told', async () => {
  const { clock, frames, fail, losses } = await answered();
  frames.check();
  await clock.settle();
  await fail(3, forgottenBut(2));
  await clock.advance(1_000);
  await fail(4, new BrokerError('refused', 'no room'));
  expect(losses).toEqual([
    { tag: 't', found: 1, gone: 0 },
    { tag: 't', found: 0, gone: 1 },
  ]);
});

test('C5: what is refused when it is to come back is told', async () => {
  const { clock, frames, fail, answer, losses } = await answered();
  frames.check();
  await clock.settle();
  await fail(3, forgottenBut(1));
  await clock.advance(1_000);
  await answer(4, ['full']);
  await answer(5);
  expect(losses).toEqual([
    { tag: 't', found: 2, gone: 0 },
    { tag: 't', found: 0, gone: 1 },
  ]);
});

test('C5: what is kept outlives a second close', async () => {
  const { frames } = await answered();
  frames.close();
  frames.close();
  expect(frames.legacies).toMatchObject([
    { tag: 't', sender: 'me', seq: 3, kept: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] },
  ]);
});

test('C6: what comes back when the presence ends comes back with the next incarnation, in order, and is not told as gone', async () => {
  const before = await answered();
  before.frames.check();
  await before.clock.settle();
  await before.fail(3, forgottenBut(1));
  await before.clock.advance(1_000);
  await before.fail(4, new OwnershipError('presence-lost', 'the presence has ended'));
  before.frames.close();
  const after = open();
  after.frames.inherit(before.frames.legacies);
  after.frames.check();
  await after.clock.settle();
  expect(after.calls[0]?.frame.known).toBe(3);
  await after.fail(0, forgottenBut(1));
  await after.clock.advance(1_000);
  await after.answer(1);
  await after.answer(2);
  expect(after.sent().slice(1, 3)).toEqual([
    [2, 0, [1_002]],
    [3, 0, [1_003]],
  ]);
  expect([...before.losses, ...after.losses]).toEqual([
    { tag: 't', found: 2, gone: 0 },
    { tag: 't', found: 2, gone: 0 },
  ]);
});

test.each(['refused', 'open'] as const)(
  'C6: the next incarnation names what was being brought back, or would not hear that it is missing (%s)',
  async (way) => {
    const before = await answered();
    before.frames.check();
    await before.clock.settle();
    await before.fail(3, forgottenBut(0));
    await before.clock.advance(1_000);
    await before.answer(4);
    if (way === 'refused') await before.fail(5, new OwnershipError('presence-lost', 'the presence has ended'));
    before.frames.close();
    const after = open();
    after.frames.inherit(before.frames.legacies);
    after.frames.check();
    await after.clock.settle();
    expect(after.calls.map(({ frame }) => frame.known)).toEqual([3]);
    await after.fail(0, forgottenBut(1));
    await after.clock.advance(1_000);
    await after.answer(1);
    await after.answer(2);
    expect(after.sent().slice(1, 3)).toEqual([
      [2, 0, [1_002]],
      [3, 0, [1_003]],
    ]);
  },
);

test('C6: with a process that has no next incarnation it is gone, and told', async () => {
  const { clock, frames, fail, losses } = await answered(false);
  frames.check();
  await clock.settle();
  await fail(3, forgottenBut(2));
  frames.close();
  expect(losses).toEqual([
    { tag: 't', found: 1, gone: 0 },
    { tag: 't', found: 0, gone: 1 },
  ]);
});

test('C5: nobody asks a tag that may have forgotten by right, the next incarnation no more than this one', async () => {
  const before = await answered();
  await before.clock.advance(limits.framesRememberedMs);
  const after = open({ clock: before.clock });
  after.frames.inherit([{ tag: 't', sender: 'me', seq: 3, newest: { seq: 3, at: 0, wallAt: 0 }, kept: [] }]);
  for (const { submit, clock } of [before, after]) {
    submit(4);
    await clock.settle();
  }
  expect([before, after].map(({ calls }) => calls.at(-1)?.frame.known)).toEqual([0, 0]);
});

test('lines that have been silent for long are forgotten when there are many, and the others go on', async () => {
  const { clock, submit, sent, frames } = open();
  const tags = Array.from({ length: 1_000 }, (_, index) => `old${index}`);
  for (const tag of tags) submit(1, tag);
  await clock.settle();
  expect(frames.lines).toBe(1_000);
  submit(1, 'new');
  await clock.settle();
  expect(frames.lines).toBe(1_001); // none of them is answered yet
  expect(sent()).toHaveLength(1_001);
});

test('lines that nobody asks about any more are forgotten when there are many', async () => {
  const { clock, submit, answer, frames } = open();
  for (let index = 0; index < 1_000; index++) submit(1, `old${index}`);
  await clock.settle();
  for (let index = 0; index < 1_000; index++) await answer(index);
  await clock.advance(2 * limits.framesRememberedMs);
  submit(1, 'new');
  await clock.settle();
  expect(frames.lines).toBe(1);
});
