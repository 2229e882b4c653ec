/**
 * Faults in other places, and fleets with fewer agents: what shrinking tries beside leaving out.
 */
import { Agent, group, pool, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import { inEarlierLife, onFirstNodes } from '../../../src/sim/moved-faults.ts';
import { countAgents, rolesOf, smallerFleet } from '../../../src/sim/smaller-fleet.ts';
import type { Fault } from '../../../src/testing.ts';

const fault = (kind: Fault['kind'], at: string): Fault => ({ kind, at, shape: 0.5 });
const placesOf = (faults: readonly Fault[]): string[] => faults.map(({ at }) => at);

class OneAgent extends Agent {
  static readonly role = 'one';
}
class TwoAgent extends Agent {
  static readonly role = 'two';
}

test('a call of a later life is tried in the earlier ones, the first of them first', () => {
  const moved = inEarlierLife(fault('lost-reply', 'n2.4.1/tasks.settle/work/3/1'));
  expect(placesOf(moved)).toEqual(['n2.1.1/tasks.settle/work/3/1', 'n2.3.1/tasks.settle/work/3/1']);
  expect(placesOf(inEarlierLife(fault('lost-call', 'n1.1.2/locks.renew/a/1')))).toEqual(['n1.1.1/locks.renew/a/1']);
  expect(inEarlierLife(fault('lost-call', 'n1.1.1/locks.renew/a/1'))).toEqual([]);
});

test('a later attempt is tried as the first one, and what has no life stays', () => {
  const moved = inEarlierLife(fault('handler-throws', 'work/locked/5/3'));
  expect(placesOf(moved)).toEqual(['work/locked/5/1']);
  expect(inEarlierLife(fault('handler-throws', 'work/locked/5/1'))).toEqual([]);
  expect(inEarlierLife(fault('kill', 'n2/7'))).toEqual([]);
  expect(inEarlierLife(fault('lost-call', 'client/tasks.enqueue/work/1/1'))).toEqual([]);
});

test('faults of the last nodes are led back to the first ones', () => {
  const faults = [fault('kill', 'n3/2'), fault('lost-call', 'n2.1.1/tasks.claim/work/1'), fault('kill', 'n3/9')];
  expect(placesOf(onFirstNodes(faults, 2))).toEqual(['n1/2', 'n2.1.1/tasks.claim/work/1', 'n1/9']);
  expect(placesOf(onFirstNodes(faults, 1))).toEqual(['n1/2', 'n1.1.1/tasks.claim/work/1', 'n1/9']);
  expect(placesOf(onFirstNodes([fault('partition', 'fleet/4')], 1))).toEqual(['fleet/4']);
});

test('a fleet is made smaller by pools and roles, in groups, too', () => {
  const agents = [pool(OneAgent, { size: 3 }), group('all', 'one-for-all', [single(TwoAgent), pool(OneAgent)])];
  expect(countAgents(agents, 2)).toBe(2 * 3 + 1 + 2);
  expect(countAgents(smallerFleet(agents, { poolSize: 1 }), 2)).toBe(2 + 1 + 2);
  expect(rolesOf(smallerFleet(agents, { without: ['one'] }))).toEqual(['two']);
});
