import { pool } from 'agent-runtime';
import { explore, type Scenario, shrink, simulate } from 'agent-runtime/testing';
import { expect, test } from 'vitest';
import { bank, CarefulOrderAgent, OrderAgent } from './shop.ts';

const scenario = (Order: typeof OrderAgent): Scenario => ({
  name: 'orders',
  nodes: 2,
  agents: [pool(Order)],
  faults: { kill: 0.1, stall: 0.2, 'lost-reply': 0.02, 'crash-before-call': 0.1 },
  run: async (sim) => {
    bank.charges.length = 0;
    for (const order of ['a', 'b', 'c', 'd']) {
      await sim.fleet.enqueue(Order, 'order', order);
      await sim.advance('1s');
    }
  },
  check: () => expect(bank.charges.toSorted()).toEqual(['a', 'b', 'c', 'd']),
});

test('an order is paid', async () => {
  const sim = await simulate({ nodes: 2, agents: [pool(OrderAgent)] });
  expect(await sim.fleet.run(OrderAgent, 'order', 'a')).toBe('paid');
  await sim.settle();
  sim.expect.noViolations();
  await sim.close();
});

test('an order is charged twice when its process ends behind the charge', async () => {
  const { failures } = await explore({ scenario: scenario(OrderAgent), seeds: 50 });
  const failure = failures[0] ?? expect.fail('a failure is found');
  const { attempt } = await shrink(scenario(OrderAgent), failure);
  expect(attempt.faults.length).toBeLessThanOrEqual(3);
});

test('a careful one is charged once, whatever happens', async () => {
  const { failures, unequal } = await explore({ scenario: scenario(CarefulOrderAgent), seeds: 10 });
  expect([failures, unequal]).toEqual([[], []]);
});
