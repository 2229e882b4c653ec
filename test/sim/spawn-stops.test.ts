/**
 * V10: an agent that was stopped stays stopped, whatever its node had read of the roster before.
 */
import { Agent, onMessage, onStart, pool } from 'agent-runtime';
import { expect, test } from 'vitest';
import { gate, World } from './world.ts';

test('V10: an agent that is stopped while its node reads the roster is not started again', async () => {
  const world = new World();
  const starts: string[] = [];
  class HelperAgent extends Agent {
    static readonly role = 'helper';
    @onStart() begin(): void {
      starts.push(this.id);
    }
    @onMessage('who') who(): string {
      return this.id;
    }
  }
  const node = await world.start('n1', [pool(HelperAgent, { size: 0 })]);
  const { fleet, broker } = await world.connect();
  await world.until(fleet.spawn(HelperAgent, { id: 'mine' }));
  await world.advance(5_000);
  const { control } = node.broker;
  const roster = control.roster.bind(control);
  const { open, passed } = gate();
  const read: (readonly string[])[] = [];
  control.roster = async (known) => {
    const reply = await roster(known);
    if (reply !== undefined) read.push(reply.entries.map(({ name }) => name));
    if (read.length === 1) await passed;
    return reply;
  };
  await world.until(broker.control.enrol({ name: 'agent:other', text: '{}' }));
  await world.eventually(() => read.length === 1, 'the roster to be read');
  expect(read).toEqual([['agent:mine', 'agent:other']]);
  expect(await world.until(fleet.stop('mine'))).toBe(true);
  open();
  await world.advance(20_000);
  expect(starts).toEqual(['mine']);
  expect(node.node.cells).toEqual([]);
  expect(read.at(-1)).toEqual(['agent:other']);
  await world.until(fleet.spawn(HelperAgent, { id: 'mine' }));
  expect(starts).toEqual(['mine', 'mine']);
});
