/**
 * Events: one order for the fleet, in the stream and in the live copy, and a chain that shows what is missing.
 */
import { expect, test } from 'vitest';
import type { AppendOp, EventRecord } from '../../src/broker/events.ts';
import { describeBrokers, frame, type Member } from './harness.ts';
import { numbered } from './work.ts';

let made = 0;

const event = (data: string): AppendOp => ({
  opId: `op${++made}`,
  topic: 'docs.saved',
  from: 'docs',
  data: JSON.stringify(data),
  sentAt: 1_700_000_000_000,
});

async function append(member: Member, data: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < data.length; from += 128) {
    const ops = data.slice(from, from + 128).map(event);
    ids.push(...(await member.events.append(frame('events', ops, { sender: member.address }))));
  }
  return ids;
}

const read = (member: Member, after = '0', count = 10_000) => member.events.read({ after, count });
const dataOf = (events: readonly EventRecord[]): unknown[] => events.map(({ data }) => JSON.parse(data));

/** The live copy as a process sees it: event ids, and `reset`. */
async function ear(member: Member) {
  const heard: EventRecord[] = [];
  const ids: string[] = [];
  const subscription = await member.events.listen({
    onEvent: (record) => void (heard.push(record), ids.push(record.id)),
    onHint: () => void ids.push('hint'),
    onReset: () => void ids.push('reset'),
  });
  return { heard, ids, subscription };
}

/** E2: each names the one before as its predecessor. */
function expectChain(events: readonly EventRecord[], first = '0'): void {
  expect(events.map(({ prev }) => prev)).toEqual([first, ...events.slice(0, -1).map(({ id }) => id)]);
}

describeBrokers('events', (open) => {
  test('E1: an event that is sent again after a loss says so, in the stream and live', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    const { heard } = await ear(member);
    const again = { ...event('1'), again: true } as const;
    const [id = ''] = await member.events.append(frame('events', [again]));
    const record = { id, prev: '0', ...again };
    expect(await read(member)).toEqual({ events: [record], gap: false });
    await fleet.eventually(() => heard.length > 0, 'the live copy to come');
    expect(heard).toEqual([record]);
  });

  test('E1: events are read in the order of their ids, as they were appended', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    const op = event('{"text":"Grüße \n 日本語 🤖"}');
    const [id = ''] = await member.events.append(frame('events', [op]));
    expect(await read(member)).toEqual({ events: [{ id, prev: '0', ...op }], gap: false });
    const ids = await append(member, numbered(300));
    const { events } = await read(member, id);
    expect(events.map((record) => record.id)).toEqual(ids);
    expect(dataOf(events)).toEqual(numbered(300));
  });

  test('E1: events of many processes have one order, and each sender keeps its own', async () => {
    const fleet = await open();
    const members = await Promise.all([fleet.connect(), fleet.connect(), fleet.connect()]);
    await Promise.all(
      members.map(async (member) => {
        for (const name of numbered(30, member.address)) await append(member, [name]);
      }),
    );
    const [one, other] = await Promise.all([read(members[0]), read(members[1])]);
    expect(one).toEqual(other);
    expectChain(one.events);
    for (const { address } of members) {
      const own = dataOf(one.events).filter((name) => String(name).startsWith(address));
      expect(own).toEqual(numbered(30, address));
    }
  });

  test('E2: each event names its predecessor, the first of all none', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    await append(member, numbered(3));
    await append(member, numbered(3));
    expectChain((await read(member)).events);
  });

  test('reading goes on behind an event, page by page', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    const ids = await append(member, numbered(25));
    const pages: number[] = [];
    const found: string[] = [];
    for (let after = '0', more = true; more; ) {
      const { events, gap } = await read(member, after, 10);
      expect(gap).toBe(false);
      found.push(...events.map(({ id }) => id));
      pages.push(events.length);
      after = events.at(-1)?.id ?? after;
      more = events.length > 0;
    }
    expect(found).toEqual(ids);
    expect(pages).toEqual([10, 10, 5, 0]);
  });

  test('reading behind a time gives the events from that millisecond on', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    await append(member, ['early']);
    await fleet.pass(5);
    const [id = ''] = await append(member, ['late']);
    const [ms = ''] = id.split('-');
    expect(dataOf((await read(member, ms)).events)).toEqual(['late']);
    expect((await read(member, String(Number(ms) + 1))).events).toEqual([]);
  });

  test('last is the id of the newest event, 0 when there never was one', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    expect(await member.events.last()).toBe('0');
    expect(await read(member)).toEqual({ events: [], gap: false });
    const ids = await append(member, numbered(3));
    expect(await member.events.last()).toBe(ids[2]);
    expect(await read(member, ids[2])).toEqual({ events: [], gap: false });
  });

  test('E3: the live copy carries every event in stream order while the link holds', async () => {
    const fleet = await open();
    const members = await Promise.all([fleet.connect(), fleet.connect()]);
    const ears = await Promise.all(members.map(ear));
    await Promise.all(members.flatMap((member) => numbered(40).map((name) => append(member, [name]))));
    const { events } = await read(members[0]);
    for (const { heard } of ears) {
      await fleet.eventually(() => heard.length >= 80, 'every event to be heard');
      expect(heard).toEqual(events);
      expectChain(heard);
    }
  });

  test('E3: who listens from now on can tell from prev that there were events before', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    const before = await append(member, numbered(3));
    const { heard } = await ear(member);
    await append(member, ['next']);
    // In a cluster what was published before may still be on its way to the node where it is listened to.
    const late = fleet.kind === 'cluster' ? before : [];
    const news = () => heard.filter(({ id }) => !late.includes(id));
    await fleet.eventually(() => news().length > 0, 'the event to be heard');
    expectChain(news(), before[2]);
  });

  test('E3: what the live copy lost in a cut shows in prev and is read from the stream; reset comes first', async () => {
    const fleet = await open();
    const [member, other] = [await fleet.connect(), await fleet.connect()];
    const { heard, ids } = await ear(member);
    const [first = ''] = await append(other, ['before']);
    await fleet.eventually(() => heard.length > 0, 'the event to be heard');
    await fleet.cut(member);
    const lost = await append(other, numbered(5));
    await fleet.restore(member);
    await fleet.eventually(() => ids.includes('reset'), 'the reset');
    const [last = ''] = await append(other, ['after']);
    await fleet.eventually(() => ids.includes(last), 'the event after the cut');
    expect(heard.at(-1)?.prev).toBe(lost[4]);
    expect(ids.slice(0, 2)).toEqual([first, 'reset']);
    expect(heard.map(({ id }) => id)).toEqual([first, ...lost, last].filter((id) => ids.includes(id)));
    const page = await fleet.eventually(() => read(member, first), 'the stream to be read again');
    expect(dataOf(page.events)).toEqual([...numbered(5), 'after']);
    expectChain(page.events, first);
  });

  test('a closed subscription hears nothing more', async () => {
    const fleet = await open();
    const member = await fleet.connect();
    const [closed, stays] = [await ear(member), await ear(member)];
    await closed.subscription.close();
    await append(member, ['late']);
    await fleet.eventually(() => stays.heard.length > 0, 'the event to be heard');
    expect(closed.heard).toEqual([]);
  });

  test('E4: a gap is told when what is behind the id was trimmed by count, and only then', async () => {
    const fleet = await open({ events: 10 });
    const member = await fleet.connect();
    const ids: string[] = [];
    for (let round = 0; round < 12; round++) ids.push(...(await append(member, numbered(100))));
    const { events, gap } = await read(member);
    expect(gap).toBe(true);
    expect(events.length).toBeGreaterThanOrEqual(10);
    expect(events.length).toBeLessThan(1_200);
    expect(events.map(({ id }) => id)).toEqual(ids.slice(-events.length));
    expectChain(events, ids.at(-events.length - 1));

    expect((await read(member, ids[0], 5)).gap).toBe(true);
    expect((await read(member, ids.at(-events.length - 2))).gap).toBe(true);
    const behindTrimmed = await read(member, ids.at(-events.length - 1));
    expect(behindTrimmed).toEqual({ events, gap: false });
    expect(await read(member, ids.at(-3))).toMatchObject({ events: events.slice(-2), gap: false });
    expect(await member.events.last()).toBe(ids.at(-1));
  });

  test('E4: a gap is told when what is behind the id was trimmed by age', async () => {
    const fleet = await open({ eventsAgeMs: 50 });
    const member = await fleet.connect();
    const [first = ''] = await append(member, numbered(400));
    await fleet.pass(60);
    const fresh = await append(member, numbered(400, 'fresh'));
    const { events, gap } = await read(member, first);
    expect(gap).toBe(true);
    expect(events.length).toBeLessThan(799);
    expect(events.map(({ id }) => id).slice(-1)).toEqual(fresh.slice(-1));
    expect((await read(member, events.at(-2)?.id)).gap).toBe(false);
  });

  test('E6: trimming lets age hold although nothing is appended any more, and says so', async () => {
    const fleet = await open({ eventsAgeMs: 50 });
    const member = await fleet.connect();
    const ids = await append(member, numbered(3));
    await member.events.trim();
    expect(await read(member, ids[0])).toMatchObject({ events: [{ id: ids[1] }, { id: ids[2] }], gap: false });
    await fleet.pass(60);
    await member.events.trim();
    expect(await read(member, ids[0])).toEqual({ events: [], gap: true });
    expect(await read(member, ids[2])).toEqual({ events: [], gap: false });
    expect(await member.events.last()).toBe(ids[2]);
    const [next = ''] = await append(member, ['next']);
    expect((await read(member, ids[2])).events).toMatchObject([{ id: next, prev: ids[2] }]);
  });

  test('F1: a repeated frame trims nothing, however old the events have become', async () => {
    const fleet = await open({ eventsAgeMs: 50 });
    const member = await fleet.connect();
    const sent = frame('events', [event('one')], { sender: member.address });
    const [id] = await member.events.append(sent);
    await fleet.pass(60);
    expect(await member.events.append(sent)).toEqual([id]);
    expect(await read(member)).toMatchObject({ events: [{ id }], gap: false });
  });

  test('E4: there is no gap where nothing was trimmed', async () => {
    const fleet = await open({ events: 1_000 });
    const member = await fleet.connect();
    expect((await read(member, '1-1')).gap).toBe(false);
    const ids = await append(member, numbered(200));
    for (const after of ['0', '1', '1-1', ids[0], ids[100], ids[199]])
      expect((await read(member, after, 1)).gap).toBe(false);
  });
});
