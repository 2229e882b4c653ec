/**
 * What a node tells with every heartbeat: it says what matters, and stays small whatever the node runs.
 */
import { Agent, onMessage, onTask } from 'agent-runtime';
import { expect, test } from 'vitest';
import type { AgentContext } from '../../../src/agent/context.ts';
import { contractOf } from '../../../src/agent/contract-version.ts';
import { handlersOf } from '../../../src/agent/handlers.ts';
import { Cell } from '../../../src/runtime/cell.ts';
import type { CellState } from '../../../src/runtime/cell-spec.ts';
import { InFlight } from '../../../src/runtime/in-flight.ts';
import { type NodeStatus, statusText } from '../../../src/runtime/node-status.ts';
import type { Work } from '../../../src/runtime/work.ts';

function cells(count: number, role = 'work', state: CellState = 'up'): Cell[] {
  class WorkAgent extends Agent {
    static readonly role = role;
    @onTask('check') check(): void {}
    @onTask('audit') audit(): void {}
    @onMessage('who') who(): void {}
  }
  const table = handlersOf(WorkAgent);
  return Array.from({ length: count }, (_, index) => {
    const id = `${role}@n1.${index + 1}`;
    const spec = {
      id,
      Class: WorkAgent,
      table,
      kind: 'pool',
      concurrency: 1,
      mailboxLimit: 9,
      overflow: 'reject',
    } as const;
    const cell = new Cell(spec, {
      contextFor: () => ({}) as AgentContext,
      execute: () => Promise.resolve(),
      onEnded: () => {},
      onPushedOut: () => {},
      onGivenUp: () => {},
      onHaunted: () => {},
      within: (_cell, body) => body(),
      onFailure: () => {},
      onFinished: () => {},
      onRoom: () => {},
    });
    cell.state = state;
    return cell;
  });
}

const ask = (name: string): Work => ({ kind: 'ask', envelope: { name } as never });

function status(
  of: readonly Cell[],
  more: { why?: string[]; queues?: string[]; inFlight?: InFlight } = {},
): NodeStatus {
  const { why = [], queues = [], inFlight = new InFlight(() => 0) } = more;
  const text = statusText({
    hostings: [],
    phase: 'up',
    ready: why.length === 0,
    why,
    heartbeatMs: 1_500,
    leaseMs: 5_000,
    cells: of,
    contractOf: ({ spec: { table } }) => contractOf(table),
    queues,
    inFlight: inFlight.oldest(40),
  });
  return JSON.parse(text) as NodeStatus;
}

test('what a role takes is told once for all its agents, with what they have together', () => {
  const [one, two, ...rest] = cells(5);
  if (one !== undefined) one.restarts = 2;
  if (two !== undefined) two.state = 'restarting';
  expect(status([one, two, ...rest].filter((cell) => cell !== undefined)).contracts).toEqual([
    {
      role: 'work',
      version: expect.any(String),
      tasks: ['audit', 'check'],
      messages: ['who'],
      topics: [],
      agents: 5,
      states: { up: 4, restarting: 1 },
      restarts: 2,
      mailbox: 0,
      running: 0,
    },
  ]);
});

test('an agent tells why it was restarted the last three times', () => {
  const [cell] = cells(1);
  if (cell !== undefined) cell.restartReasons = [1, 2, 3, 4].map((at) => ({ at, reason: `reason ${at}` }));
  const [told] = status(cell === undefined ? [] : [cell]).agents;
  expect(told?.restartReasons?.map(({ at }) => at)).toEqual([2, 3, 4]);
});

test('among thousands of agents those in trouble are listed first', () => {
  const many = cells(5_000);
  for (const index of [17, 4_321]) {
    const cell = many[index];
    if (cell !== undefined) cell.state = 'restarting';
  }
  const { agents, agentCount } = status(many);
  expect(agentCount).toBe(5_000);
  expect(agents.slice(0, 3).map(({ id }) => id)).toEqual(['work@n1.18', 'work@n1.4322', 'work@n1.1']);
  expect(agents.length).toBeLessThanOrEqual(100);
});

test('the status of ten thousand agents is as big as that of a hundred', () => {
  const size = (count: number): number => Buffer.byteLength(JSON.stringify(status(cells(count))));
  expect(size(10_000) - size(100)).toBeLessThan(20);
});

test('the status stays below 32 KiB, whatever the agents say and however much runs', () => {
  const many = Array.from({ length: 300 }, (_, index) => cells(3, `role-${index}-${'r'.repeat(50)}`)).flat();
  const inFlight = new InFlight(() => 0);
  for (const cell of many) {
    cell.statusText = '\u{1F9EF}"'.repeat(300);
    cell.restartReasons = [{ at: 0, reason: 'é\n'.repeat(500) }];
    inFlight.begin(cell.id, ask('ü'.repeat(500)));
  }
  const long = Array.from({ length: 500 }, (_, index) => `${index} ${'w'.repeat(500)}`);
  const told = status(many, { why: long, queues: long, inFlight });
  expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThan(32 * 1_024);
  expect(told.agentCount).toBe(900);
  for (const list of [told.agents, told.contracts, told.why, told.queues, told.inFlight])
    expect(list.length).toBeGreaterThan(0);
});

test('what runs is told oldest first, until it has ended', () => {
  let now = 100;
  const inFlight = new InFlight(() => now);
  const first = ask('one');
  inFlight.begin('a', first);
  now = 200;
  inFlight.begin('b', ask('two'));
  expect(inFlight.oldest(1)).toEqual([{ agent: 'a', kind: 'ask', name: 'one', since: 100 }]);
  inFlight.end(first);
  expect(inFlight.oldest(9)).toEqual([{ agent: 'b', kind: 'ask', name: 'two', since: 200 }]);
});
