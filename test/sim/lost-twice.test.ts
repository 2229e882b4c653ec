/**
 * C6: a broker that loses data again while a node brings back what it had lost before, and the right of that node with it.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { saidOf, type SimNode, World } from './world.ts';

const address = { role: 'audit', task: 'audit' };
const names = ['a', 'b', 'c'];

function agents() {
  const ran: { readonly input: unknown; readonly redelivered: boolean }[] = [];
  class AuditAgent extends Agent {
    static readonly role = 'audit';
    @onTask('audit') audit(task: Task): void {
      ran.push({ input: task.input, redelivered: task.redelivered });
    }
  }
  class PlanAgent extends Agent {
    static readonly role = 'plan';
    @onTask('plan')
    async plan(): Promise<void> {
      for (const name of names) await this.enqueue(address, name);
    }
  }
  return { ran, AuditAgent, PlanAgent };
}

/** The part of the broker that keeps the queues loses them, with what it knew of their senders; the part that keeps presence does not. */
function loseQueues({ fleet }: World, { broker }: SimNode): void {
  broker.cutLink();
  fleet.queues.clear();
  fleet.frames.senders.clear();
  broker.restoreLink();
}

const seconds: Readonly<Record<string, (world: World, ...processes: SimNode[]) => void>> = {
  'everything is lost': (world, ...processes) => world.lose(...processes),
  'the presence ends': ({ fleet }, { id }) => void fleet.directory.nodes.delete(id),
};

/** Milliseconds between the two: before, while and after everything is sent again. */
for (const afterMs of [0, 5, 20, 80])
  for (const [what, second] of Object.entries(seconds))
    test(`C6: what is on its way back when ${what} ${afterMs} ms later comes back with the next incarnation, once`, async () => {
      const world = new World({ seed: afterMs });
      const { ran, AuditAgent, PlanAgent } = agents();
      const first = await world.start('n1', [pool(PlanAgent)]);
      const client = await world.connect();
      await world.until(client.fleet.run({ role: 'plan', task: 'plan' }, null));
      loseQueues(world, first);
      await world.clock.settle();
      const [said] = saidOf(first, 'broker.data-lost');
      expect(said?.what).toContain('for "audit"; 3 operations are sent again');
      await world.advance(afterMs);
      second(world, first);
      await world.eventually(() => first.ends.length > 0, 'the node to be fenced');
      await world.until(first.node.stop({ graceMs: 0 }));
      const next = world.make('n2', [pool(AuditAgent)], {}, first.node.legacy);
      await world.until(next.node.start());
      await world.eventually(() => ran.length === 3, 'the lost tasks to run');
      await world.advance(20_000);
      expect(ran).toEqual(names.map((input) => ({ input, redelivered: true })));
      const told = [...saidOf(first, 'broker.data-lost'), ...saidOf(next, 'broker.data-lost')].map((one) => one.what);
      expect(told.filter((one) => one.includes('"audit" were lost'))).toEqual([]);
      await world.until(next.node.stop({ graceMs: 0 }));
    });
