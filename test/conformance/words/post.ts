/**
 * The words of the mail and the notice port: durable inboxes, live mail, dead letters, and who hears what.
 */
import type { Frame } from '../../../src/broker/frame.ts';
import type { AcknowledgeOp, AskOp, DeadMessages, InboxEntry, SendOp, SendReply } from '../../../src/broker/mail.ts';
import type { Notice } from '../../../src/broker/notices.ts';
import type { Chance } from '../chance.ts';
import { agents, longMs, middleMs, remember, shortMs, type World } from '../world.ts';
import { failure } from './tasks.ts';
import { processOf, type Said, type Word } from './word.ts';

export const mailWords: readonly Word[] = [
  {
    port: 'mail',
    method: 'tagOf',
    weight: 0.3,
    say: (_, chance) => ({ by: chance.of('a', 'b', 'c'), args: [chance.of(...agents)] }),
  },
  {
    port: 'mail',
    method: 'send',
    weight: 8,
    say(world, chance) {
      const to = chance.of(...agents);
      const ops = Array.from({ length: 1 + chance.below(3) }, () => sendOne(world, chance, to));
      return carried(world, chance, { lane: 'send', to, ops });
    },
    learn(world, { args }, replies: readonly SendReply[]) {
      const frame = args[0] as Frame<SendOp>;
      world.noteFrame('send', frame);
      for (const [index, reply] of replies.entries()) {
        const op = frame.ops[index];
        if (reply.kind === 'stored' && op !== undefined && 'opId' in op)
          remember(world.messages, { agentId: op.to, entry: reply.entry, opId: op.opId });
      }
    },
  },
  {
    port: 'mail',
    method: 'ask',
    weight: 2,
    say(world, chance) {
      const to = chance.of(...agents);
      return carried(world, chance, { lane: 'ask', to, ops: [{ to, envelope: world.name('ask') }] });
    },
    learn: (world, { args }) => world.noteFrame('ask', args[0] as Frame<AskOp>),
  },
  {
    port: 'mail',
    method: 'read',
    weight: 4,
    say(world, chance) {
      const { agentId, epoch } = owned(world, chance);
      const after = chance.is(0.3) ? (chance.recent(world.messages)?.entry ?? '') : chance.of('', '', 'zz');
      return { by: chance.of('a', 'b', 'c'), args: [{ agentId, epoch, after, count: chance.of(0, 1, 2, 50, 50) }] };
    },
    learn(world, { args }, entries: readonly InboxEntry[]) {
      const { agentId } = args[0] as { readonly agentId: string };
      remember(world.messages, ...entries.map(({ entry, opId }) => ({ agentId, entry, opId })));
    },
  },
  {
    port: 'mail',
    method: 'acknowledge',
    weight: 7,
    say(world, chance) {
      const message = chance.recent(world.messages);
      if (message === undefined) return undefined;
      const to = message.agentId;
      const others = world.messages.filter(({ agentId }) => agentId === to);
      const ops = [message, ...(chance.is(0.3) ? chance.some(others, 2) : [])].map((one) => endOne(world, chance, one));
      return carried(world, chance, { lane: 'acknowledge', to, ops });
    },
    learn: (world, { args }) => world.noteFrame('acknowledge', args[0] as Frame<AcknowledgeOp>),
  },
  {
    port: 'mail',
    method: 'waiting',
    weight: 1,
    say: (world, chance) => ({ by: chance.of('a', 'b', 'c'), args: [world.node(chance)] }),
  },
  {
    port: 'mail',
    method: 'deadLetters',
    weight: 2,
    say(world, chance) {
      const [agentId, letter] = [
        chance.of(...agents),
        chance.is(0.4) ? chance.recent(world.letters)?.letter : undefined,
      ];
      const page = { count: chance.of(1, 2, 9), ...(letter !== undefined && { before: letter }) };
      return { by: chance.of('a', 'b', 'c'), args: [agentId, page] };
    },
    learn(world, { args }, { letters }: DeadMessages) {
      const agentId = args[0] as string;
      remember(world.letters, ...letters.map(({ letter }) => ({ agentId, letter })));
    },
  },
];

export const noticeWords: readonly Word[] = [
  {
    port: 'notices',
    method: 'listen',
    weight: 0.5,
    say: (_, chance) => ({ by: chance.of('a', 'b', 'c'), args: [chance.of('a1', 'b2', 'c', 'd')] }),
  },
  {
    port: 'notices',
    method: 'post',
    weight: 2,
    say(world, chance) {
      const notices = Array.from({ length: 1 + chance.below(3) }, () => {
        return { address: chance.of('a1', 'b1', 'c', 'd', '*'), notice: someNotice(world, chance) };
      });
      return { by: chance.of('a', 'b', 'c'), args: [notices] };
    },
  },
];

function carried(
  world: World,
  chance: Chance,
  {
    lane,
    to,
    ops,
  }: { lane: 'send' | 'ask' | 'acknowledge'; to: string; ops: readonly (SendOp | AskOp | AcknowledgeOp)[] },
): Said {
  const leased = chance.is(0.3);
  const sender = leased ? world.node(chance) : 'c';
  // Agents of one shard share a tag on both brokers; what it is called there is each broker's affair.
  const tag = to === 'smith' ? 'alone' : 'shared';
  const frame = world.frame(chance, lane, { tag, sender, leased, ops });
  return { by: leased ? processOf(sender) : 'c', args: [frame], tagOf: to };
}

function sendOne(world: World, chance: Chance, to: string): SendOp {
  const letter = chance.is(0.2) ? chance.recent(world.letters.filter(({ agentId }) => agentId === to)) : undefined;
  const limit = chance.of(2, 5, 10_000, 10_000);
  if (letter !== undefined) return { to, limit, letter: letter.letter };
  const key = chance.is(0.25)
    ? { name: chance.of('k1', 'k2'), ttlMs: chance.of(shortMs, middleMs, longMs) }
    : undefined;
  return { to, opId: world.name('o'), envelope: world.name('m'), limit, ...(key && { key }) };
}

/** The activation that was granted last, mostly; or an epoch that is none, or none any more. */
function owned(world: World, chance: Chance): { readonly agentId: string; readonly epoch: number } {
  const agentId = chance.of(...agents);
  const epochs = world.epochs.filter((one) => one.agentId === agentId).map(({ epoch }) => epoch);
  const known = chance.is(0.9) ? epochs.at(-1) : chance.recent(epochs);
  return { agentId, epoch: known ?? chance.of(0, 0, 5) };
}

function endOne(
  world: World,
  chance: Chance,
  { agentId, entry, opId }: { readonly agentId: string; readonly entry: string; readonly opId: string },
): AcknowledgeOp {
  const letter = chance.is(0.15) ? chance.recent(world.letters.filter((one) => one.agentId === agentId)) : undefined;
  if (letter !== undefined) return letter;
  const epochs = world.epochs.filter((one) => one.agentId === agentId);
  const epoch = (chance.is(0.9) ? epochs.at(-1) : chance.recent(epochs))?.epoch ?? 1;
  const dead = chance.is(0.6) ? { reason: 'no-handler', error: failure, limit: chance.of(1, 1, 2, 10) } : undefined;
  return { agentId, epoch, entry, opId: chance.is(0.95) ? opId : 'other', ...(dead && { dead }) };
}

function someNotice(world: World, chance: Chance): Notice {
  const askId = world.name('ask');
  return chance.of<Notice>(
    { kind: 'reply', askId, ok: true, body: '"yes"' },
    { kind: 'part', askId, number: 1, state: 'more', body: '1' },
    { kind: 'credit', askId, received: 2, taken: 1, again: false },
    { kind: 'left', askId },
    { kind: 'ask', envelope: world.name('live') },
  );
}
