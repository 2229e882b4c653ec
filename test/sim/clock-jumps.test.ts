/**
 * Machines whose wall clocks jump by hours, or never agreed: leases, deadlines and delays are of one clock, the server's, and move for nobody.
 */
import { Agent, onMessage, onTask, pool, single, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { outcomesOf, saidOf, World } from './world.ts';

const hoursMs = 5 * 3_600_000;
const address = { role: 'work', task: 'work' };

function agents(ran: string[]) {
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') async work({ input, attempt, signal }: Task): Promise<void> {
      ran.push(`${String(input)} ${attempt}`);
      await sleep(this.clock, 25_000, signal); // longer than any lease
    }
  }
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('ping') async ping(): Promise<string> {
      await sleep(this.clock, 5_000);
      return 'pong';
    }
  }
  return [pool(WorkAgent, { size: 4 }), single(DocsAgent, { id: 'docs' })];
}

for (const [way, ms] of [
  ['forward', hoursMs],
  ['back', -hoursMs],
] as const)
  test(`a wall clock that jumps ${way} by hours ends no lease, no deadline and no delay, on no node`, async () => {
    const world = new World();
    const ran: string[] = [];
    const nodes = [await world.start('n1', agents(ran)), await world.start('n2', agents(ran))];
    const client = await world.connect();
    const handle = await world.until(client.fleet.enqueue(address, 'running', { deadline: '1m' }));
    await world.until(client.fleet.enqueue(address, 'delayed', { delay: '20s' }));
    await world.eventually(() => ran.length === 1, 'the first task to run');
    const asked = client.fleet.ask('docs', 'ping', null, { deadline: '10s' });
    for (const { clock } of [...nodes, client].slice(0, 2)) clock.jump(ms);
    client.clock.jump(-ms);
    expect(await world.until(asked)).toBe('pong');
    await world.until(handle.result());
    await world.eventually(() => nodes.flatMap(outcomesOf).length === 2, 'both tasks to end');
    expect(ran).toEqual(['running 1', 'delayed 1']);
    expect(nodes.flatMap(outcomesOf)).toEqual(['complete', 'complete']);
    expect(nodes.flatMap((node) => [...saidOf(node, 'node.fenced'), ...saidOf(node, 'task.recovered')])).toEqual([]);
  });

test('a deadline means the same moment for machines whose clocks never agreed', async () => {
  const world = new World();
  const ran: string[] = [];
  const late = world.make('n1', agents(ran));
  late.clock.jump(hoursMs);
  await world.until(late.node.start());
  const client = await world.connect();
  client.clock.jump(-hoursMs);
  const inTime = await world.until(client.fleet.enqueue(address, 'in time', { deadline: '1m' }));
  const tooLate = await world.until(client.fleet.enqueue(address, 'too late', { deadline: '10s' }));
  const end = tooLate.result().catch((error: unknown) => error);
  await world.until(inTime.result());
  expect(await world.until(end)).toMatchObject({ details: { reason: 'deadline' } });
  await world.until(late.node.stop({ graceMs: 0 }));
});
