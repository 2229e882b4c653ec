/**
 * The calls about everything but tasks that are counted: mail, events, presence, schedules, locks, and what classic agents share.
 */
import { expect } from 'vitest';
import type { AcknowledgeOp, SendOp } from '../../../../src/broker/mail.ts';
import { frame, nodeInfo } from '../../../contract/harness.ts';
import { failure } from '../../../contract/work.ts';
import { inbox, message } from '../../../contract/post.ts';
import type { Counted } from './count.ts';
import {
  agent,
  all,
  type Crowd,
  event,
  fresh,
  leaseMs,
  line,
  many,
  permits,
  pick,
  room,
  unreadable,
} from './crowd.ts';

type Most = Pick<Counted, 'one' | 'each' | 'spread'>;

/** A call that needs no preparation. */
const simple = (
  title: string,
  of: string,
  most: Most,
  call: (crowd: Crowd, ops: number) => Promise<number | boolean>,
): Counted => ({
  title,
  of,
  ...most,
  arrange: (crowd, ops) => Promise.resolve(async () => Number(await call(crowd, ops))),
});

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
    await node.mail.send(frame(node.mail.tagOf(agent), many(ops, () => message(agent, '"one"'))));
    const epoch = epochs.get(agent) ?? 0;
    const entries = await inbox(node, agent, epoch, '', ops);
    const acks = entries.map(({ entry, opId }): AcknowledgeOp => ({ agentId: agent, epoch, entry, opId, ...more }));
    return async () => {
      const replies = await node.mail.acknowledge(frame(node.mail.tagOf(agent), acks, { sender: node.address }));
      return replies.filter((reply) => reply === 'acknowledged').length;
    };
  },
});

const ownAgent = ({ size }: Crowd, at: number): string => `a${at % size}`;

const mail: readonly Counted[] = [
  sending('send', { one: 99, each: 99 }, () => message(agent, '"one"')),
  sending('send, with keys', { one: 99, each: 99 }, () =>
    message(agent, '"one"', { key: { name: fresh('k'), ttlMs: 60_000 } }),
  ),
  sending('send, to many agents', { one: 99, each: 99 }, () => message(fresh('nobody'), '"one"')),
  simple('ask', 'ask', { one: 99, each: 99 }, async (crowd, ops) => {
    const asks = many(ops, (at) => ({ to: ownAgent(crowd, at), envelope: '"one"' }));
    const replies = await crowd.node.mail.ask(frame(crowd.node.mail.tagOf(agent), asks, { sender: crowd.node.address }));
    return replies.filter(({ kind }) => kind === 'sent').length;
  }),
  acknowledging('acknowledge', { one: 99, each: 99 }, {}),
  acknowledging('acknowledge, dead', { one: 99, each: 99 }, { dead }),
  {
    title: 'read an inbox',
    of: 'read-inbox',
    one: 99,
    each: 0,
    async arrange({ node, epochs }, ops) {
      await node.mail.send(frame(node.mail.tagOf(agent), many(ops, () => message(agent, '"one"'))));
      return async () => (await inbox(node, agent, epochs.get(agent) ?? 0, '', ops)).length;
    },
  },
  simple('which agents have mail', 'zrangebylex', { one: 2 }, async ({ node }) => (await node.mail.waiting('node')).length > 0),
  simple('a page of dead messages', 'xrevrange', { one: 3 }, async ({ node }) =>
    (await node.mail.deadLetters(agent, { count: 1 })).letters.length,
  ),
];

const events: readonly Counted[] = [
  simple('append', 'append', { one: 99, each: 99 }, async ({ node }, ops) =>
    (await node.events.append(frame('events', many(ops, event), { sender: node.address }))).length,
  ),
  simple('trim events', 'trim-events', { one: 99 }, async ({ node }) => {
    await node.events.trim();
    return true;
  }),
  simple('a page of events', 'xrange', { one: 2 }, async ({ node }) =>
    (await node.events.read({ after: '0', count: 1 })).events.length,
  ),
  simple('the newest event', 'xrevrange', { one: 1 }, async ({ node }) => (await node.events.last()) !== '0'),
  simple('open a position', 'open-position', { one: 99 }, async ({ node, epochs }) => {
    const owner = { agentId: agent, epoch: epochs.get(agent) ?? 0 };
    return (await node.events.openPosition(owner, '0')).handled === '0';
  }),
  simple('save a position', 'save-position', { one: 99 }, async ({ node, epochs }) => {
    const owner = { agentId: agent, epoch: epochs.get(agent) ?? 0 };
    await node.events.savePosition(owner, { handled: '0', handed: '0', seq: 1 });
    return true;
  }),
];

const presence: readonly Counted[] = [
  simple('join', 'join', { one: 99 }, async ({ node }) =>
    (await node.presence.join(nodeInfo(fresh('x')), leaseMs)).beats > 0,
  ),
  simple('renew presence', 'renew-presence', { one: 99 }, async ({ node }) =>
    (await node.presence.renew(node.address, leaseMs, '{}')).kind === 'renewed',
  ),
  {
    title: 'leave',
    of: 'leave',
    one: 99,
    async arrange({ node }) {
      const leaver = fresh('x');
      await node.presence.join(nodeInfo(leaver), leaseMs);
      return async () => {
        await node.presence.leave(leaver);
        return 1;
      };
    },
  },
  {
    title: 'nodes',
    of: 'nodes',
    one: 99,
    spread: [2 * 990, 'two commands for each node, of a thousand at most'],
    async arrange({ node }) {
      await Promise.resolve();
      return async () => ((await node.presence.nodes()).length > 0 ? 1 : 0);
    },
  },
  simple('activate', 'activate', { one: 99, each: 99 }, async ({ node, epochs }, ops) => {
    const ids = many(ops, () => fresh('b'));
    const replies = await node.presence.activate(node.address, ids);
    for (const [at, id] of ids.entries()) epochs.set(id, replies[at]?.epoch ?? 0);
    return replies.filter(({ kind }) => kind === 'granted').length;
  }),
  {
    title: 'deactivate',
    of: 'deactivate',
    one: 99,
    each: 99,
    async arrange({ node }, ops) {
      const ids = many(ops, () => fresh('b'));
      const replies = await node.presence.activate(node.address, ids);
      const holdings = ids.map((agentId, at) => ({ agentId, epoch: replies[at]?.epoch ?? 0 }));
      return async () => (await node.presence.deactivate(node.address, holdings)).filter(Boolean).length;
    },
  },
  simple('who owns agents', 'hmget', { one: 2, each: 0 }, async (crowd, ops) =>
    (await crowd.node.presence.lookup(many(ops, (at) => ownAgent(crowd, at)))).filter((one) => one !== undefined).length,
  ),
  simple('record what became of agents', 'record-agents', { one: 99, each: 99 }, async ({ node }, ops) => {
    const record = { kind: 'agent.down', agent, role: 'writer', epoch: 1, reason: 'stopped' } as const;
    await node.logs.record(node.address, many(ops, () => record));
    return ops;
  }),
  simple('a page of records', 'xrange', { one: 3 }, async ({ node }) =>
    (await node.logs.readRecords({ after: '0', count: 1 })).records.length,
  ),
  simple('add to a log', 'lpush', { one: 3, each: 0 }, async ({ node }, ops) => {
    await node.logs.append(many(ops, () => ({ agent, level: 'info' as const, message: 'one', at: 1_000 })));
    return ops;
  }),
  simple('lines of a log', 'lrange', { one: 1 }, async ({ node }) => (await node.logs.read(agent, 1)).length),
];

const roster: readonly Counted[] = [
  simple('enrol', 'enrol', { one: 99 }, async ({ node }) =>
    (await node.control.enrol({ name: fresh('r'), text: '{}', by: node.address })).kind === 'enrolled',
  ),
  {
    title: 'dismiss',
    of: 'dismiss',
    one: 99,
    async arrange({ node }) {
      const name = fresh('r');
      await node.control.enrol({ name, text: '{}' });
      return async () => Number(await node.control.dismiss(name));
    },
  },
  simple('the roster', 'read-roster', { one: 99 }, async ({ node }) =>
    ((await node.control.roster(''))?.entries.length ?? 0) > 0,
  ),
];

const plan = { plan: 'plan', body: '{}', next: 4_000_000_000_000, most: 1_000_000 };

/** A schedule of its own, and what is done with it. */
const scheduling = (title: string, of: string, one: number, call: (crowd: Crowd, name: string) => Promise<boolean>): Counted => ({
  title,
  of,
  one,
  async arrange(crowd) {
    const name = fresh('s');
    await crowd.node.schedules.set({ ...plan, name });
    return async () => Number(await call(crowd, name));
  },
});

const schedules: readonly Counted[] = [
  scheduling('set a schedule', 'set-schedule', 99, async ({ node }, name) =>
    (await node.schedules.set({ ...plan, plan: 'another', name })) === 'changed',
  ),
  scheduling('pause a schedule', 'switch-schedule', 99, async ({ node }, name) =>
    (await node.schedules.switch(name, {})) === true,
  ),
  scheduling('remove a schedule', 'remove-schedule', 99, ({ node }, name) => node.schedules.remove(name)),
  scheduling('begin a run', 'begin-run', 99, async ({ node }, name) => {
    const run = { node: node.address, name, seen: plan.next, run: plan.next };
    return (await node.schedules.begin(run)).kind === 'begun';
  }),
  scheduling('advance a schedule', 'advance-schedule', 99, ({ node }, name) =>
    node.schedules.advance({ node: node.address, name, seen: plan.next, next: plan.next + 1, missed: 0, skipped: 0 }),
  ),
  scheduling('read a schedule', 'read-schedules', 99, async ({ node }, name) =>
    (await node.schedules.read({ name })).length === 1,
  ),
  simple('schedules that are due', 'read-schedules', { one: 99 }, async ({ node }) => (await node.schedules.due(1)).due.length),
  simple('a page of schedules', 'read-schedules', { one: 99 }, async ({ node }) =>
    (await node.schedules.read({ after: '', count: 1 })).length,
  ),
];

const ask = { leaseMs, wait: true };

/** A permit of the lock or semaphore that is held, and what is done with it. */
const holding = (
  title: string,
  of: string,
  one: number,
  of2: { readonly name: () => string; readonly permits?: number },
  call: (crowd: Crowd, ref: { name: string; holder: string; token: number }) => Promise<boolean>,
): Counted => ({
  title,
  of,
  one,
  async arrange(crowd) {
    const [name, holder] = [of2.name(), fresh('h')];
    const request = { ...ask, name, holder, address: crowd.node.address, permits: of2.permits ?? 1 };
    const reply = await crowd.node.locks.acquire(request);
    const token = reply.kind === 'granted' ? reply.token : expect.fail(reply.kind);
    return async () => Number(await call(crowd, { name, holder, token }));
  },
});

const acquiring = (title: string, one: number, name: () => string, kind: string, more = 1): Counted =>
  simple(title, 'acquire', { one }, async ({ node }) => {
    const request = { ...ask, name: name(), holder: fresh('h'), address: node.address, permits: more };
    return (await node.locks.acquire(request)).kind === kind;
  });

const lock = { name: () => fresh('lock') };
const semaphore = { name: () => room, permits };

const locks: readonly Counted[] = [
  acquiring('acquire, free', 99, lock.name, 'granted'),
  acquiring('acquire, a long line', 99, () => line, 'waiting'),
  acquiring('acquire, many holders', 99, semaphore.name, 'granted', permits),
  holding('renew a lock', 'renew-lock', 99, lock, ({ node }, ref) => node.locks.renew({ ...ref, leaseMs })),
  holding('renew a permit', 'renew-lock', 99, semaphore, ({ node }, ref) => node.locks.renew({ ...ref, leaseMs })),
  holding('release a lock', 'release-lock', 99, lock, ({ node }, ref) => node.locks.release(ref)),
  holding('release a permit', 'release-lock', 99, semaphore, ({ node }, ref) => node.locks.release(ref)),
  {
    title: 'release, a long line',
    of: 'release-lock',
    one: 99,
    async arrange({ node }) {
      const held = await node.locks.inspect(line);
      const { holder, token = 0 } = held?.holders[0] ?? expect.fail('nobody holds the lock');
      return async () => Number(await node.locks.release({ name: line, holder, token }));
    },
  },
  simple('who holds a lock', 'inspect-lock', { one: 99 }, async ({ node }) =>
    (await node.locks.inspect(line))?.holders.length ?? 0,
  ),
  simple(
    'who holds a semaphore',
    'inspect-lock',
    { one: 99, spread: [permits, 'a command for each holder, of a thousand at most'] },
    async ({ node }) => (await node.locks.inspect(room)) !== undefined,
  ),
];

const classic: readonly Counted[] = [
  simple('hold the bridge', 'hold-bridge', { one: 99 }, ({ node }) => node.foreign.hold(node.address, leaseMs)),
  simple('look at a list', 'look', { one: 99 }, async ({ node }) => {
    const look = await node.foreign.look({ list: 'completed', mark: { count: 0, last: '' }, count: 1 });
    return look.kind === 'entries' && look.entries.length === 1;
  }),
  {
    title: 'take from a list',
    of: 'take',
    one: 99,
    each: 99,
    async arrange({ node, raw, keys }, ops) {
      await raw.rpush(keys.foreign.queue, ...many(ops, () => `{"id":"${fresh('new')}"}`));
      return async () => (await pick(node, ops)).length;
    },
  },
  simple('a page of taken tasks', 'xrange', { one: 1 }, async ({ node }) =>
    (await node.foreign.taken({ after: '', count: 1 })).length,
  ),
  {
    title: 'end foreign tasks',
    of: 'end-foreign',
    one: 99,
    each: 99,
    async arrange({ node }, ops) {
      const taken = await node.foreign.taken({ after: '', count: ops });
      const ids = taken.length === ops ? taken.map(({ id }) => id) : await pick(node, ops);
      const ends = ids.map((id) => ({ id, completion: '{}', event: event() }));
      return async () => (await node.foreign.end({ node: node.address, ends })).filter((one) => one === 'ended').length;
    },
  },
  simple('put a task out', 'put-foreign', { one: 99 }, async ({ node }) => {
    const put = { node: node.address, taskId: fresh('t'), foreignId: fresh('f'), text: '{}' };
    return (await node.outgoing.put(put)).kind === 'put';
  }),
  {
    title: 'answer tasks that are out',
    of: 'answer-foreign',
    one: 99,
    each: 99,
    async arrange({ node }, ops) {
      const ids = many(ops, () => fresh('o'));
      await all(ops, (at) => node.outgoing.put({ node: node.address, taskId: ids[at] ?? '', foreignId: `f${ids[at]}`, text: '{}' }));
      const answers = ids.map((id) => ({ foreignId: `f${id}`, answer: '{}' }));
      return async () => (await node.outgoing.answer({ node: node.address, answers })).length;
    },
  },
  {
    title: 'withdraw tasks that are out',
    of: 'withdraw-foreign',
    one: 99,
    each: 99,
    async arrange({ node }, ops) {
      const ids = many(ops, () => fresh('o'));
      await all(ops, (at) => node.outgoing.put({ node: node.address, taskId: ids[at] ?? '', foreignId: `f${ids[at]}`, text: '{}' }));
      return async () => {
        await node.outgoing.withdraw(node.address, ids);
        return ops;
      };
    },
  },
  simple('what is out', 'hgetall', { one: 3 }, async ({ node }) => (await node.outgoing.read()).outs.length > 0),
  simple('keep what cannot be read', 'add-quarantined', { one: 99, each: 99, spread: [10, 'what is pushed out'] }, async ({ node }, ops) => {
    await node.quarantine.add(many(ops, unreadable));
    return ops;
  }),
  simple('what is in quarantine', 'read-quarantined', { one: 99 }, async ({ node }) =>
    (await node.quarantine.list({ count: 1, textBytes: 10 })).entries.length,
  ),
  {
    title: 'forget what cannot be read',
    of: 'end-quarantined',
    one: 99,
    each: 99,
    async arrange({ node }, ops) {
      await node.quarantine.add(many(ops, unreadable));
      const { entries } = await node.quarantine.list({ count: ops, textBytes: 10 });
      return async () => (await node.quarantine.drop(entries.map(({ id }) => id))).length;
    },
  },
];

export const countedFleet = [...mail, ...events, ...presence, ...roster, ...schedules, ...locks, ...classic];
