/**
 * Placement: who has most room, and how a pool is spread.
 */
import { describe, expect, test } from 'vitest';
import type { NodeRecord } from '../../../src/broker/presence.ts';
import { mostRoom, Placements, placesOf, shareOf, withOneMore } from '../../../src/client/placement.ts';

const record = (node: string, status: object | string, alive = true): NodeRecord => ({
  node,
  host: 'h',
  pid: 1,
  startedAt: 1,
  status: typeof status === 'string' ? status : JSON.stringify(status),
  alive,
  leaseLeftMs: alive ? 1 : 0,
});
const up = (agentCount: number, running = 0, roles = ['a']): object => ({ phase: 'up', roles, agentCount, running });
const chosen = (...records: readonly NodeRecord[]): string | undefined => mostRoom(placesOf(records), 'a')?.node;

describe('the node with most room', () => {
  test('has fewest agents, then least running, then the first id', () => {
    expect(chosen(record('n1', up(2)), record('n2', up(1)), record('n3', up(3)))).toBe('n2');
    expect(chosen(record('n1', up(1, 5)), record('n2', up(1, 4)))).toBe('n2');
    expect(chosen(record('n2', up(1)), record('n1', up(1)))).toBe('n1');
  });

  test('hosts the role, is present, and does not drain; one that starts comes last', () => {
    const draining = { ...up(0), phase: 'stopping' };
    const starting = { ...up(0), phase: 'starting' };
    expect(chosen(record('n1', up(0, 0, ['b'])), record('n2', up(0), false), record('n3', draining))).toBeUndefined();
    expect(chosen(record('n1', starting), record('n2', up(9)))).toBe('n2');
    expect(chosen(record('n1', starting))).toBe('n1');
  });

  test('is none that tells nothing that can be read', () => {
    for (const status of ['', '[]', 'null', '{}', '{"phase":"up","roles":"a"}', '{"phase":"up","roles":[1]}'])
      expect(chosen(record('n1', status))).toBeUndefined();
  });

  test('takes turns when nothing is heard of the nodes meanwhile, until they tell their load anew', () => {
    const placements = new Placements();
    const nodes = [record('n1', up(0)), record('n2', up(0))];
    const order: string[] = [];
    for (let index = 0; index < 4; index++) {
      const node = mostRoom(placements.of(nodes), 'a')?.node ?? '';
      placements.note(node, nodes);
      order.push(node);
    }
    expect(order).toEqual(['n1', 'n2', 'n1', 'n2']);
    expect(placements.of([record('n1', up(7)), nodes[1]!]).map(({ agents }) => agents)).toEqual([7, 2]);
    const places = placesOf(nodes);
    expect(withOneMore(places, 'n1').map(({ agents }) => agents)).toEqual([1, 0]);
  });
});

test('the shares of a pool add up to its size and differ by one at most', () => {
  for (let hosts = 1; hosts <= 7; hosts++)
    for (let size = 0; size <= 30; size++) {
      const names = Array.from({ length: hosts }, (_, index) => `n${index}`);
      const shares = names.map((node) => shareOf(size, names, node));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(size);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }
  expect(shareOf(5, ['n1'], 'n2')).toBe(0);
});
