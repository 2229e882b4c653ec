/**
 * The roster: records that outlive every node, written under the version that their writer expects (O8 to O10).
 */
import { expect, test } from 'vitest';
import { hasLost, isAfter } from '../../src/broker/roster.ts';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, type Member } from './harness.ts';
import { numbered } from './work.ts';

const read = async (member: Member) => (await member.control.roster('never')) ?? { version: '', entries: [] };
const names = async (member: Member) => (await read(member)).entries.map(({ name }) => name).toSorted();

describeBrokers('roster', (open) => {
  test('O8: what is written is read by everyone, until it is struck off', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const text = JSON.stringify({ role: 'x', odd: '\u001f' });
    const reply = await a.control.enrol({ name: 'agent:x.1', text });
    if (reply.kind !== 'enrolled') return expect.fail('there is room');
    const { version, entries } = await read(b);
    expect(entries).toEqual([{ name: 'agent:x.1', text, version: reply.version }]);
    expect(version).toBe(reply.version);
    expect(await b.control.dismiss('agent:x.1')).toBe(true);
    expect(await a.control.dismiss('agent:x.1')).toBe(false);
    expect(await names(a)).toEqual([]);
  });

  test('O8: of two who write a record under the same version, one is told that it has changed', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    const claims = [a, b].map((member, index) =>
      member.control.enrol({ name: 'one', text: String(index), expected: '' }),
    );
    const first = await Promise.all(claims);
    expect(first.map(({ kind }) => kind).toSorted()).toEqual(['changed', 'enrolled']);
    const { version } = await read(a);
    const moves = [a, b].map((member) => member.control.enrol({ name: 'one', text: 'moved', expected: version }));
    expect((await Promise.all(moves)).map(({ kind }) => kind).toSorted()).toEqual(['changed', 'enrolled']);
    expect(await a.control.dismiss('one', version)).toBe(false);
    expect(await a.control.dismiss('one', (await read(b)).version)).toBe(true);
    expect(await a.control.enrol({ name: 'one', text: 'x', expected: version })).toEqual({ kind: 'changed' });
    expect(await a.control.enrol({ name: 'one', text: 'x' })).toMatchObject({ kind: 'enrolled' });
  });

  test('O8: it holds so many records and no more, and those that are there can still be written', async () => {
    const fleet = await open();
    const { control } = await fleet.connect();
    const all = numbered(limits.rosterEntries, 'agent:');
    for (let from = 0; from < all.length; from += 500)
      await Promise.all(all.slice(from, from + 500).map((name) => control.enrol({ name, text: '{}' })));
    expect(await control.enrol({ name: 'more', text: '{}' })).toEqual({ kind: 'full', entries: limits.rosterEntries });
    expect(await control.enrol({ name: all[0] ?? '', text: '{"n":2}' })).toMatchObject({ kind: 'enrolled' });
    await control.dismiss(all[1] ?? '');
    expect(await control.enrol({ name: 'more', text: '{}' })).toMatchObject({ kind: 'enrolled' });
  });

  test('O8: a node whose presence has ended writes nothing', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join('n1'), await fleet.connect()];
    expect(await node.control.enrol({ name: 'a', text: '{}', by: 'n1' })).toMatchObject({ kind: 'enrolled' });
    await node.presence.leave('n1');
    const lost = { name: 'OwnershipError', code: 'presence-lost' };
    await expect(node.control.enrol({ name: 'b', text: '{}', by: 'n1' })).rejects.toMatchObject(lost);
    expect(await names(other)).toEqual(['a']);
  });

  test('O9: everyone is told which record was written or struck off, and nobody of what changed nothing', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const heard: string[] = [];
    await b.notices.listen('b', {
      onNotice: (notice) => void (notice.kind === 'roster' && heard.push(notice.name)),
      onReset: () => {},
    });
    await a.control.enrol({ name: 'one', text: '{}', expected: '' });
    await a.control.enrol({ name: 'one', text: '{}', expected: '' });
    await a.control.dismiss('none');
    await a.control.dismiss('one');
    await a.control.enrol({ name: 'two', text: '{}' });
    await fleet.eventually(() => heard.includes('two'), 'the last notice');
    expect(heard).toEqual(['one', 'one', 'two']);
  });

  test('O10: a version that is known is not read again; every change makes another one', async () => {
    const fleet = await open();
    const { control } = await fleet.connect();
    expect(await control.roster('')).toBeUndefined();
    const seen: string[] = [];
    for (const act of [
      () => control.enrol({ name: 'a', text: '1' }),
      () => control.enrol({ name: 'a', text: '2' }),
      () => control.dismiss('a'),
    ]) {
      await act();
      const roster = await control.roster(seen.at(-1) ?? '');
      if (roster === undefined) return expect.fail('it has changed');
      seen.push(roster.version);
      expect(await control.roster(roster.version)).toBeUndefined();
    }
    expect(new Set(seen).size).toBe(3);
    expect(seen.slice(1).every((version, index) => isAfter(version, seen[index] ?? ''))).toBe(true);
    expect(seen.slice(1).some((version, index) => hasLost(seen[index] ?? '', version))).toBe(false);
  });

  test('O10: after a loss of data the version tells so, also when as much was written again', async () => {
    const fleet = await open();
    const before = await fleet.connect();
    await before.control.enrol({ name: 'a', text: '1' });
    const { version } = await read(before);
    await fleet.pass(5);
    await fleet.lose();
    const after = await fleet.connect();
    expect(hasLost(version, (await read(after)).version)).toBe(true);
    await after.control.enrol({ name: 'b', text: '1' });
    const now = (await read(after)).version;
    expect([hasLost(version, now), hasLost(now, now), hasLost('', now)]).toEqual([true, false, false]);
  });
});
