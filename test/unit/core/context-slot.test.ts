import { describe, expect, it } from 'vitest';
import { ContextSlot } from '../../../src/core/context-slot.ts';

describe('a context slot', () => {
  it('gives whatever runs in the course of a call the value of that call', async () => {
    const slot = new ContextSlot<string>();
    const read = async (): Promise<string | undefined> => {
      await Promise.resolve();
      return slot.get();
    };
    expect(await Promise.all([slot.run('a', read), slot.run('b', read), read()])).toEqual(['a', 'b', undefined]);
  });

  it('keeps what other slots hold', () => {
    const [one, two] = [new ContextSlot<number>(), new ContextSlot<number>()];
    const held = one.run(1, () => two.run(2, () => one.run(3, () => [one.get(), two.get()])));
    expect(held).toEqual([3, 2]);
  });

  it('can be held together with another one, once each', () => {
    const [one, two] = [new ContextSlot<number>(), new ContextSlot<number>()];
    const read = () => [one.get(), two.get()];
    expect(two.run(1, () => one.run(2, read, two.holding(3)))).toEqual([2, 3]);
    expect(one.run(4, read, one.holding(5))).toEqual([4, undefined]);
  });
});
