/**
 * Records of what becomes of nodes and agents: their order and number, who may write them, and that each end is written once.
 */
import { expect, test } from 'vitest';
import type { AgentRecord, LifecycleRecord } from '../../src/broker/logs.ts';
import type { Notice } from '../../src/broker/notices.ts';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, type Member, nodeInfo, type TestFleet } from './harness.ts';
import { numbered } from './work.ts';

const up = (agent: string): AgentRecord => ({ kind: 'agent.up', agent, role: 'docs', epoch: 7 });
const down = (agent: string, reason = 'stopped'): AgentRecord => ({ ...up(agent), kind: 'agent.down', reason });

async function all(member: Member): Promise<readonly LifecycleRecord[]> {
  return (await member.logs.readRecords({ after: '0', count: 1_000 })).records;
}

const said = (records: readonly LifecycleRecord[]): string[] =>
  records.map((record) =>
    [record.kind, record.node, 'agent' in record ? record.agent : record.reason].join(' ').trim(),
  );

/** Notices that a process hears. */
async function ear(member: Member): Promise<Notice[]> {
  const heard: Notice[] = [];
  await member.notices.listen(member.address, { onNotice: (notice) => void heard.push(notice), onReset: () => {} });
  return heard;
}

/** Two nodes of which the second one's lease has ended. */
async function withEnded(fleet: TestFleet): Promise<Member> {
  const member = await fleet.join('a');
  await member.presence.join(nodeInfo('b'), 60);
  const ended = async () => (await member.presence.nodes()).find(({ node, alive }) => node === 'b' && !alive);
  await fleet.eventually(ended, 'the lease of b to end');
  return member;
}

describeBrokers('records', (open) => {
  test('P5: a join and a leave are recorded, a repeated join is not', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    await b.presence.join(nodeInfo('b'), 600_000);
    await b.presence.leave('b');
    await b.presence.leave('b');
    expect(said(await all(a))).toEqual(['node.up a', 'node.up b', 'node.down b left']);
    await b.presence.join(nodeInfo('b'), 600_000);
    expect(said(await all(a)).at(-1)).toBe('node.up b');
  });

  test('P5: of several leases that have ended, the one that ended first is recorded first', async () => {
    const fleet = await open();
    const a = await fleet.join('a');
    await a.presence.join(nodeInfo('late'), 200);
    await a.presence.join(nodeInfo('early'), 60);
    const alive = async () => (await a.presence.nodes()).filter((node) => node.alive).length;
    await a.presence.renew('late', 250, '{}');
    await fleet.eventually(async () => (await alive()) === 1, 'both leases to end');
    await a.presence.renew('a', 600_000, '{}');
    const downs = said(await all(a)).filter((text) => text.startsWith('node.down'));
    expect(downs).toEqual(['node.down early lease ended', 'node.down late lease ended']);
  });

  test('P5: the end of a lease is recorded and told by the next renewal of another node, once', async () => {
    const fleet = await open();
    const a = await withEnded(fleet);
    const others = [await fleet.join('c'), await fleet.join('d')];
    const heard = await ear(a);
    await Promise.all([a, ...others].map((member) => member.presence.renew(member.address, 600_000, '{}')));
    const downs = said(await all(a)).filter((text) => text.startsWith('node.down'));
    expect(downs).toEqual(['node.down b lease ended']);
    await a.notices.post([{ address: 'a', notice: { kind: 'left', askId: 'end' } }]);
    await fleet.eventually(() => heard.some(({ kind }) => kind === 'left'), 'the end');
    expect(heard.filter(({ kind }) => kind === 'gone').length).toBeLessThanOrEqual(1); // the joins may have told before
  });

  test('P5: everyone hears that a node is gone when a join or renewal finds its lease ended', async () => {
    const fleet = await open();
    const a = await withEnded(fleet);
    const heard = await ear(a);
    await a.presence.renew('a', 600_000, '{}');
    await fleet.eventually(() => heard.some((one) => one.kind === 'gone' && one.node === 'b'), 'gone');
    await fleet.eventually(() => heard.some(({ kind }) => kind === 'fleet'), 'fleet');
  });

  test('P5: a join records what has ended before it, the same node included', async () => {
    const fleet = await open();
    const a = await withEnded(fleet);
    await a.presence.join(nodeInfo('b'), 600_000);
    expect(said(await all(a))).toEqual(['node.up a', 'node.up b', 'node.down b lease ended', 'node.up b']);
  });

  test('P5: a node that comes too late to renew or to leave is recorded as one whose lease has ended', async () => {
    const fleet = await open();
    const a = await withEnded(fleet);
    await a.presence.leave('b');
    expect(said(await all(a)).at(-1)).toBe('node.down b lease ended');
    await a.presence.join(nodeInfo('c'), 60);
    await fleet.pass(200);
    expect(await a.presence.renew('c', 60, '{}')).toEqual({ kind: 'lost' });
    expect(said(await all(a)).at(-1)).toBe('node.down c lease ended');
  });

  test('G6: records keep what they tell, in order, with the time of the server', async () => {
    const fleet = await open();
    const a = await fleet.join('a');
    const odd = 'Grüße "quoted" \\ 日本語';
    const again = { ...up('docs'), kind: 'agent.restarted', reason: odd } as const;
    await a.logs.record('a', [up('docs'), again]);
    await a.logs.record('a', [down('docs', odd)]);
    await a.logs.record('a', []);
    const records = await all(a);
    const { serverTime } = await a.presence.join(nodeInfo('a'), 600_000);
    expect(records.slice(1)).toMatchObject([
      { node: 'a', ...up('docs') },
      { node: 'a', ...again },
      { node: 'a', ...down('docs', odd) },
    ]);
    expect(records[1]).not.toHaveProperty('reason');
    for (const { id, at } of records) expect([Number(id.split('-')[0]), at <= serverTime]).toEqual([at, true]);
  });

  test('G6: reading goes on behind any record, and says where the end is', async () => {
    const fleet = await open();
    const a = await fleet.connect('a');
    expect(await a.logs.readRecords({ after: '0', count: 10 })).toEqual({ records: [], gap: false, last: '0' });
    await a.presence.join(nodeInfo('a'), 600_000);
    await a.logs.record('a', numbered(5, 'agent').map(up));
    const first = await a.logs.readRecords({ after: '0', count: 2 });
    expect(said(first.records)).toEqual(['node.up a', 'agent.up a agent0']);
    const rest = await a.logs.readRecords({ after: String(first.records.at(-1)?.id), count: 100 });
    expect(said(rest.records)).toEqual(
      numbered(5, 'agent')
        .slice(1)
        .map((agent) => `agent.up a ${agent}`),
    );
    expect([first.last, rest.last]).toEqual([rest.records.at(-1)?.id, rest.records.at(-1)?.id]);
    expect(await a.logs.readRecords({ after: rest.last, count: 10 })).toMatchObject({ records: [], gap: false });
    const since = String(rest.records[0]?.at);
    expect(said((await a.logs.readRecords({ after: since, count: 100 })).records)).toContain('agent.up a agent4');
    expect(await a.logs.readRecords({ after: '0', count: 0 })).toMatchObject({ records: [], last: rest.last });
  });

  test(`G6: the newest ${limits.lifecycle} are kept, and who reads behind what was dropped is told`, async () => {
    const fleet = await open();
    const a = await fleet.join('a');
    const [first] = await all(a);
    const page = (from: number) => numbered(limits.frameOps, `x${from}.`).map(up);
    for (let from = 0; from < limits.lifecycle; from += limits.frameOps) await a.logs.record('a', page(from));
    const { records, gap } = await a.logs.readRecords({ after: '0', count: 20_000 });
    expect([records.length, gap]).toEqual([limits.lifecycle, true]);
    expect(await a.logs.readRecords({ after: String(first?.id), count: 1 })).toMatchObject({ gap: true });
    expect(await a.logs.readRecords({ after: String(records[0]?.id), count: 1 })).toMatchObject({ gap: false });
  });

  test('G7: a node whose presence has ended records nothing any more', async () => {
    const fleet = await open();
    const a = await withEnded(fleet);
    await expect(a.logs.record('b', [down('docs')])).rejects.toMatchObject({ code: 'presence-lost' });
    await expect(a.logs.record('stranger', [up('docs')])).rejects.toMatchObject({ code: 'presence-lost' });
    expect(said(await all(a)).filter((text) => text.startsWith('agent'))).toEqual([]);
  });

  test('G8: everyone hears which activation is over, and that there is more to read', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.connect('b')];
    const heard = await ear(b);
    await a.logs.record('a', [up('docs'), down('docs', 'a "reason"\u001f'), down('other')]);
    await fleet.eventually(() => heard.some(({ kind }) => kind === 'fleet'), 'fleet');
    const activation = { kind: 'down', node: 'a', epoch: 7 } as const;
    const told = [
      { ...activation, agentId: 'docs', reason: 'a "reason"\u001f' },
      { ...activation, agentId: 'other' },
    ];
    expect(heard.filter(({ kind }) => kind === 'down')).toMatchObject(told);
  });
});
