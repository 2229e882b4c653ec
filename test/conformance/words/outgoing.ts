/**
 * The words of the outgoing and the quarantine port: tasks that foreign agents do, and what they wrote that nobody can read.
 */
import type { Out, PutReply } from '../../../src/broker/outgoing.ts';
import type { QuarantinePage, Quarantining } from '../../../src/broker/quarantine.ts';
import type { Chance } from '../chance.ts';
import { remember, type World } from '../world.ts';
import { mark } from './foreign.ts';
import { processOf, type Said, type Word } from './word.ts';

export const outgoingWords: readonly Word[] = [
  {
    port: 'outgoing',
    method: 'put',
    weight: 4,
    say(world, chance) {
      const node = world.bridge(chance);
      const again = chance.is(0.2) ? chance.recent(world.foreign.outs)?.taskId : undefined;
      const taskId = again ?? chance.recent(world.tasks);
      if (taskId === undefined || node === undefined) return undefined;
      const foreignId = world.name('f'); // nobody else uses it (G1)
      const text = chance.is(0.9) ? `{"taskId":"${foreignId}"}` : '{"taskId":"a"}';
      return { by: processOf(node), args: [{ node, taskId, foreignId, text }] };
    },
    learn(world, _, reply: PutReply) {
      if (reply.kind === 'put') remember(world.foreign.outs, reply.out);
    },
  },
  {
    port: 'outgoing',
    method: 'answer',
    weight: 3,
    say(world, chance) {
      const node = world.bridge(chance);
      if (node === undefined) return undefined;
      const outs = chance.some(world.foreign.outs, 3);
      const answers = outs.map(({ foreignId }) => ({
        foreignId: chance.is(0.95) ? foreignId : 'nobody',
        answer: `"${world.name('answer ')}"`,
      }));
      return { by: processOf(node), args: [{ node, answers, ...(chance.is(0.5) && { mark: mark(world, chance) }) }] };
    },
  },
  {
    port: 'outgoing',
    method: 'withdraw',
    weight: 2,
    say(world, chance) {
      const node = world.bridge(chance);
      if (node === undefined) return undefined;
      const ids = chance.some(world.foreign.outs, 2).map(({ taskId }) => taskId);
      return { by: processOf(node), args: [node, chance.is(0.1) ? [...ids, 'q1.n.1-1'] : ids] };
    },
  },
  {
    port: 'outgoing',
    method: 'read',
    weight: 0.5,
    say: (_, chance) => ask(chance, []),
    learn: (world, _, { outs }: { readonly outs: readonly Out[] }) => remember(world.foreign.outs, ...outs),
  },
];

export const quarantineWords: readonly Word[] = [
  {
    port: 'quarantine',
    method: 'add',
    weight: 3,
    say: (world, chance) => ask(chance, [Array.from({ length: chance.below(4) }, () => unreadable(world, chance))]),
  },
  {
    port: 'quarantine',
    method: 'list',
    weight: 2,
    say(world, chance) {
      const before = chance.is(0.4) ? chance.recent(world.foreign.quarantined) : undefined;
      const size = { count: chance.of(0, 1, 3, 50, 50), textBytes: chance.of(0, 1, 4, 100) };
      return ask(chance, [{ ...size, ...(before !== undefined && { before }) }]);
    },
    learn: (world, _, { entries }: QuarantinePage) =>
      remember(world.foreign.quarantined, ...entries.map(({ id }) => id)),
  },
  { port: 'quarantine', method: 'release', weight: 2, say: (world, chance) => ask(chance, [someKept(world, chance)]) },
  { port: 'quarantine', method: 'drop', weight: 1, say: (world, chance) => ask(chance, [someKept(world, chance)]) },
];

function ask(chance: Chance, args: readonly unknown[]): Said {
  return { by: chance.of('a', 'b', 'c'), args };
}

function unreadable(world: World, chance: Chance): Quarantining {
  const text = chance.is(0.5) ? chance.of('{', 'é{', '') : `{${world.name('x')}`;
  const bytes = chance.of(undefined, undefined, undefined, Buffer.byteLength(text), 1_000);
  return {
    origin: chance.of('agent:bot', 'notes'),
    reason: 'it is no JSON',
    text,
    left: chance.of('channel', 'copy'),
    ...(bytes !== undefined && { bytes }),
  };
}

function someKept(world: World, chance: Chance): readonly string[] {
  const ids = chance.some(world.foreign.quarantined, 3);
  return chance.is(0.1) ? [...ids, '1-1'] : ids;
}
