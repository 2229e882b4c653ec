/**
 * The words of the queue and the control port: what callers and operators ask of tasks and queues, and the roster.
 */
import type { EnrolReply, Roster } from '../../../src/broker/roster.ts';
import type { DeadLetter } from '../../../src/broker/queues.ts';
import type { Chance } from '../chance.ts';
import { longMs, middleMs, queues, remember, rosterNames, shortMs, type World } from '../world.ts';
import { failure } from './tasks.ts';
import type { Said, Word } from './word.ts';

export const queueWords: readonly Word[] = [
  {
    port: 'queues',
    method: 'outcomes',
    weight: 1,
    say: (world, chance) => ask(chance, [chance.of(...queues), chance.some(world.tasks, 4)]),
  },
  { port: 'queues', method: 'state', weight: 1, say: (world, chance) => ask(chance, [someTask(world, chance)]) },
  { port: 'queues', method: 'stats', weight: 1, say: (_, chance) => ask(chance, [chance.of(...queues)]) },
  {
    port: 'queues',
    method: 'report',
    weight: 2,
    say(world, chance) {
      const reports = chance.some(world.tasks, 2).map((taskId) => {
        const ttlMs = chance.of(0, shortMs, middleMs, longMs);
        return { taskId, body: `"${world.name('p')}"`, notify: chance.of('a1', 'c', '*'), ttlMs };
      });
      return ask(chance, [chance.of(...queues), reports]);
    },
  },
  { port: 'queues', method: 'progress', weight: 1, say: (world, chance) => ask(chance, [someTask(world, chance)]) },
  {
    port: 'queues',
    method: 'deadLetters',
    weight: 1,
    say(world, chance) {
      const before = chance.is(0.5) ? chance.recent(world.deaths) : undefined;
      return ask(chance, [
        chance.of(...queues),
        { count: chance.of(0, 1, 9), ...(before !== undefined && { before }) },
      ]);
    },
    learn: (world, _, letters: readonly DeadLetter[]) => remember(world.deaths, ...letters.map(({ diedAt }) => diedAt)),
  },
  {
    port: 'queues',
    method: 'requeue',
    weight: 3,
    say(world, chance) {
      const taskId = chance.is(0.8) ? chance.recent(world.dead) : undefined;
      if (taskId === undefined) return ask(chance, [chance.of(...queues), chance.some(world.tasks, 6)]);
      return ask(chance, [world.places.get(taskId)?.queue ?? 'q1', [taskId, ...chance.some(world.tasks, 2)]]);
    },
  },
];

export const controlWords: readonly Word[] = [
  {
    port: 'control',
    method: 'cancel',
    weight: 5,
    say(world, chance) {
      const claimed = chance.is(0.6) ? chance.recent(world.claims)?.receipt.taskId : undefined;
      const taskId = claimed ?? someTask(world, chance);
      const error = { ...failure, message: world.name('cancelled by ') };
      return ask(chance, [{ taskId, error, resultTtlMs: chance.of(0, middleMs, longMs) }]);
    },
  },
  { port: 'control', method: 'pause', weight: 1, say: (_, chance) => ask(chance, [chance.of(...queues)]) },
  { port: 'control', method: 'resume', weight: 2, say: (_, chance) => ask(chance, [chance.of(...queues)]) },
  {
    port: 'control',
    method: 'limit',
    weight: 2,
    say(_, chance) {
      const concurrency = chance.of(undefined, null, null, 1, 2);
      const rate = chance.of(undefined, null, null, { max: chance.of(1, 3), perMs: chance.of(shortMs, middleMs) });
      const change = { ...(concurrency !== undefined && { concurrency }), ...(rate !== undefined && { rate }) };
      return ask(chance, [chance.of(...queues), change]);
    },
  },
  {
    port: 'control',
    method: 'enrol',
    weight: 2,
    say(world, chance) {
      const expected = chance.is(0.5) ? expectedVersion(world, chance) : undefined;
      const by = chance.is(0.3) ? world.node(chance) : undefined;
      const about = { ...(expected !== undefined && { expected }), ...(by !== undefined && { by }) };
      return ask(chance, [{ name: chance.of(...rosterNames), text: world.name('t'), ...about }]);
    },
    learn(world, { args }, reply: EnrolReply) {
      const { name } = args[0] as { readonly name: string };
      if (reply.kind === 'enrolled') remember(world.versions, { name, version: reply.version });
    },
  },
  {
    port: 'control',
    method: 'dismiss',
    weight: 1,
    say(world, chance) {
      const expected = chance.is(0.5) ? [expectedVersion(world, chance)] : [];
      return ask(chance, [chance.of(...rosterNames), ...expected]);
    },
  },
  {
    port: 'control',
    method: 'roster',
    weight: 1,
    say: (world, chance) => ask(chance, [expectedVersion(world, chance)]),
    learn: (world, _, roster: Roster | undefined) =>
      roster && remember(world.versions, { name: 'all', version: roster.version }),
  },
];

function ask(chance: Chance, args: readonly unknown[]): Said {
  return { by: chance.of('a', 'b', 'c'), args };
}

function someTask(world: World, chance: Chance): string {
  return chance.is(0.95) ? (chance.recent(world.tasks) ?? 'q1.n.1-1') : chance.of('q1.n.1-1', 'q9.h.5-5', 'none', '');
}

function expectedVersion(world: World, chance: Chance): string {
  return chance.is(0.7) ? (chance.recent(world.versions)?.version ?? '') : '';
}
