/**
 * Schedules: kept by name, due by the server's clock, and moved only by who names the due time that stands (U1 to U5).
 */
import { expect, test } from 'vitest';
import type { Notice } from '../../src/broker/notices.ts';
import type { ScheduleRequest } from '../../src/broker/schedules.ts';
import { describeBrokers, type Member } from './harness.ts';

const name = 'nightly';
const fresh = { runs: 0, missed: 0, skipped: 0 };

const set = (member: Member, request: Partial<ScheduleRequest> = {}) =>
  member.schedules.set({ name, plan: '"daily"', body: '"audit"', next: 1_000, most: 10, ...request });
const namesOf = (records: readonly { name: string }[]): string[] => records.map((record) => record.name);
const get = async (member: Member, of = name) => (await member.schedules.read({ name: of }))[0];
const at = (member: Member, seen: number) => ({ node: member.address, name, seen });
const unmoved = { missed: 0, skipped: 0 };

async function now(member: Member): Promise<number> {
  return (await member.schedules.due(1)).now;
}

describeBrokers('schedules', (open) => {
  test('U1: setting the same again changes nothing; a body keeps the due time, a plan takes the new one', async () => {
    const member = await (await open()).connect();
    expect(await set(member)).toBe('created');
    expect(await set(member, { next: 5_000 })).toBe('unchanged');
    expect(await get(member)).toEqual({ name, plan: '"daily"', body: '"audit"', next: 1_000, ...fresh });
    expect(await set(member, { body: '"other"', next: 5_000 })).toBe('changed');
    expect(await get(member)).toMatchObject({ body: '"other"', next: 1_000 });
    expect(await set(member, { plan: '"dai"', body: '"ly"', next: 7_000 })).toBe('changed');
    expect(await get(member)).toMatchObject({ plan: '"dai"', body: '"ly"', next: 7_000 });
  });

  test('U1: a changed schedule keeps its tally and its pause', async () => {
    const node = await (await open()).join();
    await set(node);
    const run = { dueAt: 1_000, taskId: 'audit.n.1-1' };
    expect(await node.schedules.advance({ ...at(node, 1_000), next: 2_000, run, missed: 2, skipped: 1 })).toBe(true);
    await node.schedules.switch(name, {});
    await set(node, { plan: '"weekly"', next: 9_000 });
    const tally = { last: run, runs: 1, missed: 2, skipped: 1 };
    expect(await get(node)).toEqual({ name, plan: '"weekly"', body: '"audit"', ...tally });
    await node.schedules.advance({ ...at(node, 9_000), next: 9_500, missed: 1, skipped: 0 });
    expect(await get(node)).toMatchObject(tally);
  });

  test('a removed schedule leaves nothing behind', async () => {
    const node = await (await open()).join();
    await set(node);
    await node.schedules.advance({ ...at(node, 1_000), next: 2_000, missed: 2, skipped: 1 });
    await node.schedules.begin({ ...at(node, 2_000), run: 2_000 });
    await set(node, { name: 'paused' });
    await node.schedules.switch('paused', {});
    expect([await node.schedules.remove(name), await node.schedules.remove('paused')]).toEqual([true, true]);
    expect([await node.schedules.remove(name), await get(node)]).toEqual([false, undefined]);
    expect(await node.schedules.due(10)).toEqual({ now: expect.any(Number), due: [] });
    for (const of of [name, 'paused']) {
      expect(await set(node, { name: of, next: 3_000 })).toBe('created');
      expect(await get(node, of)).toEqual({ name: of, plan: '"daily"', body: '"audit"', next: 3_000, ...fresh });
    }
  });

  test('they are read page by page, and refused beyond their number', async () => {
    const member = await (await open()).connect();
    const all = ['a', 'b', 'c', 'd', 'e'];
    for (const one of [...all].reverse()) expect(await set(member, { name: one, most: 5 })).toBe('created');
    expect(await set(member, { name: 'f', most: 5 })).toBe('too-many');
    expect(await set(member, { name: 'a', body: '"new"', most: 5 })).toBe('changed');
    const first = await member.schedules.read({ after: '', count: 2 });
    const second = await member.schedules.read({ after: 'b', count: 9 });
    expect(namesOf([...first, ...second])).toEqual(all);
    expect(await member.schedules.read({ name: 'f' })).toEqual([]);
  });

  test('what is due by the server is found, longest first, and how long it is to the next', async () => {
    const member = await (await open()).connect();
    const start = await now(member);
    await set(member, { name: 'later', next: start + 500_000 });
    for (const [of, ago] of [
      ['second', 1],
      ['first', 2],
      ['third', 0],
    ] as const)
      await set(member, { name: of, next: start - ago });
    const { now: seen, due, nextDueInMs } = await member.schedules.due(10);
    expect(namesOf(due)).toEqual(['first', 'second', 'third']);
    expect(seen + (nextDueInMs ?? 0)).toBe(start + 500_000);
    expect(namesOf((await member.schedules.due(2)).due)).toEqual(['first', 'second']);
  });

  test('U2: of many who move one due time, one does', async () => {
    const fleet = await open();
    const nodes = await Promise.all(Array.from({ length: 5 }, () => fleet.join()));
    const [first] = nodes as [Member];
    await set(first);
    const moves = nodes.map((node) =>
      node.schedules.advance({ ...at(node, 1_000), next: 2_000, missed: 1, skipped: 0 }),
    );
    expect((await Promise.all(moves)).filter((moved) => moved)).toHaveLength(1);
    expect(await get(first)).toMatchObject({ next: 2_000, missed: 1 });
    expect(await first.schedules.begin({ ...at(first, 1_000), run: 1_000 })).toEqual({ kind: 'moved' });
    expect(await first.schedules.begin({ ...at(first, 1_000), name: 'none', run: 1_000 })).toEqual({ kind: 'moved' });
    expect(await first.schedules.advance({ ...at(first, 1_000), name: 'none', next: 2_000, ...unmoved })).toBe(false);
  });

  test('U3: one run is begun for a due time, everybody else is told which and since when', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await set(a);
    expect(await a.schedules.begin({ ...at(a, 1_000), run: 3_000 })).toEqual({ kind: 'begun' });
    await fleet.pass(20);
    const told = await b.schedules.begin({ ...at(b, 1_000), run: 4_000 });
    expect(told).toMatchObject({ kind: 'begun-before', dueAt: 3_000 });
    if (told.kind === 'begun-before') expect(told.agoMs).toBeGreaterThanOrEqual(20);
    const { due } = await b.schedules.due(10);
    expect(due).toMatchObject([{ name, next: 1_000, begun: { dueAt: 3_000 } }]);
    expect(due[0]?.begun?.agoMs).toBeGreaterThanOrEqual(20);
    await set(b, { body: '"new"' });
    expect(await get(b)).toMatchObject({ begun: { dueAt: 3_000 } });
    await b.schedules.advance({ ...at(b, 1_000), next: 4_000, ...unmoved });
    expect(await a.schedules.begin({ ...at(a, 4_000), run: 4_000 })).toEqual({ kind: 'begun' });
    await set(b, { plan: '"weekly"', next: 5_000 });
    expect(await get(b)).not.toHaveProperty('begun');
  });

  test('U4: a paused schedule is never due; it goes on from the time its resume names', async () => {
    const node = await (await open()).join();
    const { schedules } = node;
    await set(node);
    await schedules.begin({ ...at(node, 1_000), run: 1_000 });
    expect([await schedules.switch(name, {}), await schedules.switch(name, {})]).toEqual([true, false]);
    expect((await schedules.due(10)).due).toEqual([]);
    expect(await schedules.advance({ ...at(node, 1_000), next: 2_000, ...unmoved })).toBe(false);
    expect([await schedules.switch(name, { next: 6_000 }), await schedules.switch(name, { next: 7_000 })]).toEqual([
      true,
      false,
    ]);
    expect(await get(node)).toEqual({ name, plan: '"daily"', body: '"audit"', next: 6_000, ...fresh });
    expect([await schedules.switch('none', {}), await schedules.switch('none', { next: 1 })]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('U5: everyone hears of a set that changed something, and of a resume', async () => {
    const fleet = await open();
    const [member, other] = [await fleet.connect(), await fleet.connect()];
    const heard: Notice[] = [];
    await other.notices.listen(other.address, { onNotice: (notice) => void heard.push(notice), onReset: () => {} });
    await set(member);
    await set(member);
    await set(member, { body: '"new"' });
    await member.schedules.switch(name, {});
    await member.schedules.switch(name, { next: 2_000 });
    await member.schedules.switch(name, { next: 2_000 });
    await set(member, { name: 'last' });
    await fleet.eventually(
      () => heard.some((notice) => notice.kind === 'scheduled' && notice.schedule === 'last'),
      'it',
    );
    const told = { kind: 'scheduled', schedule: name };
    expect(heard).toEqual([told, told, told, { kind: 'scheduled', schedule: 'last' }]);
  });

  test('a node whose presence has ended begins and moves nothing', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join(), await fleet.connect()];
    await set(node);
    await other.presence.leave(node.address);
    await expect(node.schedules.begin({ ...at(node, 1_000), run: 1_000 })).rejects.toMatchObject({
      code: 'presence-lost',
    });
    const move = node.schedules.advance({ ...at(node, 1_000), next: 2_000, ...unmoved });
    await expect(move).rejects.toMatchObject({ code: 'presence-lost' });
    expect(await get(node)).toEqual({ name, plan: '"daily"', body: '"audit"', next: 1_000, ...fresh });
  });
});
