/**
 * The command line behind `npm run classic`: options in, figures out. Each part has a redis-server of its own.
 */
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { killUnderLoad } from './kills.ts';
import { measureThroughput } from './throughput.ts';

const leastPerSecond = 5_000;

/** Resolves to the exit code: 1 when a promise was broken. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      throughput: { type: 'boolean', default: false },
      tasks: { type: 'string', default: '50000' },
      standing: { type: 'string', default: '10000' },
      kills: { type: 'string' },
      seed: { type: 'string', default: '1' },
      rate: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures: Record<string, unknown> = {};
  let isKept = true;
  if (values.throughput) {
    const plan = { tasks: Number(values.tasks), standing: Number(values.standing) };
    const throughput = await onServer((stage) => measureThroughput(stage, plan));
    figures['throughput'] = throughput;
    const { perSecond, lost, doubled, disturbed } = throughput;
    isKept &&= perSecond >= leastPerSecond && lost + doubled + disturbed === 0;
  }
  if (values.kills !== undefined) {
    const plan = { kills: Number(values.kills), seed: Number(values.seed), rate: Number(values.rate) };
    const kills = await onServer((stage) => killUnderLoad(stage, plan));
    figures['kills'] = kills;
    isKept &&= kills.lost + kills.doubled + kills.repeated + kills.untold + kills.toldTwice === 0;
  }
  console.log(values.json ? JSON.stringify(figures) : figures);
  return isKept ? 0 : 1;
}

async function onServer<T>(run: (stage: { raw: Redis; redis: string; server: RedisServer }) => Promise<T>): Promise<T> {
  const server = await startRedis();
  const raw = new Redis(server.url);
  try {
    return await run({ raw, redis: server.url, server });
  } finally {
    raw.disconnect();
    await server.stop();
  }
}
