/**
 * The proof of the rolling restart in small; the long one is `npm run chaos -- --rolling 5`.
 */
import { expect, test } from 'vitest';
import { brokenRolling, perSecond, rollOver } from './proofs/rolling.ts';

test('nodes that are restarted one after the other under load lose and repeat nothing, and answer every ask', async () => {
  const report = await rollOver({ rounds: 1, nodes: 2, workMs: 10, say: () => {} });
  expect(brokenRolling(report)).toEqual([]);
  expect(report).toMatchObject({ restarts: 2 });
}, 240_000);

test('a second in which nothing is settled is seen', () => {
  expect(perSecond([100, 900, 2_200], 3_200)).toEqual([2, 0, 1]);
  expect(perSecond([100, 900, 1_200], 2_100)).toEqual([2, 1]);
});
