/**
 * The proofs in small, so that every change meets them; the long ones are `npm run chaos -- --sigterms 200` and its like. And their
 * judges, which have to see what is wrong.
 */
import { expect, test } from 'vitest';
import type { Acquisition } from './proofs/contenders.ts';
import { judgeAcquisitions, WatchedResource } from './proofs/judge-locks.ts';
import { judgeSoak, type SoakSample } from './proofs/judge-soak.ts';
import { brokenLocks, contend } from './proofs/locks.ts';
import { percentile, slope } from './proofs/numbers.ts';
import { brokenDrains, terminate } from './proofs/sigterms.ts';
import { kindOf } from './proofs/soak-redis.ts';
import { takeOver } from './proofs/takeovers.ts';

// Those that wait for leases and graces of processes of their own wait side by side.
const say = (): void => {};

test.concurrent('nodes that are told to leave in the middle of their tasks lose none, and repeat none that ends in time', async () => {
  const size = { sigterms: 2, overGrace: 1, nodes: 2, inFlight: 20 };
  const report = await terminate({ ...size, handlerMs: 200, overGraceMs: 2_500, say });
  expect(brokenDrains(report, 1)).toEqual([]);
  expect(report).toMatchObject({ sigterms: 2, overGrace: { sigterms: 1 } });
  expect(report.overGrace.ranAgain).toBeGreaterThan(0);
}, 120_000);

test.concurrent('the tasks of killed nodes run again, marked, and are settled once', async () => {
  const report = await takeOver({ takeovers: 2, nodes: 2, tasksPerNode: 3, say });
  expect(report).toMatchObject({ lost: 0, unmarked: 0, settledTwice: 0 });
  expect(report.takeovers).toBeGreaterThanOrEqual(2);
}, 120_000);

test('holders that stand still for longer than their lease have no effect once another one has had the lock', async () => {
  const report = await contend({ acquisitions: 60, processes: 3, names: 12, leaseMs: 1_000, say });
  expect(brokenLocks(report)).toEqual([]);
  expect(report.pausedPastLease).toBeGreaterThanOrEqual(12);
  expect(report.staleAttempts).toBeGreaterThan(0);
}, 120_000);

test('the judge of locks sees overlaps, tokens that do not grow, and who was passed over', () => {
  const at = (token: number, askedAt: number, grantedAt: number, heldUntil: number): Acquisition => {
    return { name: 'a', token, askedAt, grantedAt, heldUntil, wasPaused: false, isSteady: true };
  };
  const none = { overlapsWithinLease: 0, tokensNotGrowing: 0, fairnessViolations: 0 };
  expect(judgeAcquisitions([at(1, 0, 10, 20), at(2, 5, 20, 30), at(3, 25, 31, 40)])).toEqual(none);
  expect(judgeAcquisitions([at(1, 0, 10, 20), at(2, 5, 19, 30)])).toEqual({ ...none, overlapsWithinLease: 1 });
  expect(judgeAcquisitions([at(2, 0, 10, 20), at(1, 15, 20, 30)])).toEqual({ ...none, tokensNotGrowing: 1 });
  expect(judgeAcquisitions([at(1, 0, 10, 20), at(1, 5, 20, 30)])).toEqual({ ...none, tokensNotGrowing: 1 });
  const passedOver = [at(1, 0, 10, 2_000), at(2, 900, 2_000, 2_200), at(3, 20, 2_200, 2_300)];
  expect(judgeAcquisitions(passedOver)).toEqual({ ...none, fairnessViolations: 1 });
});

test('the judge of effects sees one that was let in behind those of a later holder, whatever its token', () => {
  const resource = new WatchedResource(() => 0);
  const touch = (holder: string, token: number): boolean => resource.touch({ lock: 'a', token, holder, askedAt: 0 });
  expect([touch('one', 1), touch('two', 2), touch('one', 1), touch('one', 3)]).toEqual([true, true, false, true]);
  expect([resource.staleAttempts, resource.staleAccepted]).toEqual([2, 1]);
});

test('the judge of a soak sees what grows after the warm-up, and nothing in what stays', () => {
  const sample = (minute: number, grows: number): SoakSample => ({
    minute,
    processes: [
      { heapMB: 20, rssMB: 100, timers: 5 },
      { heapMB: 20 + grows * minute, rssMB: 100, timers: 5 },
    ],
    usedMB: 6,
    keys: new Map([['logs', 10 + grows * minute * 10]]),
    elements: new Map([['{q}:dead', 7]]),
    consumers: 9,
    pending: 0,
    inboxes: 0,
    sockets: 12,
    overCap: [],
  });
  const minutes = Array.from({ length: 20 }, (_, at) => at);
  const last = sample(20, 0);
  const still = judgeSoak(
    minutes.map((minute) => sample(minute, 0)),
    last,
  );
  expect(still).toMatchObject({ heapSlopeMBPerMin: 0, keysGrowingKinds: [], socketsMin: 12, socketsMax: 12 });
  const growing = judgeSoak(
    minutes.map((minute) => sample(minute, 2)),
    last,
  );
  expect(growing).toMatchObject({ heapSlopeMBPerMin: 2, rssSlopeMBPerMin: 0, keysGrowingKinds: ['keys logs +20/min'] });
});

test('numbers are made from samples', () => {
  expect([percentile([], 0.5), percentile([3, 1, 2], 0.5), percentile([3, 1, 2], 0.99)]).toEqual([0, 2, 3]);
  expect(slope([{ x: 0, y: 1 }])).toBe(0);
  expect(slope([1, 3, 5].map((y, x) => ({ x, y })))).toBe(2);
  expect(['rt:f:{q:a:b}:result:n.1', 'rt:f:{m0}:in:x', 'rt:f:logs:a@n.1', 'rt:f:mail-shards'].map(kindOf)).toEqual([
    '{q}:result',
    '{m}:in',
    'logs',
    'mail-shards',
  ]);
});
