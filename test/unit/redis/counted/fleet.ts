/**
 * The calls about nodes, agents, the roster and schedules that are counted, in a fleet that has many of each.
 */
import { nodeInfo } from '../../../contract/harness.ts';
import { type Counted, simple } from './count.ts';
import { agent, type Crowd, fresh, leaseMs, many, ownAgent } from './crowd.ts';

const presence: readonly Counted[] = [
  simple(
    'join',
    'join',
    { one: 19 },
    async ({ node }) => (await node.presence.join(nodeInfo(fresh('x')), leaseMs)).beats > 0,
  ),
  simple(
    'renew presence',
    'renew-presence',
    { one: 11 },
    async ({ node }) => (await node.presence.renew(node.address, leaseMs, '{}')).kind === 'renewed',
  ),
  {
    title: 'leave',
    of: 'leave, retire',
    one: 38,
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
    one: 5,
    arrange: ({ node }) => Promise.resolve(async () => ((await node.presence.nodes()).length > 0 ? 1 : 0)),
  },
  simple('nodes that end', 'nodes', { one: 5 }, async ({ node }) => {
    const ending = await node.presence.nodes({ ending: true });
    return ending.filter(({ alive }) => alive).length > 0;
  }),
  simple('activate', 'activate', { one: 8, each: 4 }, async ({ node, epochs }, ops) => {
    const ids = many(ops, () => fresh('b'));
    const replies = await node.presence.activate(node.address, ids);
    for (const [at, id] of ids.entries()) epochs.set(id, replies[at]?.epoch ?? 0);
    return replies.filter(({ kind }) => kind === 'granted').length;
  }),
  {
    title: 'deactivate',
    of: 'deactivate',
    one: 5,
    each: 3,
    async arrange({ node }, ops) {
      const ids = many(ops, () => fresh('b'));
      const replies = await node.presence.activate(node.address, ids);
      const holdings = ids.map((agentId, at) => ({ agentId, epoch: replies[at]?.epoch ?? 0 }));
      return async () => (await node.presence.deactivate(node.address, holdings)).filter(Boolean).length;
    },
  },
  simple(
    'who owns agents',
    'hmget',
    { one: 2, each: 0 },
    async (crowd, ops) =>
      (await crowd.node.presence.lookup(many(ops, (at) => ownAgent(crowd, at)))).filter((one) => one !== undefined)
        .length,
  ),
  simple('record what became of agents', 'record-agents', { one: 7, each: 1 }, async ({ node }, ops) => {
    const record = { kind: 'agent.down', agent, role: 'writer', epoch: 1, reason: 'stopped' } as const;
    await node.logs.record(
      node.address,
      many(ops, () => record),
    );
    return ops;
  }),
  simple(
    'a page of records',
    'xrange',
    { one: 3 },
    async ({ node }) => (await node.logs.readRecords({ after: '0', count: 1 })).records.length,
  ),
  simple('add to a log', 'lpush', { one: 3, each: 0 }, async ({ node }, ops) => {
    await node.logs.append(many(ops, () => ({ agent, level: 'info' as const, message: 'one', at: 1_000 })));
    return ops;
  }),
  simple('lines of a log', 'lrange', { one: 1 }, async ({ node }) => (await node.logs.read(agent, 1)).length),
];

const roster: readonly Counted[] = [
  simple(
    'enrol',
    'enrol',
    { one: 10 },
    async ({ node }) =>
      (await node.control.enrol({ name: fresh('r'), text: '{}', by: node.address })).kind === 'enrolled',
  ),
  {
    title: 'dismiss',
    of: 'dismiss',
    one: 5,
    async arrange({ node }) {
      const name = fresh('r');
      await node.control.enrol({ name, text: '{}' });
      return async () => Number(await node.control.dismiss(name));
    },
  },
  simple(
    'the roster',
    'read-roster',
    { one: 3 },
    async ({ node }) => ((await node.control.roster(''))?.entries.length ?? 0) > 0,
  ),
];

const plan = { plan: 'plan', body: '{}', next: 4_000_000_000_000, most: 1_000_000 };

/** A schedule of its own, and what is done with it. */
const scheduling = (
  title: string,
  of: string,
  one: number,
  call: (crowd: Crowd, name: string) => Promise<boolean>,
): Counted => ({
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
  scheduling(
    'set a schedule',
    'set-schedule',
    7,
    async ({ node }, name) => (await node.schedules.set({ ...plan, plan: 'another', name })) === 'changed',
  ),
  scheduling(
    'pause a schedule',
    'switch-schedule',
    5,
    async ({ node }, name) => (await node.schedules.switch(name, {})) === true,
  ),
  scheduling('remove a schedule', 'remove-schedule', 6, ({ node }, name) => node.schedules.remove(name)),
  scheduling('begin a run', 'begin-run', 6, async ({ node }, name) => {
    const run = { node: node.address, name, seen: plan.next, run: plan.next };
    return (await node.schedules.begin(run)).kind === 'begun';
  }),
  scheduling('advance a schedule', 'advance-schedule', 8, ({ node }, name) =>
    node.schedules.advance({ node: node.address, name, seen: plan.next, next: plan.next + 1, missed: 0, skipped: 0 }),
  ),
  scheduling(
    'read a schedule',
    'read-schedules',
    7,
    async ({ node }, name) => (await node.schedules.read({ name })).length === 1,
  ),
  simple(
    'schedules that are due',
    'read-schedules',
    { one: 8 },
    async ({ node }) => (await node.schedules.due(1)).due.length,
  ),
  simple(
    'a page of schedules',
    'read-schedules',
    { one: 8 },
    async ({ node }) => (await node.schedules.read({ after: '', count: 1 })).length,
  ),
];

export const countedFleet = [...presence, ...roster, ...schedules];
