/**
 * The calls about messages and broadcasts that are counted, of an agent that has many of them among many agents.
 */
import type { AcknowledgeOp, SendOp } from '../../../../src/broker/mail.ts';
import { frame } from '../../../contract/harness.ts';
import { inbox, message } from '../../../contract/post.ts';
import { failure } from '../../../contract/work.ts';
import { type Counted, type Most, simple } from './count.ts';
import { agent, event, fresh, many, ownAgent } from './crowd.ts';

const sending = (title: string, most: Most, make: (at: number) => SendOp): Counted =>
  simple(title, 'send', most, async ({ node }, ops) => {
    const replies = await node.mail.send(frame(node.mail.tagOf(agent), many(ops, make), { sender: node.address }));
    return replies.filter(({ kind }) => kind === 'stored').length;
  });

const dead = { reason: 'attempts', error: failure, limit: 10_000 };

/** Messages of an agent that are read, and what ends them. */
const acknowledging = (title: string, most: Most, more: { readonly dead?: typeof dead }): Counted => ({
  title,
  of: 'acknowledge',
  ...most,
  async arrange({ node, epochs }, ops) {
    await node.mail.send(
      frame(
        node.mail.tagOf(agent),
        many(ops, () => message(agent, '"one"')),
      ),
    );
    const epoch = epochs.get(agent) ?? 0;
    const entries = await inbox(node, agent, epoch, '', ops);
    const acks = entries.map(({ entry, opId }): AcknowledgeOp => ({ agentId: agent, epoch, entry, opId, ...more }));
    return async () => {
      const replies = await node.mail.acknowledge(frame(node.mail.tagOf(agent), acks, { sender: node.address }));
      return replies.filter((reply) => reply === 'acknowledged').length;
    };
  },
});

const mail: readonly Counted[] = [
  sending('send', { one: 12, each: 2 }, () => message(agent, '"one"')),
  sending('send, with keys', { one: 14, each: 4 }, () =>
    message(agent, '"one"', { key: { name: fresh('k'), ttlMs: 60_000 } }),
  ),
  sending('send, to many agents', { one: 11, each: 2 }, () => message(fresh('nobody'), '"one"')),
  simple('ask', 'ask', { one: 7, each: 0 }, async (crowd, ops) => {
    const asks = many(ops, (at) => ({ to: ownAgent(crowd, at), envelope: '"one"' }));
    const replies = await crowd.node.mail.ask(
      frame(crowd.node.mail.tagOf(agent), asks, { sender: crowd.node.address }),
    );
    return replies.filter(({ kind }) => kind === 'sent').length;
  }),
  acknowledging('acknowledge', { one: 9, each: 1 }, {}),
  acknowledging('acknowledge, dead', { one: 13, each: 3 }, { dead }),
  {
    title: 'read an inbox',
    of: 'read-inbox',
    one: 5,
    each: 0,
    async arrange({ node, epochs }, ops) {
      await node.mail.send(
        frame(
          node.mail.tagOf(agent),
          many(ops, () => message(agent, '"one"')),
        ),
      );
      return async () => (await inbox(node, agent, epochs.get(agent) ?? 0, '', ops)).length;
    },
  },
  simple(
    'which agents have mail',
    'zrangebylex',
    { one: 2 },
    async ({ node }) => (await node.mail.waiting('node')).length > 0,
  ),
  simple(
    'a page of dead messages',
    'xrevrange',
    { one: 3 },
    async ({ node }) => (await node.mail.deadLetters(agent, { count: 1 })).letters.length,
  ),
];

const events: readonly Counted[] = [
  simple(
    'append',
    'append',
    { one: 10, each: 1 },
    async ({ node }, ops) =>
      (await node.events.append(frame('events', many(ops, event), { sender: node.address }))).length,
  ),
  simple('trim events', 'trim-events', { one: 4 }, async ({ node }) => {
    await node.events.trim();
    return true;
  }),
  simple(
    'a page of events',
    'xrange',
    { one: 2 },
    async ({ node }) => (await node.events.read({ after: '0', count: 1 })).events.length,
  ),
  simple('the newest event', 'xrevrange', { one: 1 }, async ({ node }) => (await node.events.last()) !== '0'),
  simple('open a position', 'open-position', { one: 3 }, async ({ node, epochs }) => {
    const owner = { agentId: agent, epoch: epochs.get(agent) ?? 0 };
    return (await node.events.openPosition(owner, '0')).handled === '0';
  }),
  simple('save a position', 'save-position', { one: 3 }, async ({ node, epochs }) => {
    const owner = { agentId: agent, epoch: epochs.get(agent) ?? 0 };
    await node.events.savePosition(owner, { handled: '0', handed: '0', seq: 1 });
    return true;
  }),
];

export const countedMail = [...mail, ...events];
