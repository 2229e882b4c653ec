/**
 * Notices: the live post, its order, and the reset that says that some of it may be missing.
 */
import { expect, test } from 'vitest';
import { everyone, type Notice } from '../../src/broker/notices.ts';
import { describeBrokers, type Member, type TestFleet } from './harness.ts';
import { numbered } from './work.ts';

const gone = (node: string): Notice => ({ kind: 'gone', node });
const say = (from: Member, address: string, ...names: string[]): Promise<void> =>
  from.notices.post(names.map((name) => ({ address, notice: gone(name) })));

/** What a process hears at an address: names of notices, and `reset`. */
async function ear(member: Member, address = member.address) {
  const heard: string[] = [];
  const subscription = await member.notices.listen(address, {
    onNotice: (notice) => void heard.push(notice.kind === 'gone' ? notice.node : notice.kind),
    onReset: () => void heard.push('reset'),
  });
  return { heard, subscription };
}

const hears = (fleet: TestFleet, heard: readonly string[], name: string) =>
  fleet.eventually(() => heard.includes(name), `${name} to be heard`);

describeBrokers('notices', (open) => {
  test('N1: a notice reaches whoever listens at its address, once, and nobody else', async () => {
    const fleet = await open();
    const [a, b, c] = [await fleet.connect('a'), await fleet.connect('b'), await fleet.connect('c')];
    const [atA, atB] = [await ear(a), await ear(b)];
    await say(c, 'a', 'for a');
    await say(c, 'b', 'for b');
    await say(c, everyone, 'end');
    for (const { heard } of [atA, atB]) await hears(fleet, heard, 'end');
    expect(atA.heard).toEqual(['for a', 'end']);
    expect(atB.heard).toEqual(['for b', 'end']);
  });

  test('N1: notices of one sender arrive in order, those to everyone among the others', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const { heard } = await ear(a);
    const names = numbered(300);
    await Promise.all(names.map((name, index) => say(b, index % 3 === 0 ? everyone : 'a', name)));
    await hears(fleet, heard, 't299');
    expect(heard).toEqual(names);
  });

  test('N1: a notice arrives as it was sent, whatever is in it', async () => {
    const fleet = await open();
    const a = await fleet.connect('a');
    const got: Notice[] = [];
    await a.notices.listen('a', { onNotice: (notice) => void got.push(notice), onReset: () => {} });
    const sent: Notice[] = [
      { kind: 'reply', askId: 'x', ok: true, body: '{"text":"Grüße \\n 日本語 🤖"}' },
      { kind: 'ask', envelope: 'x'.repeat(100_000) },
      { kind: 'part', askId: 'x', number: 1, state: 'more', body: '"日本語 \\u001f"' },
      { kind: 'part', askId: 'x', number: 2, state: 'error', body: '{"message":"x"}' },
      { kind: 'credit', askId: 'x', received: 2, taken: 1, again: true },
      { kind: 'credit', askId: 'x', received: 0, taken: 0, again: false },
      { kind: 'left', askId: 'x' },
      { kind: 'parts', taskId: 'audit.n.1-1' },
      { kind: 'down', agentId: 'docs', node: 'n1', epoch: 1_700_000_000_000_001, reason: 'it "failed"\n\u001e' },
      { kind: 'fleet' },
      { kind: 'granted', lock: 'repo:*', holder: 'h', token: 1_700_000_000_000_001 },
    ];
    await a.notices.post(sent.map((notice) => ({ address: 'a', notice })));
    await fleet.eventually(() => got.length === sent.length, 'every notice to be heard');
    expect(got).toEqual(sent);
  });

  test('a process may listen at several addresses, and several listeners at one', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const ears = [await ear(a, 'x'), await ear(a, 'x'), await ear(a, 'y')];
    await say(b, 'x', 'for x');
    await say(b, 'y', 'for y');
    await say(b, everyone, 'end');
    for (const { heard } of ears) await hears(fleet, heard, 'end');
    expect(ears.map(({ heard }) => heard)).toEqual([
      ['for x', 'end'],
      ['for x', 'end'],
      ['for y', 'end'],
    ]);
  });

  test('a closed subscription hears nothing more, its neighbours do', async () => {
    const fleet = await open();
    const a = await fleet.connect('a');
    const [closed, stays] = [await ear(a), await ear(a)];
    await closed.subscription.close();
    await say(a, 'a', 'late');
    await hears(fleet, stays.heard, 'late');
    expect(closed.heard).toEqual([]);
    const again = await ear(a);
    await say(a, 'a', 'later');
    await hears(fleet, again.heard, 'later');
    expect(closed.heard).toEqual([]);
  });

  test('when a subscription is closed while notices are on their way, none comes after close has resolved', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const stays = await ear(a);
    for (let round = 0; round < 12; round++) {
      const closing = await ear(a);
      const posted = Promise.all([say(b, 'a', 'x', 'y'), say(a, 'a', 'z', `end ${round}`)]);
      for (let step = 0; step < round; step++) await Promise.resolve();
      await closing.subscription.close();
      const heard = [...closing.heard];
      await posted;
      await hears(fleet, stays.heard, `end ${round}`);
      expect(closing.heard).toEqual(heard);
    }
  });

  test('what is posted to nobody is no error', async () => {
    const fleet = await open();
    const a = await fleet.connect('a');
    await say(a, 'nobody', 'lost');
    await a.notices.post([]);
  });

  test('N2: after a cut, onReset is called before any later notice, for every listener', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const ears = [await ear(a), await ear(a, 'x')];
    await say(b, everyone, 'before');
    for (const { heard } of ears) await hears(fleet, heard, 'before');
    await fleet.cut(a);
    await say(b, everyone, 'meanwhile');
    await fleet.restore(a);
    for (const { heard } of ears) await hears(fleet, heard, 'reset');
    await say(b, everyone, 'after');
    for (const { heard } of ears) {
      await hears(fleet, heard, 'after');
      expect(heard.filter((name) => name === 'after')).toEqual(['after']);
      expect(heard.filter((name) => name !== 'meanwhile')).toEqual(['before', 'reset', 'after']);
      if (heard.includes('meanwhile')) expect(heard.indexOf('reset')).toBeLessThan(heard.indexOf('meanwhile'));
    }
  });

  test('N2: a process whose link was cut works on after it is restored', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect('a'), await fleet.connect('b')];
    const [atA, atB] = [await ear(a), await ear(b)];
    for (const round of numbered(3)) {
      await fleet.cut(a);
      await fleet.restore(a);
      await fleet.eventually(() => say(a, 'b', round).then(() => true), 'the link to carry calls again');
      await hears(fleet, atB.heard, round);
      await fleet.eventually(async () => {
        await say(b, 'a', round);
        return atA.heard.includes(round);
      }, 'the link to carry notices again');
    }
    expect(atB.heard.includes('reset')).toBe(false);
  });
});
