/**
 * The judges of the chaos rig, given ledgers that hold one broken promise each: a judge that finds nothing there would find nothing in
 * a long run.
 */
import { describe, expect, test } from 'vitest';
import type { Line } from './rig/contracts.ts';
import { broadcastsBroken, broadcastsDestroyed, messagesLost, messagesTwice } from './rig/judge-mail.ts';
import { settledTwice, staleTokens, unmarkedDuplicates } from './rig/judge-tasks.ts';
import { GuardedResource } from './rig/resource.ts';

type Entry = Line extends infer L ? (L extends unknown ? Omit<L, 'pid' | 'at'> : never) : never;

/** A second apart. */
const ledger = (...entries: Entry[]): Line[] =>
  entries.map((entry, at) => ({ ...entry, pid: 1, at: at * 1_000 }) as Line);
const run = (again: boolean): Entry => ({ t: 'run', n: 1, task: 'work.n.1', mood: 'calm', again });
const settled = (outcome: string): Entry => ({ t: 'settled', task: 'work.n.1', name: 'work', outcome });
const mail = (seq: number, again: boolean, inst = 'post'): Entry => ({
  t: 'mail',
  inst,
  to: 'post',
  from: 'a',
  seq,
  again,
});
const heard = (id: string, seq: number, again = false): Entry => ({
  t: 'heard',
  inst: 'ear',
  id,
  from: 'a',
  seq,
  again,
});
const figures = (violations: readonly { figure: string }[]): string[] => violations.map(({ figure }) => figure);

describe('tasks', () => {
  test('a second run is marked, also after the first one was handed back', () => {
    expect(unmarkedDuplicates(ledger(run(false), run(true), run(true)))).toEqual([]);
    expect(unmarkedDuplicates(ledger(run(true), run(false)))).toEqual([]); // a frozen node writes late
    expect(figures(unmarkedDuplicates(ledger(run(false), settled('release'), run(false))))).toEqual([
      'unmarkedDuplicates',
    ]);
  });

  test('a task is settled once, by what nodes were told and by what was announced', () => {
    const twice = ledger(settled('complete'), settled('complete'));
    expect(settledTwice(ledger(settled('stale'), settled('complete')), new Map([['work.n.1', [1]]]))).toEqual([]);
    expect(figures(settledTwice(twice, new Map()))).toEqual(['settledTwice']);
    expect(figures(settledTwice([], new Map([['work.n.1', [1, 2]]])))).toEqual(['settledTwice']);
  });

  test('a settle that was destroyed may be followed by one more, and only by one', () => {
    const twice = ledger(settled('complete'), settled('complete'));
    expect(settledTwice(twice, new Map(), { destructions: [500] })).toEqual([]);
    expect(figures(settledTwice(twice, new Map(), { destructions: [1_500] }))).toEqual(['settledTwice']);
    expect(
      figures(settledTwice([...twice, ...ledger(settled('complete'))], new Map(), { destructions: [-1] })),
    ).toEqual(['settledTwice']);
  });
});

describe('a server that is killed while its disk is busy', () => {
  const announced = (...times: number[]) => new Map([['work.n.1', times]]);
  test('may take the settles of its last two seconds with it, and none from before or after', () => {
    expect(settledTwice([], announced(9_000, 12_000), { kills: [10_000] })).toEqual([]);
    expect(figures(settledTwice([], announced(7_000, 12_000), { kills: [10_000] }))).toEqual(['settledTwice']);
    expect(figures(settledTwice([], announced(9_000, 9_500), { kills: [10_000] }))).toEqual(['settledTwice']);
    expect(figures(settledTwice([], announced(9_000, 12_000, 13_000), { kills: [10_000] }))).toEqual(['settledTwice']);
  });
});

describe('a server that its copy replaces', () => {
  const announced = (...times: number[]) => new Map([['work.n.1', times]]);
  const promotions = [{ from: 10_000, to: 14_000 }];
  test('may take a settle of that time with it, only one, and none from before or after', () => {
    expect(settledTwice([], announced(11_000, 13_000), { promotions })).toEqual([]);
    expect(settledTwice([], announced(13_000, 20_000), { promotions })).toEqual([]);
    expect(figures(settledTwice([], announced(9_000, 20_000), { promotions }))).toEqual(['settledTwice']);
    expect(figures(settledTwice([], announced(15_000, 20_000), { promotions }))).toEqual(['settledTwice']);
    expect(figures(settledTwice([], announced(11_000, 13_000, 20_000), { promotions }))).toEqual(['settledTwice']);
  });
});

describe('messages', () => {
  test('one that was accepted and never handled is lost', () => {
    const sent = [{ from: 'a', seq: 1, to: 'post' }];
    expect(messagesLost(ledger(mail(1, false)), sent)).toEqual([]);
    expect(figures(messagesLost(ledger(mail(2, false)), sent))).toEqual(['messagesLost']);
  });

  test('a repeat is marked, never within one activation, and the order of a sender holds', () => {
    expect(messagesTwice(ledger(mail(1, false), mail(2, false), mail(1, true, 'next')))).toEqual([]);
    expect(figures(messagesTwice(ledger(mail(1, false), mail(1, false, 'next'))))).toEqual(['messagesTwice']);
    expect(figures(messagesTwice(ledger(mail(1, false), mail(1, true))))).toEqual(['messagesTwice']);
    expect(figures(messagesTwice(ledger(mail(2, false), mail(1, false))))).toEqual(['messagesTwice']);
  });
});

describe('broadcasts', () => {
  const alive = { insts: new Set(['ear']), marker: '4-0' };
  const judge = (...entries: Entry[]): string[] =>
    figures(broadcastsBroken(ledger(...entries), ['1-0', '2-0', '3-0', '4-0'], alive));

  test('a listener hears one stretch of the stream without a hole, each event once and in order', () => {
    expect(judge(heard('2-0', 2), heard('3-0', 3), heard('4-0', 4))).toEqual([]);
    expect(judge(heard('1-0', 1), heard('3-0', 3), heard('4-0', 4))).toEqual(['broadcastsMissing']);
    expect(judge(heard('1-0', 1), heard('2-0', 2), heard('3-0', 3))).toEqual(['broadcastsMissing']);
    expect(judge(heard('3-0', 3), heard('3-0', 3), heard('4-0', 4))).toEqual(['broadcastsRepeated']);
    expect(judge(heard('3-0', 3), heard('4-0', 4), heard('2-0', 2))).toEqual(['broadcastsOutOfOrder']);
    expect(judge()).toEqual(['broadcastsMissing']);
  });

  test('after a loss they are told apart by what they say: none missing, repeats marked, ids in order', () => {
    const up: Entry = { t: 'up', inst: 'ear', agent: 'ear@n.1' };
    const before = { ...heard('1000-0', 0), inst: 'another' };
    const cast = (seq: number, id: string): { from: string; seq: number; id: string; at: number } => ({
      from: 'a',
      seq,
      id,
      at: 5_000,
    });
    const judgeLoss = (entries: readonly Entry[], first = '1500-0'): string[] =>
      figures(broadcastsDestroyed(ledger(up, before, ...entries), [cast(1, first), cast(2, '1600-0')], alive.insts));
    expect(judgeLoss([heard('1500-0', 1), heard('1700-0', 1, true), heard('1800-0', 2)])).toEqual([]);
    expect(judgeLoss([heard('1500-0', 1), heard('1700-0', 1), heard('1800-0', 2)])).toEqual(['broadcastsRepeated']);
    expect(judgeLoss([heard('1800-0', 1), heard('1700-0', 2)])).toEqual(['broadcastsOutOfOrder']);
    expect(judgeLoss([heard('1800-0', 2)])).toEqual(['broadcastsMissing']);
    expect(judgeLoss([heard('1800-0', 2)], '900-0')).toEqual([]); // its sender was told long after it was stored
  });
});

describe('locks', () => {
  const touch = (token: number, holder: string, askedAt: number) => ({ lock: 'l', token, holder, askedAt });

  test('a stale token is refused; tokens that do not grow are told', () => {
    let now = 10;
    const resource = new GuardedResource(() => now);
    expect(resource.touch(touch(2, 'b', 5))).toBe(true);
    expect(resource.touch(touch(1, 'a', 1))).toBe(false);
    expect(resource.violations).toEqual([]);
    now = 20;
    expect(resource.touch(touch(1, 'c', 15))).toBe(false);
    expect(resource.touch(touch(2, 'd', 15))).toBe(true);
    expect(figures(staleTokens([], resource.violations))).toEqual(['staleTokensAccepted', 'staleTokensAccepted']);
  });

  test('a holder that still believes in its lock is told, unless the data went with the lock', () => {
    const misled = ledger({ t: 'misled', lock: 'l', token: 1 });
    expect(figures(staleTokens(misled, []))).toEqual(['staleTokensAccepted']);
    expect(staleTokens(misled, [], () => true)).toEqual([]);
  });
});
