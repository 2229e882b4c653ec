/**
 * The calls about what classic agents share that are counted: lists with much in them, many tasks taken and put out, and the quarantine.
 */
import { type Counted, simple } from './count.ts';
import { all, type Crowd, event, fresh, leaseMs, many, pick, unreadable } from './crowd.ts';

async function putOut(node: Crowd['node'], ops: number): Promise<readonly string[]> {
  const ids = many(ops, () => fresh('o'));
  const put = { node: node.address, text: '{}' };
  await all(ops, (at) => node.outgoing.put({ ...put, taskId: ids[at] ?? '', foreignId: `f${ids[at]}` }));
  return ids;
}

export const countedClassic: readonly Counted[] = [
  simple('hold the bridge', 'hold-bridge', { one: 4 }, ({ node }) => node.foreign.hold(node.address, leaseMs)),
  simple('look at a list', 'look', { one: 5 }, async ({ node }) => {
    const look = await node.foreign.look({ list: 'completed', mark: { count: 0, last: '' }, count: 1 });
    return look.kind === 'entries' && look.entries.length === 1;
  }),
  {
    title: 'take from a list',
    of: 'take',
    one: 18,
    each: 4,
    async arrange({ node, raw, keys }, ops) {
      await raw.rpush(keys.foreign.queue, ...many(ops, () => `{"id":"${fresh('new')}"}`));
      return async () => (await pick(node, ops)).length;
    },
  },
  simple(
    'a page of taken tasks',
    'xrange',
    { one: 1 },
    async ({ node }) => (await node.foreign.taken({ after: '', count: 1 })).length,
  ),
  {
    title: 'end foreign tasks',
    of: 'end-foreign',
    one: 16,
    each: 6,
    async arrange({ node }, ops) {
      const taken = await node.foreign.taken({ after: '', count: ops });
      const ids = taken.length === ops ? taken.map(({ id }) => id) : await pick(node, ops);
      const ends = ids.map((id) => ({ id, completion: '{}', event: event() }));
      return async () => (await node.foreign.end({ node: node.address, ends })).filter((one) => one === 'ended').length;
    },
  },
  simple('put a task out', 'put-foreign', { one: 9 }, async ({ node }) => {
    const put = { node: node.address, taskId: fresh('t'), foreignId: fresh('f'), text: '{}' };
    return (await node.outgoing.put(put)).kind === 'put';
  }),
  {
    title: 'answer tasks that are out',
    of: 'answer-foreign',
    one: 4,
    each: 2,
    async arrange({ node }, ops) {
      const ids = await putOut(node, ops);
      const answers = ids.map((id) => ({ foreignId: `f${id}`, answer: '{}' }));
      return async () => (await node.outgoing.answer({ node: node.address, answers })).length;
    },
  },
  {
    title: 'withdraw tasks that are out',
    of: 'withdraw-foreign',
    one: 10,
    each: 8,
    async arrange({ node }, ops) {
      const ids = await putOut(node, ops);
      return async () => {
        await node.outgoing.withdraw(node.address, ids);
        return ops;
      };
    },
  },
  simple('what is out', 'hgetall', { one: 3 }, async ({ node }) => (await node.outgoing.read()).outs.length > 0),
  simple(
    'keep what cannot be read',
    'add-quarantined',
    { one: 12, each: 11, spread: [7, 'as many are pushed out as come'] },
    async ({ node }, ops) => {
      await node.quarantine.add(many(ops, unreadable));
      return ops;
    },
  ),
  simple(
    'what is in quarantine',
    'read-quarantined',
    { one: 4 },
    async ({ node }) => (await node.quarantine.list({ count: 1, textBytes: 10 })).entries.length,
  ),
  {
    title: 'forget what cannot be read',
    of: 'end-quarantined',
    one: 5,
    each: 4,
    async arrange({ node }, ops) {
      await node.quarantine.add(many(ops, unreadable));
      const { entries } = await node.quarantine.list({ count: ops, textBytes: 10 });
      return async () => (await node.quarantine.drop(entries.map(({ id }) => id))).length;
    },
  },
];
