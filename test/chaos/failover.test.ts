/**
 * The proof of fail-over in small, with a short lease; the long one is `npm run chaos -- --only failover --rounds 1000`. And its judge,
 * which has to see what is wrong.
 */
import { expect, test } from 'vitest';
import { brokenFailovers, failOver } from './proofs/failover.ts';
import { type Evidence, judgeFailover } from './proofs/judge-failover.ts';

test('singles whose node is killed, frozen or cut off are taken over, and nothing the old node writes counts', async () => {
  const size = { rounds: 20, seed: 1, nodes: 3, singles: 6, senders: 2 };
  const report = await failOver({ ...size, leaseMs: 1_000, heartbeatMs: 300, patienceMs: 30_000, say: () => {} });
  expect(brokenFailovers({ ...report, failoverMsP99: 0 }, 1_000)).toEqual([]); // the long one shows how soon
  expect(report.failovers).toBeGreaterThanOrEqual(20);
}, 240_000);

/** Two activations of one id: node `a` under the epoch of 1 ms, node `b` under that of 9 ms. */
const grants = [
  { to: 'one', node: 'a', epoch: 1_000, isBeside: false },
  { to: 'one', node: 'b', epoch: 9_000, isBeside: false },
];
const message = (seq: number) => ({ to: 'one', from: 's', seq });
const handled = (node: string, seq: number, redelivered = false) => ({ ...message(seq), node, redelivered });
const taken = (node: string, seq: number, takenAtMs: number) => ({ ...message(seq), node, takenAtMs });
const judge = (evidence: Partial<Evidence>) => {
  const { stories, ...figures } = judgeFailover({ accepted: [], handlings: [], effects: [], grants, ...evidence });
  const broken = Object.entries(figures).filter(([, count]) => count !== 0);
  expect(stories).toHaveLength(broken.reduce((sum, [, count]) => sum + count, 0));
  return Object.fromEntries(broken);
};

test('a message is lost when it was not handled, and when what its handler did was not taken', () => {
  const evidence = { accepted: [message(1)], handlings: [handled('a', 1)], effects: [taken('a', 1, 2)] };
  expect(judge(evidence)).toEqual({});
  expect(judge({ ...evidence, effects: [] })).toEqual({ messagesLost: 1 });
  expect(judge({ ...evidence, handlings: [] })).toEqual({ messagesLost: 1 });
});

test('a repeat is marked and of a later activation', () => {
  expect(judge({ handlings: [handled('a', 1), handled('b', 1, true)] })).toEqual({});
  expect(judge({ handlings: [handled('b', 1, true), handled('a', 1)] })).toEqual({}); // a frozen node writes late
  expect(judge({ handlings: [handled('a', 1), handled('b', 1)] })).toEqual({ messagesTwice: 1 });
  expect(judge({ handlings: [handled('a', 1), handled('a', 1, true)] })).toEqual({ messagesTwice: 1 });
});

test('messages of one sender come in order, by the epochs of their activations', () => {
  expect(
    judge({ handlings: [handled('a', 1), handled('b', 1, true), handled('b', 2), handled('a', 2, true)] }),
  ).toEqual({});
  expect(judge({ handlings: [handled('a', 2), handled('a', 1)] })).toEqual({ messagesOutOfOrder: 1 });
  expect(judge({ handlings: [handled('a', 1), handled('a', 3), handled('b', 2)] })).toEqual({ messagesOutOfOrder: 1 });
});

test('an effect is stale from the next grant on, and when the id never was granted to who had it', () => {
  expect(judge({ effects: [taken('a', 1, 9), taken('b', 1, 20)] })).toEqual({});
  expect(judge({ effects: [taken('b', 1, 20), taken('a', 2, 10)] })).toEqual({ staleEffectsAccepted: 1 });
  expect(judge({ effects: [taken('c', 1, 5)] })).toEqual({ staleEffectsAccepted: 1 });
});

test('an activation is a second one when its epoch does not grow, and while the owner before is present', () => {
  const [first, second] = [grants.slice(0, 1), grants.slice(1)];
  const changed = (change: object) => [...first, ...second.map((grant) => ({ ...grant, ...change }))];
  expect(judge({ grants: changed({ epoch: 1_000 }) })).toEqual({ doubleActivations: 1 });
  expect(judge({ grants: changed({ isBeside: true }) })).toEqual({ doubleActivations: 1 });
});
