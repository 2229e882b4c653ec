/**
 * Suspects of one node: one at a time, in order, and none kept waiting for long (K1, K2).
 */
import { describe, expect, test } from 'vitest';
import { Suspects } from '../../../src/runtime/suspects.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

function open() {
  const clock = new VirtualClock();
  const suspects = new Suspects(clock);
  const inside: string[] = [];
  const leave = new Map<string, () => void>();
  const enter = (name: string, signal = new AbortController().signal): Promise<void> =>
    suspects.enter(signal).then((out) => {
      inside.push(name);
      leave.set(name, out);
    });
  return { clock, inside, leave, enter };
}

describe('suspects', () => {
  test('K1: run one at a time, in the order in which they came', async () => {
    const { clock, inside, leave, enter } = open();
    for (const name of ['a', 'b', 'c']) void enter(name);
    await clock.advance(1_000);
    expect(inside).toEqual(['a']);
    leave.get('a')?.();
    leave.get('a')?.(); // leaving twice is leaving once
    void enter('d');
    await clock.advance(1_000);
    expect(inside).toEqual(['a', 'b']);
    leave.get('b')?.();
    await clock.advance(0);
    leave.get('c')?.();
    await clock.advance(0);
    leave.get('d')?.();
    expect(inside).toEqual(['a', 'b', 'c', 'd']);
    void enter('e');
    await clock.advance(0);
    expect(inside.at(-1)).toBe('e');
  });

  test('K2: wait for no more than ten seconds', async () => {
    const { clock, inside, leave, enter } = open();
    for (const name of ['a', 'b', 'c']) void enter(name);
    await clock.advance(10_000);
    expect(inside).toEqual(['a', 'b', 'c']);
    void enter('d');
    for (const name of ['b', 'c']) leave.get(name)?.();
    await clock.advance(0);
    expect(inside).toHaveLength(3);
    leave.get('a')?.();
    await clock.advance(0);
    expect(inside).toEqual(['a', 'b', 'c', 'd']);
  });

  test('leave the line when they are told to end', async () => {
    const { clock, inside, leave, enter } = open();
    void enter('a');
    const end = new AbortController();
    const waiting = enter('b', end.signal);
    void enter('c');
    end.abort(new Error('told to end'));
    await expect(clock.until(waiting)).rejects.toThrow('told to end');
    leave.get('a')?.();
    await clock.advance(0);
    expect(inside).toEqual(['a', 'c']);
  });
});
