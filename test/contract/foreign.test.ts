/**
 * Tasks of foreign agents: one bridge, looks that change nothing, picks and ends that are one step each (B1 to B6).
 */
import { expect, test } from 'vitest';
import { endMark, type LookedAt, type Mark, type Pick, startMark, type TaskEnd } from '../../src/broker/foreign.ts';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, type Member, type TestFleet } from './harness.ts';

const most = 1_000;

interface Stand {
  readonly fleet: TestFleet;
  readonly bridge: Member;
  readonly push: (...texts: string[]) => Promise<void>;
  readonly look: (
    mark?: Mark,
    count?: number,
  ) => Promise<{ texts: string[]; entries: readonly LookedAt[]; from: Mark; next: Mark }>;
  /** Takes the entries of a look that have one of these texts; their ids. */
  readonly take: (mark: Mark, ...texts: string[]) => Promise<{ ids: readonly (string | undefined)[]; next: Mark }>;
}

async function stand(open: () => Promise<TestFleet>): Promise<Stand> {
  const fleet = await open();
  await fleet.lose(); // the lists are shared by all fleets of a server
  const bridge = await fleet.join();
  expect(await bridge.foreign.hold(bridge.address, 600_000)).toBe(true);
  const look: Stand['look'] = async (mark = startMark, count = 100) => {
    const found = await bridge.foreign.look({ list: 'queue', mark, count });
    if (found.kind !== 'entries') throw new Error(`expected entries, got: ${found.type}`);
    return { ...found, texts: found.entries.map(({ text }) => text) };
  };
  return {
    fleet,
    bridge,
    look,
    async push(...texts) {
      for (const text of texts) await fleet.outsider.push('queue', text);
    },
    async take(mark, ...texts) {
      const { entries, from } = await look(mark);
      const picks = entries.filter(({ text }) => texts.includes(text)).map(({ number, proof }) => ({ number, proof }));
      return bridge.foreign.take({ node: bridge.address, from, looked: entries.length, picks, most });
    },
  };
}

const event = { opId: 'op', topic: 'Task completed: a', from: 'audit', data: '{"taskId":"a"}', sentAt: 1_000 };
const ends = (id: string | undefined, more: Partial<TaskEnd> = {}): TaskEnd => ({
  id: String(id),
  completion: '{"taskId":"a"}',
  event,
  ...more,
});

describeBrokers('foreign tasks', (open) => {
  test('B1: one present node is the bridge, until its lease ends or it gives it back', async () => {
    const { fleet, bridge, push } = await stand(open);
    const other = await fleet.join();
    expect(await other.foreign.hold(other.address, 600_000)).toBe(false);
    expect(await bridge.foreign.hold(bridge.address, 600_000)).toBe(true);
    await push('a');
    const pick = { node: other.address, from: startMark, looked: 1, picks: [], most };
    await expect(other.foreign.take(pick)).rejects.toMatchObject({ code: 'bridge-lost' });
    await expect(other.foreign.end({ node: other.address, ends: [] })).rejects.toMatchObject({ code: 'bridge-lost' });
    expect(await bridge.foreign.hold(bridge.address, 0)).toBe(false);
    await expect(bridge.foreign.take({ ...pick, node: bridge.address })).rejects.toMatchObject({ code: 'bridge-lost' });
    expect(await other.foreign.hold(other.address, 50)).toBe(true);
    await fleet.pass(100);
    expect(await bridge.foreign.hold(bridge.address, 600_000)).toBe(true);
    const absent = await fleet.connect();
    await bridge.foreign.hold(bridge.address, 0);
    expect(await absent.foreign.hold(absent.address, 600_000)).toBe(false);
  });

  test('B2: a look reads oldest first behind its mark, in pages, and changes nothing', async () => {
    const { fleet, push, look } = await stand(open);
    await push('a', 'b', 'c');
    const first = await look(startMark, 2);
    expect(first).toMatchObject({ texts: ['a', 'b'], next: { count: 2 }, more: true });
    const second = await look(first.next, 2);
    expect(second).toMatchObject({ texts: ['c'], next: { count: 3 }, more: false });
    await push('d');
    expect((await look(second.next)).texts).toEqual(['d']);
    expect(await fleet.outsider.read('queue')).toEqual(['a', 'b', 'c', 'd']);
  });

  test('B2: what others take from the old end moves the mark, and a mark that is gone begins anew', async () => {
    const { fleet, push, look } = await stand(open);
    await push('a', 'b', 'c');
    const { next } = await look();
    await fleet.outsider.pop('queue');
    await push('d');
    expect(await look(next)).toMatchObject({ texts: ['d'], from: { count: 2 } });
    for (let n = 0; n < 2; n++) await fleet.outsider.pop('queue');
    await push('e');
    expect(await look(next)).toMatchObject({ texts: ['d', 'e'], from: { count: 0 } });
  });

  test('B2: the end is a mark, too', async () => {
    const { push, look } = await stand(open);
    expect(await look(endMark)).toMatchObject({ texts: [], next: startMark });
    await push('a', 'b');
    const { next, texts } = await look(endMark);
    await push('c');
    expect([texts, (await look(next)).texts]).toEqual([[], ['c']]);
  });

  test('an entry that is too long is read in part and says its size', async () => {
    const { push, look } = await stand(open);
    const long = `{"taskId":"${'x'.repeat(limits.foreignText)}"}`;
    await push(long, 'b');
    const { entries } = await look();
    expect(entries[0]).toMatchObject({ bytes: long.length, isWhole: false, text: long.slice(0, 4_096) });
    expect(entries[1]).toMatchObject({ text: 'b', bytes: 1, isWhole: true, isUtf8: true });
  });

  test('B3, B4: picks leave the list and are kept in order; the others stay as they were', async () => {
    const { fleet, bridge, push, look, take } = await stand(open);
    await push('x', 'a', 'y', 'b', 'z');
    const { ids, next } = await take(startMark, 'a', 'b');
    expect(await fleet.outsider.read('queue')).toEqual(['x', 'y', 'z']);
    const taken = await bridge.foreign.taken({ after: '', count: 10 });
    expect(taken).toEqual([
      { id: ids[0], text: 'a' },
      { id: ids[1], text: 'b' },
    ]);
    expect(await bridge.foreign.taken({ after: String(ids[0]), count: 1 })).toEqual([{ id: ids[1], text: 'b' }]);
    await push('c');
    expect(await look(next)).toMatchObject({ texts: ['c'], from: { count: 3 } });
  });

  test('B4: a pick finds its entry behind what others took, and leaves alone what is another one', async () => {
    const { fleet, bridge, push, look } = await stand(open);
    await push('x', 'y', 'a', 'b');
    const { next: mark } = await look(startMark, 2);
    const { entries, from } = await look(mark);
    const picks: Pick[] = entries.map(({ number, proof }) => ({ number, proof }));
    await fleet.outsider.pop('queue');
    const wrong = { ...(picks[1] as Pick), proof: (picks[0] as Pick).proof };
    const request = { node: bridge.address, from, looked: 2, most };
    expect((await bridge.foreign.take({ ...request, picks: [wrong] })).ids).toEqual([undefined]);
    expect((await bridge.foreign.take({ ...request, picks })).ids).toEqual([expect.any(String), expect.any(String)]);
    expect(await fleet.outsider.read('queue')).toEqual(['y']);
    expect((await bridge.foreign.take({ ...request, picks })).ids).toEqual([undefined, undefined]);
  });

  test('B4: of entries that are alike as many are taken as were picked', async () => {
    const { fleet, bridge, push, take } = await stand(open);
    await push('a', 'x', 'a', 'x', 'a');
    await take(startMark, 'a');
    expect(await fleet.outsider.read('queue')).toEqual(['x', 'x']);
    expect(await bridge.foreign.taken({ after: '', count: 10 })).toHaveLength(3);
  });

  test('B4: no more than most are taken at a time, and the mark stands before the first that was not', async () => {
    const { fleet, bridge, push, look } = await stand(open);
    await push('a', 'x', 'b', 'c');
    const { entries, from } = await look();
    const picks = entries.filter(({ text }) => text !== 'x').map(({ number, proof }) => ({ number, proof }));
    const { ids, next } = await bridge.foreign.take({ node: bridge.address, from, looked: 4, picks, most: 1 });
    expect(ids).toEqual([expect.any(String), undefined, undefined]);
    expect(await fleet.outsider.read('queue')).toEqual(['x', 'b', 'c']);
    expect((await look(next)).texts).toEqual(['b', 'c']);
  });

  test('Z2: a pick with a reason goes into quarantine in the same step', async () => {
    const { fleet, bridge, push, look } = await stand(open);
    await push('{', 'x');
    const { entries, from } = await look();
    const [{ number, proof }] = entries as [LookedAt];
    const picks = [{ number, proof, reason: 'it is no JSON' }];
    const { ids } = await bridge.foreign.take({ node: bridge.address, from, looked: 2, picks, most });
    expect(ids).toEqual(['quarantined']);
    expect(await fleet.outsider.read('queue')).toEqual(['x']);
    const { entries: kept } = await bridge.quarantine.list({ count: 10, textBytes: 100 });
    const origin = fleet.kind === 'cluster' ? expect.stringContaining('{classic}:queue') : 'task:queue';
    expect(kept).toMatchObject([{ origin, reason: 'it is no JSON', left: 'list', text: '{', bytes: 1 }]);
  });

  test('B5: an end stores the completion, appends the event and forgets the task, once', async () => {
    const { fleet, bridge, push, take } = await stand(open);
    await push('a', 'b');
    const { ids } = await take(startMark, 'a', 'b');
    const end = () => bridge.foreign.end({ node: bridge.address, ends: [ends(ids[0])] });
    expect(await end()).toEqual(['ended']);
    expect(await end()).toEqual(['unknown']);
    expect(await fleet.outsider.read('completed')).toEqual(['{"taskId":"a"}']);
    const { completion: _, ...failed } = ends(ids[1], { event: { ...event, topic: 'Task failed: b' } });
    expect(await bridge.foreign.end({ node: bridge.address, ends: [failed] })).toEqual(['ended']);
    expect(await fleet.outsider.read('completed')).toHaveLength(1);
    const { events } = await bridge.events.read({ after: '0', count: 10 });
    expect(events.map(({ topic, from, data }) => ({ topic, from, data }))).toEqual([
      { topic: 'Task completed: a', from: 'audit', data: event.data },
      { topic: 'Task failed: b', from: 'audit', data: event.data },
    ]);
    expect(events[1]?.prev).toBe(events[0]?.id);
    expect(await bridge.foreign.taken({ after: '', count: 10 })).toEqual([]);
  });

  test('B6: while a key has another type nothing is lost, and nothing is stored twice', async () => {
    const { fleet, bridge, push, take } = await stand(open);
    await push('a');
    const { ids } = await take(startMark, 'a');
    const end = async () => (await bridge.foreign.end({ node: bridge.address, ends: [ends(ids[0])] }))[0];
    await fleet.outsider.spoil('completed', true);
    expect(await end()).toBe('held');
    await fleet.outsider.spoil('completed', false);
    await fleet.outsider.spoil('events', true);
    expect([await end(), await end()]).toEqual(['held', 'held']);
    expect(await fleet.outsider.read('completed')).toHaveLength(1);
    await fleet.outsider.spoil('events', false);
    expect([await end(), await end()]).toEqual(['ended', 'unknown']);
    expect(await fleet.outsider.read('completed')).toHaveLength(1);
    expect((await bridge.events.read({ after: '0', count: 10 })).events).toHaveLength(1);
  });

  test('B4: where others have taken what was looked at, the mark of a take is the start', async () => {
    const { fleet, bridge, push, look } = await stand(open);
    await push('a', 'b');
    const { entries, from } = await look();
    const picks = entries.map(({ number, proof }) => ({ number, proof }));
    const take = () => bridge.foreign.take({ node: bridge.address, from, looked: 2, picks, most });
    await fleet.outsider.pop('queue');
    expect(await take()).toEqual({ ids: [undefined, undefined], next: startMark });
    await fleet.outsider.pop('queue');
    expect(await take()).toEqual({ ids: [undefined, undefined], next: startMark });
  });

  test('B5: what ends trims the events, as any that is appended does', async () => {
    const { fleet, bridge, push, take } = await stand(() => open({ events: 2 }));
    await push('a', 'b', 'c');
    const { ids } = await take(startMark, 'a', 'b', 'c');
    await bridge.foreign.end({ node: bridge.address, ends: ids.map((id) => ends(id)) });
    const { events, gap } = await bridge.events.read({ after: '0', count: 10 });
    expect([events.length, gap]).toEqual([2, true]);
    expect(await fleet.outsider.read('completed')).toHaveLength(3);
  });

  test('B6: nothing is taken from a queue of another type', async () => {
    const { fleet, bridge, push, look } = await stand(open);
    await push('a');
    const { entries, from } = await look();
    const picks = entries.map(({ number, proof }) => ({ number, proof }));
    await fleet.outsider.spoil('queue', true);
    const reply = await bridge.foreign.take({ node: bridge.address, from, looked: 1, picks, most });
    expect(reply).toEqual({ ids: [undefined], next: startMark });
    await fleet.outsider.spoil('queue', false);
    expect(await fleet.outsider.read('queue')).toEqual(['a']);
  });

  test('B6: a queue of another type is told by its look', async () => {
    const { fleet, bridge } = await stand(open);
    await fleet.outsider.spoil('queue', true);
    const found = await bridge.foreign.look({ list: 'queue', mark: startMark, count: 10 });
    expect(found).toEqual({ kind: 'wrong-type', type: 'string' });
  });
});
