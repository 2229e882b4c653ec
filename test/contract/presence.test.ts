/**
 * Presence: which nodes are alive, and that the fleet's counter of beats never goes back.
 */
import { expect, test } from 'vitest';
import { describeBrokers, nodeInfo } from './harness.ts';
import { numbered } from './work.ts';

const hourMs = 3_600_000;

describeBrokers('presence', (open) => {
  test('P1: a node is present from its join on, as it describes itself', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    expect(await member.presence.nodes()).toEqual([]);
    const info = { node: 'n1', host: 'h', pid: 42, startedAt: 1_700_000_000_123, status: '{"agents":["docs"]}' };
    await member.presence.join(info, 60_000);
    const [record] = await member.presence.nodes();
    expect(record).toMatchObject({ ...info, alive: true });
    expect(record?.leaseLeftMs).toBeGreaterThan(0);
    expect(record?.leaseLeftMs).toBeLessThanOrEqual(60_000);
  });

  test('whoever asks for the nodes that end gets those that have ended, and the two whose leases end first', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    const ending = async () => (await member.presence.nodes({ ending: true })).map(({ node }) => node);
    expect(await ending()).toEqual([]);
    const info = { ...nodeInfo('a'), status: '{"agents":["docs"]}' };
    await member.presence.join(info, 60);
    for (const [at, node] of ['d', 'e', 'b', 'c'].entries())
      await member.presence.join({ ...info, node, startedAt: info.startedAt + at }, hourMs - at * 60_000);
    const hasEnded = async () => (await member.presence.nodes()).some(({ node, alive }) => node === 'a' && !alive);
    await fleet.eventually(hasEnded, 'the lease to end');
    expect(await ending()).toEqual(['a', 'b', 'c']);
    const [gone, first] = await member.presence.nodes({ ending: true });
    expect(gone).toEqual({ ...info, status: '{}', alive: false, leaseLeftMs: 0 });
    expect(first).toMatchObject({ node: 'b', status: '{}', alive: true });
    expect(await member.presence.nodes({ ending: false })).toHaveLength(5);
  });

  test('P1: a renewal extends the lease and replaces the status', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    await member.presence.join(nodeInfo('n1'), 60_000);
    expect(await member.presence.renew('n1', hourMs, '{"busy":1}')).toMatchObject({ kind: 'renewed' });
    const [record] = await member.presence.nodes();
    expect(record).toMatchObject({ node: 'n1', host: 'host', status: '{"busy":1}', alive: true });
    expect(record?.leaseLeftMs).toBeGreaterThan(60_000);
  });

  test('P1: a lease that has ended cannot be renewed; the node is listed as ended', async () => {
    const fleet = await open();
    const member = await fleet.join('alive');
    await member.presence.join(nodeInfo('n1'), 60);
    const ended = async () => (await member.presence.nodes()).find(({ node, alive }) => node === 'n1' && !alive);
    expect(await fleet.eventually(ended, 'the lease to end')).toMatchObject({ alive: false, leaseLeftMs: 0 });
    expect(await member.presence.renew('n1', hourMs, '{}')).toEqual({ kind: 'lost' });
    expect(await ended()).toMatchObject({ status: '{}', alive: false });
    expect((await member.presence.nodes()).find(({ node }) => node === 'alive')?.alive).toBe(true);
  });

  test('P1: a node that never joined, or left, cannot renew', async () => {
    const fleet = await open();
    const member = await fleet.join('n1');
    expect(await member.presence.renew('stranger', hourMs, '{}')).toEqual({ kind: 'lost' });
    await member.presence.leave('n1');
    expect(await member.presence.renew('n1', hourMs, '{}')).toEqual({ kind: 'lost' });
    expect(await member.presence.nodes()).toEqual([]);
  });

  test('leave tells everyone that the node is gone', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join('a'), await fleet.join('b')];
    const heard: string[] = [];
    await b.notices.listen('b', {
      onNotice: (notice) => void (notice.kind === 'gone' && heard.push(notice.node)),
      onReset: () => {},
    });
    await a.presence.leave('a');
    await fleet.eventually(() => heard.includes('a'), 'the leave to be heard');
    expect((await b.presence.nodes()).map(({ node }) => node)).toEqual(['b']);
  });

  test('P4: beats grow with every join and renewal of any node', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const seen: number[] = [];
    for (const [index, member] of [a, b, a, b].entries()) {
      const { beats, serverTime } = await member.presence.join(nodeInfo(`n${index}`), 60_000);
      const renewed = await member.presence.renew(`n${index}`, 60_000, '{}');
      if (renewed.kind === 'lost') return expect.fail('the lease holds');
      seen.push(beats, renewed.beats);
      expect(renewed.serverTime).toBeGreaterThanOrEqual(serverTime);
    }
    expect(seen.every((beats, index) => beats > (seen[index - 1] ?? 0))).toBe(true);
  });

  test('P7: a beat tells the version of the roster, whose presence has ended, and when the next one does', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    const { roster, ended, nextEndInMs } = await member.presence.join(nodeInfo('a'), hourMs);
    expect([roster, ended, nextEndInMs]).toEqual(['', [], undefined]);
    const beat = async () => {
      const reply = await member.presence.renew('a', hourMs, '{}');
      return reply.kind === 'lost' ? expect.fail('the lease holds') : reply;
    };
    expect(await beat()).toMatchObject({ roster: '', ended: [] });
    const written = await member.control.enrol({ name: 'agent:x.1', text: '{}' });
    if (written.kind !== 'enrolled') return expect.fail('there is room');
    expect((await beat()).roster).toBe(written.version);
    await member.control.dismiss('agent:x.1');
    const struck = (await beat()).roster;
    expect(struck).not.toBe(written.version);
    expect(await member.control.roster(struck)).toBeUndefined();
    for (const node of ['z', 'b']) await member.presence.join(nodeInfo(node), 60);
    await member.presence.join(nodeInfo('late'), hourMs / 2);
    await member.presence.join(nodeInfo('left'), hourMs / 4);
    const next = (await beat()).nextEndInMs ?? 0;
    await member.presence.leave('left');
    const haveEnded = async () => ((await beat()).ended.length === 2 ? await beat() : undefined);
    const after = await fleet.eventually(haveEnded, 'two leases to end');
    expect(after.ended).toEqual(['b', 'z']);
    expect(after.nextEndInMs).toBeGreaterThan(hourMs / 4);
    expect(after.nextEndInMs).toBeLessThanOrEqual(hourMs / 2);
    expect(next).toBeLessThanOrEqual(60);
    const others = await member.presence.join(nodeInfo('b'), 2 * hourMs);
    expect(others).toMatchObject({ ended: ['z'], roster: struck });
    expect(others.nextEndInMs).toBeLessThanOrEqual(hourMs / 2);
  });

  test('repeating a join while the lease holds keeps the node present', async () => {
    const fleet = await open();
    const member = await fleet.join('n1');
    await member.presence.join(nodeInfo('n1'), hourMs);
    expect(await member.presence.nodes()).toMatchObject([{ node: 'n1', alive: true }]);
  });

  test('many nodes are listed, each once', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    const names = numbered(60, 'node');
    await Promise.all(names.map((node) => member.presence.join(nodeInfo(node), hourMs)));
    const listed = (await member.presence.nodes()).map(({ node }) => node);
    expect(listed.toSorted()).toEqual(names.toSorted());
  });
});
