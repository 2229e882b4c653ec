/**
 * When a node is ready, and every reason why it is not (B1, B2).
 */
import { describe, expect, test } from 'vitest';
import { disagreements } from '../../../src/runtime/contract-check.ts';
import { ClaimWatch } from '../../../src/runtime/claim-watch.ts';
import { type ReadinessFacts, readinessOf } from '../../../src/runtime/readiness.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const facts: ReadinessFacts = {
  phase: 'up',
  heartbeatMs: 1_500,
  silentMs: 1_500,
  links: [{ name: 'commands', up: true }],
  agents: [
    { id: 'a', state: 'up' },
    { id: 'b', state: 'standby' },
    { id: 'c', state: 'down' },
  ],
  claims: [],
};
const restarting = (id: string) => ({ id, state: 'restarting' }) as const;

describe('a node', () => {
  test('whose agents are up or stand by, that is heard of and can claim, is ready', () => {
    expect(readinessOf(facts)).toEqual({ ready: true, why: [] });
    expect(readinessOf({ ...facts, silentMs: 3_000 })).toEqual({ ready: true, why: [] });
  });

  test.each<[Partial<ReadinessFacts>, string]>([
    [{ phase: 'starting' }, 'it is starting'],
    [{ phase: 'stopping' }, 'it is stopping'],
    [{ phase: 'fenced' }, 'its presence has ended'],
    [{ links: [{ name: 'subscriptions', up: false }] }, 'its subscriptions link is down'],
    [{ silentMs: 3_001 }, 'its presence was last renewed 3.0 s ago, with a heartbeat of 1.5 s'],
    [{ claims: ['it cannot wait for tasks: no'] }, 'it cannot wait for tasks: no'],
    [{ agents: [restarting('a')] }, 'agent a is restarting'],
    [{ agents: [{ id: 'a', state: 'starting' }] }, 'agent a is starting'],
  ])('with %o is not', (change, why) => {
    expect(readinessOf({ ...facts, ...change })).toEqual({ ready: false, why: [why] });
  });

  test('names every reason, and of many agents the first ones', () => {
    const agents = Array.from({ length: 1_000 }, (_, index) => restarting(`a${index}`));
    expect(readinessOf({ ...facts, phase: 'stopping', agents }).why).toEqual([
      'it is stopping',
      'agent a0 is restarting',
      'agent a1 is restarting',
      'agent a2 is restarting',
      '997 more agents are starting or restarting',
    ]);
  });
});

describe('what keeps a node from claiming', () => {
  test('is a call that failed, until the same call works', async () => {
    const watch = new ClaimWatch(new VirtualClock(), 2_000);
    watch.failed('claim tasks of "a"', new Error('no memory\nmore words'));
    const failing = watch.read('wait for tasks', () => Promise.reject(new Error('down')));
    await expect(failing).rejects.toThrow('down');
    expect(watch.troubles).toEqual(['it cannot claim tasks of "a": no memory', 'it cannot wait for tasks: down']);
    watch.worked('claim tasks of "b"');
    expect(await watch.read('wait for tasks', () => Promise.resolve('task'))).toBe('task');
    expect(watch.troubles).toEqual(['it cannot claim tasks of "a": no memory']);
    watch.worked('claim tasks of "a"');
    expect(watch.troubles).toEqual([]);
  });

  test('is a blocking read that does not come back a second after its time', async () => {
    const clock = new VirtualClock();
    const watch = new ClaimWatch(clock, 2_000);
    let end: () => void = () => {};
    const reading = watch.read('wait for tasks', () => new Promise<void>((resolve) => (end = resolve)));
    await clock.advance(3_000);
    expect(watch.troubles).toEqual([]);
    await clock.advance(200);
    expect(watch.troubles).toEqual(['its blocking read has not come back for 3.2 s']);
    end();
    await reading;
    expect(watch.troubles).toEqual([]);
  });
});

test('nodes disagree where one role has several contracts, and those that most of them have come first', () => {
  const told = (node: string, ...contracts: [string, string][]) => ({
    node,
    contracts: contracts.map(([role, version]) => ({ role, version })),
  });
  const nodes = [
    told('n1', ['a', '1'], ['b', '1']),
    told('n2', ['a', '2']),
    told('n3', ['a', '2'], ['c', '9']),
    told('n4'),
  ];
  expect(disagreements(nodes)).toEqual([
    {
      role: 'a',
      versions: [
        { version: '2', nodes: ['n2', 'n3'] },
        { version: '1', nodes: ['n1'] },
      ],
    },
  ]);
  expect(disagreements([])).toEqual([]);
});
