/**
 * Agents with effects outside of the fleet: a bank that is paid by HTTP and a model that is asked, both of which fail on purpose.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import type { Hosting } from '../../src/agent/hosting.ts';
import type { Simulation } from '../../src/sim/simulation.ts';
import { type HttpStubs, modelStub } from '../../src/testing.ts';

const charges = 'https://bank.test/charges';
const policy = { retries: 60, backoff: '100ms', timeout: '30s' } as const;
const model = modelStub({ reply: (prompt) => `thanks for ${prompt}` });

export class PayAgent extends Agent {
  static readonly role = 'pay';

  /** The bank knows a charge again by its key, so it may be repeated. */
  @onTask('pay', undefined, undefined, policy)
  async pay(task: Task): Promise<string> {
    const body = JSON.stringify({ key: task.id, order: task.input });
    const response = await fetch(charges, { method: 'POST', body, signal: task.signal });
    if (!response.ok) throw new Error(`the bank says ${response.status}`);
    const { charged } = (await response.json()) as { charged: unknown };
    const thanks = await model.answer(`order ${String(charged)}`, { signal: task.signal });
    if (thanks !== `thanks for order ${String(task.input)}`) throw new Error(`that is half an answer: ${thanks}`);
    return thanks;
  }
}

export const payers: readonly Hosting[] = [pool(PayAgent)];

/** Keys of charges by order, of the run that is on. */
const paid = new Map<unknown, Set<string>>();

export const bank: HttpStubs = {
  routes: {
    [`POST ${charges}`]: async (request) => {
      const { key, order } = (await request.json()) as { key: string; order: unknown };
      paid.set(order, (paid.get(order) ?? new Set()).add(key));
      return Response.json({ charged: order });
    },
  },
};

/** Orders that come in one after the other. */
export async function pay(sim: Simulation, orders: number): Promise<void> {
  paid.clear();
  const refused = (error: unknown): void => void error; // not accepted: nobody counts on it
  for (let order = 0; order < orders; order++) {
    if (sim.roles.includes('pay'))
      await sim.enqueue({ role: 'pay', task: 'pay' }, order, { key: `order-${order}` }).catch(refused);
    await sim.advance('250ms');
  }
}

/** Every task that is complete has paid, and no order was paid under two keys. */
export function checkPaid(sim: Simulation): void {
  const complete = [...sim.world.ledger.tasks.values()].filter(({ ends }) =>
    ends.some(({ kind }) => kind === 'complete'),
  );
  const unpaid = complete.filter(({ id }) => ![...paid.values()].some((keys) => keys.has(id)));
  if (unpaid.length > 0) throw new Error(`expected every order to be paid, got: none for ${unpaid[0]?.id}`);
  const twice = [...paid].filter(([, keys]) => keys.size > 1 && sim.world.losses === 0);
  if (twice.length > 0)
    throw new Error(`expected an order to be paid under one key, got: ${[...(twice[0]?.[1] ?? [])].join()}`);
}
