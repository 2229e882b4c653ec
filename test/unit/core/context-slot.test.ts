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
});
