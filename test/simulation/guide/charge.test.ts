import { pool } from 'agent-runtime';
import { explore, type HttpStubs, modelStub, type Scenario, simulate } from 'agent-runtime/testing';
import { expect, test } from 'vitest';
import { ChargeAgent, outside } from './charge.ts';

/** What the bank has booked, by key. */
const booked = new Map<string | null, unknown>();

const http: HttpStubs = {
  routes: {
    'POST https://bank.test/*': async (request) => {
      booked.set(request.headers.get('idempotency-key'), await request.json());
      return Response.json({ ok: true }, { status: 201 });
    },
  },
  latency: { fromMs: 20, toMs: 400 },
};
outside.model = modelStub({ reply: (prompt: string) => `We ${prompt}.`, latency: { fromMs: 500, toMs: 3_000 } });

test('an order is charged, and the customer is thanked', async () => {
  const sim = await simulate({ agents: [pool(ChargeAgent)], http });
  expect(await sim.run(ChargeAgent, 'charge', 'a book')).toBe('We thank for a book.');
  const [charge, thanks] = sim.requests;
  expect(charge).toMatchObject({ what: 'POST https://bank.test/charges', content: '{"order":"a book"}' });
  expect(thanks).toMatchObject({ what: 'model', content: 'thank for a book', outcome: 'answered' });
  expect(sim.leaks).toEqual([]);
  await sim.close();
});

test('an order is booked once, whatever the bank does and whoever dies', async () => {
  const scenario: Scenario = {
    name: 'charges',
    nodes: 2,
    agents: [pool(ChargeAgent)],
    http,
    faults: { 'lost-response': 0.5, 'failed-request': 0.5, 'late-response': 0.3, kill: 0.1 },
    run: async (sim) => {
      booked.clear();
      await sim.fleet.enqueueMany(ChargeAgent, 'charge', ['a', 'b', 'c']);
      await sim.advance('20s');
    },
    check: () => expect([...booked.values()]).toHaveLength(3),
  };
  const { failures, unequal } = await explore({ scenario, seeds: 10 });
  expect([failures, unequal]).toEqual([[], []]);
});
