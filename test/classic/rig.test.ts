/**
 * The rigs of `npm run classic` in short: what they count has to be nothing. How fast it is is not asked here.
 */
import { expect, test } from 'vitest';
import { classicStage } from './fleet.ts';
import { missingClients } from './programs.ts';
import { killUnderLoad } from './rig/kills.ts';
import { measureThroughput } from './rig/throughput.ts';

const stage = classicStage();
const place = () => ({ raw: stage.raw, redis: stage.server.url });
const limitMs = 180_000;

test(
  'tasks of classic agents are answered once each, with foreign entries standing in the same list',
  async () => {
    const figures = await measureThroughput(place(), { tasks: 1_500, standing: 2_000 });
    expect(figures).toMatchObject({ tasks: 1_500, standing: 2_000, lost: 0, doubled: 0, disturbed: 0 });
  },
  limitMs,
);

test.skipIf(missingClients !== undefined)(
  `nodes and classic workers in PHP are killed under load, and what the protocol lets us protect ends once (${missingClients ?? 'a real client'})`,
  async () => {
    const { kills, ...figures } = await killUnderLoad(place(), { kills: 5, seed: 3, rate: 20 });
    expect(kills.nodes + kills.workers).toBe(5);
    expect(figures).toMatchObject({ lost: 0, doubled: 0, repeated: 0, untold: 0, toldTwice: 0 });
    expect(figures.incoming).toBeGreaterThan(20);
  },
  limitMs,
);
