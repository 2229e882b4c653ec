/**
 * The words of the event and the log port: what is appended, read behind a place, and trimmed.
 */
import type { AppendOp, EventPage, Position } from '../../../src/broker/events.ts';
import type { Frame } from '../../../src/broker/frame.ts';
import type { AgentRecord, LifecyclePage, LogEntry, StoredPart } from '../../../src/broker/logs.ts';
import type { Chance } from '../chance.ts';
import { agents, longMs, middleMs, queues, remember, shortMs, type World } from '../world.ts';
import { processOf, type Said, type Word } from './word.ts';

export const eventWords: readonly Word[] = [
  {
    port: 'events',
    method: 'append',
    weight: 5,
    say(world, chance) {
      const ops = Array.from({ length: 1 + chance.below(3) }, () => event(world, chance));
      const leased = chance.is(0.3);
      const sender = leased ? world.node(chance) : 'c';
      const frame = world.frame(chance, 'append', { tag: 'events', sender, leased, ops });
      return { by: leased ? processOf(sender) : 'c', args: [frame] };
    },
    learn(world, { args }, ids: readonly string[]) {
      world.noteFrame('append', args[0] as Frame<AppendOp>);
      remember(world.events, ...ids);
    },
  },
  {
    port: 'events',
    method: 'read',
    weight: 2,
    say: (world, chance) => ask(chance, [{ after: place(world, chance, world.events), count: chance.of(0, 1, 3, 50) }]),
    learn: (world, _, { events }: EventPage) => remember(world.events, ...events.map(({ id }) => id)),
  },
  { port: 'events', method: 'last', weight: 0.5, say: (_, chance) => ask(chance, []) },
  { port: 'events', method: 'listen', weight: 0.5, say: (_, chance) => ask(chance, []) },
  {
    port: 'events',
    method: 'openPosition',
    weight: 2,
    say: (world, chance) => ask(chance, [owner(world, chance), place(world, chance, world.events)]),
  },
  {
    port: 'events',
    method: 'savePosition',
    weight: 2,
    say(world, chance) {
      const [handled, handed] = [place(world, chance, world.events), place(world, chance, world.events)];
      const position: Position = { handled, handed, seq: chance.below(6) };
      return ask(chance, [owner(world, chance), position]);
    },
  },
  { port: 'events', method: 'trim', weight: 1, say: (_, chance) => ask(chance, []) },
];

export const logWords: readonly Word[] = [
  {
    port: 'logs',
    method: 'append',
    weight: 2,
    say(world, chance) {
      const count = chance.is(0.2) ? 60 : 1 + chance.below(3);
      return ask(chance, [Array.from({ length: count }, () => line(world, chance))]);
    },
  },
  {
    port: 'logs',
    method: 'read',
    weight: 1,
    say: (_, chance) => ask(chance, [chance.of(...agents), chance.of(0, 1, 200)]),
  },
  {
    port: 'logs',
    method: 'addParts',
    weight: 4,
    say(world, chance) {
      const claim = chance.recent(world.claims);
      if (claim === undefined) return undefined;
      const [node, { receipt, attempt }] = [world.node(chance), claim];
      const queue = chance.is(0.95) ? claim.queue : chance.of(...queues);
      const long = chance.is(0.04) ? '"'.padEnd(400_000, 'x') : '';
      const bodies = Array.from({ length: chance.below(4) }, () => `"${world.name('part')}${long}"`);
      const rest = { first: chance.of(1, 1, 2, 3, 4), bodies, keepMs: chance.of(shortMs, middleMs, longMs) };
      const args = [{ queue, node, receipt, attempt, ...rest, notify: chance.of('a1', 'c') }];
      return { by: processOf(node), args };
    },
  },
  {
    port: 'logs',
    method: 'readParts',
    weight: 1,
    say(world, chance) {
      const part = chance.is(0.6) ? chance.recent(world.parts) : undefined;
      const taskId = part?.taskId ?? chance.recent(world.tasks) ?? 'q1.n.1-1';
      return ask(chance, [taskId, { after: part?.entry ?? '', count: chance.of(0, 1, 50) }]);
    },
    learn(world, { args }, parts: readonly StoredPart[]) {
      const taskId = args[0] as string;
      remember(world.parts, ...parts.map(({ entry }) => ({ taskId, entry })));
    },
  },
  {
    port: 'logs',
    method: 'record',
    weight: 2,
    say(world, chance) {
      const node = world.node(chance);
      const records = Array.from({ length: chance.below(4) }, () => agentRecord(world, chance));
      return { by: processOf(node), args: [node, records] };
    },
  },
  {
    port: 'logs',
    method: 'readRecords',
    weight: 1,
    say: (world, chance) =>
      ask(chance, [{ after: place(world, chance, world.records), count: chance.of(0, 1, 3, 50) }]),
    learn: (world, _, { records }: LifecyclePage) => remember(world.records, ...records.map(({ id }) => id)),
  },
];

function ask(chance: Chance, args: readonly unknown[]): Said {
  return { by: chance.of('a', 'b', 'c'), args };
}

export function event(world: World, chance: Chance): AppendOp {
  const data = chance.of('{"path":"a"}', '[]', '"text"', '7', 'null', '{}', '[1,{"a":null}]');
  const again = chance.is(0.1) && { again: true as const };
  return {
    opId: world.name('o'),
    topic: chance.of('docs.saved', 'audit'),
    from: chance.of(...agents),
    data,
    sentAt: 5,
    ...again,
  };
}

/** Somewhere in a stream: behind an entry, from a time on, or from the start. */
function place(world: World, chance: Chance, entries: readonly string[]): string {
  const time = String(world.now - chance.of(0, 1, 5, 3_021));
  return chance.is(0.6) ? (chance.recent(entries) ?? '0') : chance.of('0', time);
}

function owner(world: World, chance: Chance): { readonly agentId: string; readonly epoch: number } {
  const known = chance.is(0.9) ? chance.recent(world.epochs) : undefined;
  const { agentId, epoch } = known ?? { agentId: chance.of(...agents), epoch: chance.of(1, 5) };
  return { agentId, epoch };
}

function line(world: World, chance: Chance): LogEntry {
  const level = chance.of('info', 'warn', 'error') as LogEntry['level'];
  return {
    agent: chance.of(...agents),
    level,
    message: world.name('line'),
    at: 1_700_000_000_000 + chance.below(5_000),
  };
}

function agentRecord(world: World, chance: Chance): AgentRecord {
  const { agentId: agent, epoch } = owner(world, chance);
  const kind = chance.of('agent.up', 'agent.down', 'agent.restarted') as AgentRecord['kind'];
  return { kind, agent, role: 'audit', epoch, ...(kind !== 'agent.up' && { reason: world.name('because ') }) };
}
