/**
 * The scenarios of `npm run sim` under a seed each, and under every seed that ever broke something (seeds.json): no invariant breaks, and two
 * runs of a seed are one.
 */
import { expect, test } from 'vitest';
import { explore } from '../../src/testing.ts';
import { firstSeedOf, scenarios } from './scenarios.ts';
import seeds from './seeds.json' with { type: 'json' };

test.each(scenarios)('nothing breaks in: $name', async (scenario) => {
  const { failures, unequal } = await explore({ scenario, seeds: 1, from: firstSeedOf(scenario.name) });
  expect([failures.flatMap(({ violations }) => violations), unequal]).toEqual([[], []]);
});

test.each(seeds)('seed $seed of $scenario no longer breaks: $was', async ({ scenario: name, seed }) => {
  const scenario = scenarios.find((one) => one.name === name) ?? expect.fail(`no scenario ${name}`);
  const { failures, unequal } = await explore({ scenario, seeds: 1, from: seed });
  expect([failures.flatMap(({ violations }) => violations), unequal]).toEqual([[], []]);
});
