/**
 * A moment that the memory fleet can be taken back to: everything stored is as it was, whatever has happened since, and once more.
 */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { MemoryFleet } from '../../../src/memory/fleet.ts';
import { snapshotOf } from '../../../src/memory/snapshot.ts';
import { simulate, type Simulation } from '../../../src/testing.ts';
import { agents } from '../../simulation/agents.ts';

/** Everything stored, as text. */
function stateOf(fleet: MemoryFleet): string {
  const { queues, inboxes, messageKeys, locks, events, lastEvent, positions, logs, taskParts, schedules, number } =
    fleet;
  const { nodes, activations, beats } = fleet.directory;
  const stored = {
    queues,
    inboxes,
    messageKeys,
    locks,
    events,
    lastEvent,
    positions,
    logs,
    taskParts,
    schedules,
    number,
  };
  const more = {
    nodes,
    activations,
    beats,
    senders: fleet.frames.senders,
    roster: fleet.roster,
    version: fleet.roster.version,
  };
  const { records, up } = fleet.lifecycle;
  const all = { ...stored, ...more, dead: [...fleet.deadMail.all()], records, up };
  return inspect(all, { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity });
}

async function work(sim: Simulation, from: number): Promise<void> {
  for (let number = from; number < from + 12; number++) {
    const task = ['work', 'locked', 'nothing', 'asking'][number % 4] ?? '';
    const options = number % 4 === 3 ? { delay: 5_000, concurrencyKey: 'line' } : { key: `key-${number}` };
    await sim.fleet.enqueue({ role: 'work', task }, number, options);
    await sim.fleet.send('desk', number % 5 === 0 ? 'unknown' : 'note', number);
    await sim.fleet.send('nobody', 'note', number);
    await sim.advance('60ms');
    if (number === 8) await sim.fleet.pause('work');
  }
  await sim.fleet.schedules.set(`schedule-${from}`, { every: '1m', task: [{ role: 'work', task: 'work' }, from] });
  await sim.fleet.limit('work', { rate: { max: 1_000, per: '1s' } });
}

test('a fleet that was taken back is what it was, also when it is taken back again', async () => {
  const sim = await simulate({ nodes: 2, agents });
  const { fleet } = sim.world;
  await work(sim, 0);
  const before = stateOf(fleet);
  for (const sign of [
    /place: 'claimed'|place: 'waiting'/,
    /place: 'parked'/,
    /place: 'behind'/,
    /handedTo/,
    /schedule-0/,
    /perMs/,
  ])
    expect(before).toMatch(sign);
  const restore = snapshotOf(fleet);
  expect(stateOf(fleet)).toBe(before);
  await work(sim, 100);
  expect(stateOf(fleet)).not.toBe(before);
  restore();
  expect(stateOf(fleet)).toBe(before);
  await sim.advance('3s');
  expect(stateOf(fleet)).not.toBe(before);
  restore();
  expect(stateOf(fleet)).toBe(before);
  await sim.close();
});
