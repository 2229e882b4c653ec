/**
 * Live post: what is sent while something is on its way goes with the next call, and who waits for his own waits for no more.
 */
import { expect, test } from 'vitest';
import { Post } from '../../../src/client/post.ts';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock } from '../../../src/core/system.ts';
import { gate } from '../../sim/world.ts';

function open() {
  const batches: (readonly number[])[] = [];
  const [called, gates] = [
    [gate(), gate()],
    [gate(), gate()],
  ] as const;
  const deliver = (items: readonly number[]): Promise<void> => {
    const at = batches.push(items) - 1;
    called[at]?.open();
    return gates[at]?.passed ?? Promise.resolve();
  };
  const post = new Post<number>({ clock: systemClock, observer: new Observer(), what: 'testing', deliver });
  return { batches, called, gates, post };
}

test('what is sent in one tick goes in one call, what is sent meanwhile in the next one, without being asked for', async () => {
  const { batches, called, gates, post } = open();
  post.send(1);
  post.send(2);
  await called[0]?.passed;
  expect(batches).toEqual([[1, 2]]);
  post.send(3);
  post.send(4);
  gates[0]?.open();
  await expect
    .poll(() => batches)
    .toEqual([
      [1, 2],
      [3, 4],
    ]);
});

test('a flush waits for what was sent before it, and not for what comes after', async () => {
  const { batches, called, gates, post } = open();
  post.send(1);
  const flushed = post.flush();
  post.send(2);
  gates[0]?.open();
  await flushed;
  await called[1]?.passed;
  expect(batches).toEqual([[1], [2]]);
});
