/**
 * The quarantine: what cannot be read is kept with reason and origin, bounded, given back or forgotten (Z1 to Z4).
 */
import { expect, test } from 'vitest';
import type { Quarantining } from '../../src/broker/quarantine.ts';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, type Member, type TestFleet } from './harness.ts';

async function stand(open: () => Promise<TestFleet>): Promise<{ fleet: TestFleet; member: Member }> {
  const fleet = await open();
  await fleet.lose();
  return { fleet, member: await fleet.join() };
}

const bad = (text: string, more: Partial<Quarantining> = {}): Quarantining => ({
  origin: 'msg:*',
  reason: 'it is no JSON',
  left: 'channel',
  text,
  ...more,
});
const all = (member: Member) => member.quarantine.list({ count: 2_000, textBytes: 100 });

/** An entry of the queue that was taken into quarantine. */
async function taken(fleet: TestFleet, member: Member, text: string): Promise<string> {
  await member.foreign.hold(member.address, 600_000);
  await fleet.outsider.push('queue', text);
  const look = await member.foreign.look({ list: 'queue', mark: { count: 0, last: '' }, count: 1 });
  if (look.kind !== 'entries') throw new Error(look.type);
  const picks = look.entries.map(({ number, proof }) => ({ number, proof, reason: 'it is no JSON' }));
  await member.foreign.take({ node: member.address, from: look.from, looked: picks.length, picks, most: 1 });
  return String((await all(member)).entries[0]?.id);
}

describeBrokers('the quarantine', (open) => {
  test('what is kept is told newest first, page by page, each text as far as asked', async () => {
    const { member } = await stand(open);
    await member.quarantine.add([bad('first'), bad('second', { origin: 'events:stream', left: 'copy' })]);
    const { entries, total, dropped } = await member.quarantine.list({ count: 1, textBytes: 3 });
    expect({ total, dropped }).toEqual({ total: 2, dropped: 0 });
    expect(entries).toMatchObject([{ origin: 'events:stream', left: 'copy', text: 'sec', bytes: 6 }]);
    const before = String(entries[0]?.id);
    const { entries: older } = await member.quarantine.list({ count: 9, textBytes: 100, before });
    expect(older).toMatchObject([{ origin: 'msg:*', reason: 'it is no JSON', left: 'channel', text: 'first' }]);
  });

  test('no entries are told when none are asked for, and a text is cut by its bytes', async () => {
    const { member } = await stand(open);
    await member.quarantine.add([bad('aé')]);
    expect(await member.quarantine.list({ count: 0, textBytes: 9 })).toEqual({ entries: [], total: 1, dropped: 0 });
    const textOf = async (textBytes: number) =>
      (await member.quarantine.list({ count: 1, textBytes })).entries.map(({ text }) => text);
    expect([await textOf(0), await textOf(2), await textOf(3)]).toEqual([[''], ['a\ufffd'], ['aé']]);
  });

  test('Z1: the newest stay, and those that were pushed out are counted', async () => {
    const { member } = await stand(open);
    for (let page = 0; page < 11; page++)
      await member.quarantine.add(Array.from({ length: 100 }, (_, n) => bad(`${page * 100 + n}`)));
    const { entries, total, dropped } = await all(member);
    expect({ total, dropped, newest: entries[0]?.text }).toEqual({ total: 1_000, dropped: 100, newest: '1099' });
  });

  test('Z1: they stay within their bytes', async () => {
    const { member } = await stand(open);
    for (let n = 0; n < 5; n++) await member.quarantine.add([bad(String(n).repeat(limits.quarantineText))]);
    const { total, dropped } = await all(member);
    expect({ total, dropped }).toEqual({ total: 4, dropped: 1 });
  }, 60_000);

  test('Z1: of what is longer than one may be only the beginning is kept, and that cannot be released', async () => {
    const { member } = await stand(open);
    await member.quarantine.add([bad('x'.repeat(limits.quarantineText + 1))]);
    const [longest] = (await member.quarantine.list({ count: 1, textBytes: 1_000_000 })).entries;
    expect({ bytes: longest?.bytes, kept: longest?.text.length }).toEqual({
      bytes: limits.quarantineText + 1,
      kept: 65_536,
    });
    expect(await member.quarantine.release([String(longest?.id)])).toEqual([]);
  });

  test('Z1: of what is given in part the whole size is known, and it cannot be released', async () => {
    const { member } = await stand(open);
    await member.quarantine.add([bad('beginning', { bytes: 5_000_000 })]);
    const { entries } = await all(member);
    expect(entries).toMatchObject([{ text: 'beginning', bytes: 5_000_000 }]);
    expect(await member.quarantine.release(entries.map(({ id }) => id))).toEqual([]);
  });

  test('Z3: the same text from the same origin is one entry', async () => {
    const { fleet, member } = await stand(open);
    const other = await fleet.join();
    await Promise.all([member.quarantine.add([bad('x')]), other.quarantine.add([bad('x'), bad('x', { origin: 'y' })])]);
    expect((await all(member)).total).toBe(2);
  });

  test('Z3: a size that is told and one that is not are the same', async () => {
    const { member } = await stand(open);
    await member.quarantine.add([bad('é'), bad('é', { bytes: 2 }), bad('é', { bytes: 3 })]);
    expect((await all(member)).entries.map(({ bytes }) => bytes)).toEqual([3, 2]);
  });

  test('Z4: an entry without any text is given back or forgotten as any other', async () => {
    const { fleet, member } = await stand(open);
    const id = await taken(fleet, member, '');
    await member.quarantine.add([bad('')]);
    const [copy] = (await all(member)).entries;
    expect(await member.quarantine.release([id])).toEqual([id]);
    expect(await member.quarantine.drop([String(copy?.id)])).toEqual([copy?.id]);
    expect(await fleet.outsider.read('queue')).toEqual(['']);
    expect((await all(member)).total).toBe(0);
  });

  test('Z4: a release gives an entry of a list back to it, once', async () => {
    const { fleet, member } = await stand(open);
    const id = await taken(fleet, member, '{');
    await fleet.outsider.push('queue', 'x');
    await fleet.outsider.spoil('queue', true);
    expect(await member.quarantine.release([id])).toEqual([]);
    await fleet.outsider.spoil('queue', false);
    expect([await member.quarantine.release([id]), await member.quarantine.release([id])]).toEqual([[id], []]);
    expect(await fleet.outsider.read('queue')).toEqual(['x', '{']);
    expect((await all(member)).total).toBe(0);
  });

  test('Z4: what was published can be released, what was only copied cannot; both can be dropped', async () => {
    const { member } = await stand(open);
    await member.quarantine.add([bad('published'), bad('copied', { left: 'copy' }), bad('third')]);
    const ids = (await all(member)).entries.map(({ id }) => id).reverse();
    expect(await member.quarantine.release(ids.slice(0, 2))).toEqual([ids[0]]);
    expect(await member.quarantine.drop([...ids, '1-1'])).toEqual([ids[1], ids[2]]);
    expect(await all(member)).toEqual({ entries: [], total: 0, dropped: 0 });
  });
});
