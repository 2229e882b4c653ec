/**
 * What changes under a fleet: its program, node by node, and a broker that comes back as it was a moment ago.
 */
import { pool } from 'agent-runtime';
import { expect, test } from 'vitest';
import { simulate } from '../../src/testing.ts';
import { agents, nextAgents, NextWorkAgent, WorkAgent } from './agents.ts';

const newer = { role: 'work', task: 'newer' } as const;

test('a node that is upgraded runs what only the next version knows, beside one that does not', async () => {
  const sim = await simulate({ nodes: 2, agents, versions: [nextAgents] });
  const early = await sim.fleet.enqueue(newer, 1);
  await expect(early.result()).rejects.toThrow('got: no such handler');
  for (const node of sim.nodes) {
    await sim.upgrade(node);
    expect(await sim.fleet.run({ role: 'work', task: 'work' }, node)).toBe(node);
  }
  expect(await sim.fleet.run(newer, 2)).toBe(2);
  await sim.settle();
  sim.expect.noViolations();
  await sim.close();
});

test('a fault replaces the nodes one after the other, and none is without a successor', async () => {
  const faults = [{ kind: 'new-version', at: 'fleet/1', shape: 0.5 }] as const;
  const sim = await simulate({ nodes: 3, agents: [pool(WorkAgent)], versions: [[pool(NextWorkAgent)]], faults });
  const nodes = (): (string | undefined)[] => sim.world.processes.map(({ node }) => node);
  const before = nodes();
  sim.chaos();
  for (let number = 0; number < 20; number++) {
    await sim.fleet.enqueue({ role: 'work', task: 'work' }, number);
    await sim.advance('400ms');
  }
  sim.heal();
  await sim.settle();
  expect(nodes().filter((node, index) => node === undefined || node === before[index])).toEqual([]);
  expect(await sim.fleet.run(newer, 1)).toBe(1);
  sim.expect.noViolations();
  await sim.close();
});

test('what a broker has forgotten that comes back as it was a moment ago comes again, and ends', async () => {
  const faults = [{ kind: 'broker-rewind', at: 'fleet/1', shape: 0.4 }] as const;
  const sim = await simulate({ nodes: 2, agents, faults });
  sim.chaos();
  const handles = [];
  for (let number = 0; number < 30; number++) {
    handles.push(await sim.fleet.enqueue({ role: 'work', task: 'work' }, number));
    await sim.advance('70ms');
  }
  const [loss] = sim.world.ledger.losses;
  const { since, at } = loss ?? expect.fail('something was lost');
  expect(at - since).toBeGreaterThan(10);
  const lost = [...sim.world.ledger.tasks.values()].filter((task) => since <= task.acceptedAt && task.acceptedAt <= at);
  expect(lost.length).toBeGreaterThan(0);
  sim.heal();
  await sim.settle();
  for (const [number, handle] of handles.entries()) expect(await handle.result()).toBe(number);
  expect(sim.world.said.some(({ event }) => event === 'broker.data-lost')).toBe(true);
  sim.expect.noViolations();
  await sim.close();
});
