/**
 * The proof of the take-over of spawned agents in small, with a short lease; the long one is `npm run chaos -- --spawned 100`.
 */
import { expect, test } from 'vitest';
import { brokenSpawned, loseSpawned } from './proofs/spawned.ts';

test('spawned agents whose processes are killed are taken over with their mail, and only the children of those who were lost end', async () => {
  const size = { kills: 2, seed: 1, nodes: 3, helpers: 2, bosses: 2, senders: 1 };
  const report = await loseSpawned({ ...size, leaseMs: 1_000, heartbeatMs: 300, patienceMs: 30_000, say: () => {} });
  expect(brokenSpawned({ ...report, takeoverMsP99: 0, childEndMsP99: 0 }, 1_000)).toEqual([]); // the long one shows how soon
}, 240_000);
