/**
 * The words of the foreign port, and of an outsider who pushes into its lists, takes from them and spoils them.
 *
 * An outsider never spoils the key of the events: the port of events promises nothing then, and only the foreign port minds it
 * (contract/foreign.test.ts).
 */
import {
  endMark,
  type ForeignList,
  type Look,
  type Mark,
  type Pick,
  type Picked,
  startMark,
  type TakenTask,
  type TaskEnd,
} from '../../../src/broker/foreign.ts';
import type { Chance } from '../chance.ts';
import { longMs, middleMs, remember, shortMs, type World } from '../world.ts';
import { event } from './streams.ts';
import { processOf, type Said, type Word } from './word.ts';

/** What outsiders write is often the same. */
const texts = ['{"taskId":"a"}', '{"taskId":"b"}', '{', 'é', ''] as const;

export const foreignWords: readonly Word[] = [
  {
    port: 'foreign',
    method: 'hold',
    weight: 8,
    say(world, chance) {
      const node = (chance.is(0.6) ? world.bridge(chance) : undefined) ?? world.node(chance);
      const leaseMs = chance.of(0, shortMs, middleMs, longMs, longMs, longMs, longMs, longMs);
      return { by: processOf(node), args: [node, leaseMs] };
    },
    learn(world, { args: [node] }, holds: boolean) {
      if (holds) world.foreign.bridge = node as string;
      else if (world.foreign.bridge === node) world.foreign.bridge = undefined;
    },
  },
  {
    port: 'foreign',
    method: 'look',
    weight: 12,
    say(world, chance) {
      return ask(chance, [
        { list: listOf(chance), mark: mark(world, chance), count: chance.is(0.7) ? 50 : chance.of(0, 1, 3) },
      ]);
    },
    learn(world, { args }, look: Look) {
      const { list } = args[0] as { readonly list: ForeignList };
      if (look.kind === 'entries' && list === 'queue' && (look.entries.length > 0 || look.from.count > 0))
        remember(world.foreign.looks, look);
    },
  },
  {
    port: 'foreign',
    method: 'take',
    weight: 14,
    say(world, chance) {
      const look = chance.recent(world.foreign.looks);
      const node = world.bridge(chance);
      if (look === undefined || node === undefined) return undefined;
      const picks = look.entries.filter(() => chance.is(0.8)).map((entry) => pick(chance, entry, look.entries));
      const request = { node, from: look.from, looked: look.entries.length, picks, most: chance.of(0, 1, 3, 50, 50) };
      return { by: processOf(node), args: [request] };
    },
    learn(world, _, { ids }: Picked) {
      for (const id of ids) if (id !== undefined && id !== 'quarantined') remember(world.foreign.taken, id);
    },
  },
  {
    port: 'foreign',
    method: 'taken',
    weight: 1,
    say: (world, chance) =>
      ask(chance, [{ after: chance.is(0.5) ? someTaken(world, chance) : '', count: chance.of(0, 1, 50) }]),
    learn: (world, _, tasks: readonly TakenTask[]) => remember(world.foreign.taken, ...tasks.map(({ id }) => id)),
  },
  {
    port: 'foreign',
    method: 'end',
    weight: 14,
    say(world, chance) {
      const node = world.bridge(chance);
      if (world.foreign.taken.length === 0 || node === undefined) return undefined;
      const ends = Array.from({ length: 1 + chance.below(2) }, () => taskEnd(world, chance));
      return { by: processOf(node), args: [{ node, ends }] };
    },
  },
];

export const outsiderWords: readonly Word[] = [
  {
    port: 'outsider',
    method: 'push',
    weight: 12,
    say: (world, chance) => outside([listOf(chance), chance.is(0.4) ? chance.of(...texts) : `"${world.name('x')}"`]),
  },
  { port: 'outsider', method: 'pop', weight: 1.5, say: (_, chance) => outside([listOf(chance)]) },
  {
    port: 'outsider',
    method: 'spoil',
    weight: 1,
    // Not for long, so that most of what is done with a list is done with one.
    say: (_, chance) => outside([listOf(chance), chance.is(0.25)]),
  },
];

function ask(chance: Chance, args: readonly unknown[]): Said {
  return { by: chance.of('a', 'b', 'c'), args };
}

/** An outsider is no process. */
function outside(args: readonly unknown[]): Said {
  return { by: 'c', args };
}

function listOf(chance: Chance): ForeignList {
  return chance.is(0.8) ? 'queue' : 'completed';
}

/** Of an earlier look at the queue, the start, the end, or one of which nothing is found. */
export function mark(world: World, chance: Chance): Mark {
  const look = chance.is(0.5) ? chance.recent(world.foreign.looks) : undefined;
  if (look !== undefined) return chance.of(look.next, look.next, look.from);
  return chance.is(0.8) ? startMark : chance.of(endMark, { count: 2, last: 'nobody' });
}

/** Now and then with a reason, or under the proof of another entry. */
function pick(
  chance: Chance,
  { number, proof }: Pick,
  entries: readonly { readonly number: number; readonly proof: string }[],
): Pick {
  const shown = chance.is(0.05) ? chance.of(...entries).proof : proof;
  return { number, proof: shown, ...(chance.is(0.2) && { reason: 'it is no JSON' }) };
}

function someTaken(world: World, chance: Chance): string {
  return (chance.is(0.95) ? chance.recent(world.foreign.taken) : undefined) ?? '1-1';
}

function taskEnd(world: World, chance: Chance): TaskEnd {
  const taskId = chance.is(0.7) ? chance.recent(world.tasks) : undefined;
  const completion = chance.is(0.7) ? `"${world.name('done ')}"` : undefined;
  return {
    id: someTaken(world, chance),
    ...(taskId !== undefined && { taskId }),
    ...(completion !== undefined && { completion }),
    event: event(world, chance),
  };
}
