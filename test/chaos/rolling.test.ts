/**
 * The proof of the rolling restart in small, by its own command; the long ones are `npm run chaos -- --rolling-command 5` and, for
 * processes that are ended and started by hand, `--rolling 5`.
 */
import { expect, test } from 'vitest';
import { brokenRolling, type FleetParameters, perSecond, rollOver } from './proofs/rolling.ts';
import { CommandedFleet } from './proofs/rolling-command.ts';

test('a fleet that "runtime restart --rolling" restarts under load loses and repeats nothing, and answers every ask', async () => {
  const fleetOf = (own: FleetParameters): CommandedFleet => new CommandedFleet(own);
  const report = await rollOver({ rounds: 1, nodes: 2, workMs: 10, everyMs: 100, say: () => {}, fleetOf });
  expect(brokenRolling(report)).toEqual([]);
  expect(report).toMatchObject({ restarts: 2 });
}, 240_000);

test('a second in which nothing is settled is seen', () => {
  expect(perSecond([100, 900, 2_200], 3_200)).toEqual([2, 0, 1]);
  expect(perSecond([100, 900, 1_200], 2_100)).toEqual([2, 1]);
});
