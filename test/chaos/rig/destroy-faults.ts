/**
 * Faults that take acknowledged data away: what a Redis without files, an administrator and a replica that lags can lose.
 *
 * They run on a stage of their own, whose server keeps nothing; each writes down when it struck, which is what its rounds are judged by.
 */
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait.ts';
import { now } from './contracts.ts';
import { forgetful } from './ground.ts';
import { between, type Fault, pause } from './node-faults.ts';
import { OneServer } from './one-server.ts';
import { FaultyProxy } from './proxy.ts';
import { measureRecovery } from './recovery.ts';
import type { Stage } from './stage.ts';

/** One in seven replicas lags for longer than senders keep what was acknowledged. */
const longLag = { share: 0.15, leastMs: 10_500, mostMs: 12_000 };

export const destroyFaults = {
  /** Killed, and started again empty. */
  'redis-kill-empty': async ({ stage, draw, recoveries }) => {
    stage.destructions.push(now());
    const { server } = oneServer(stage);
    await server.kill('SIGKILL');
    await pause(between(draw, 'down', 0, 1_500));
    await server.restart();
    await measureRecovery(stage, now(), recoveries);
  },
  'redis-flushall': async ({ stage, recoveries }) => {
    stage.destructions.push(now());
    await oneServer(stage).admin.flushall();
    await measureRecovery(stage, now(), recoveries);
  },
  /** The master dies, and a replica that had not heard everything takes its place. */
  'redis-failover': async ({ stage, draw, recoveries }) => {
    const ground = oneServer(stage);
    const link = new FaultyProxy(ground.server.port);
    await link.open();
    const replica = await follow(link);
    link.hold();
    const isLong = draw('long') < longLag.share;
    await pause(isLong ? between(draw, 'lag', longLag.leastMs, longLag.mostMs) : between(draw, 'lag', 200, 2_500));
    await link.refuse(); // with everything that was on its way
    stage.destructions.push(now());
    await ground.server.kill('SIGKILL');
    await promote(replica.url);
    await ground.moveTo(replica);
    await measureRecovery(stage, now(), recoveries);
  },
} as const satisfies Readonly<Record<string, Fault>>;

function oneServer({ ground }: Stage): OneServer {
  if (ground instanceof OneServer) return ground;
  throw new Error('expected the data of one server to be destroyed, got: another ground');
}

/** A replica of whatever `link` leads to, once it has everything. */
async function follow(link: FaultyProxy): Promise<RedisServer> {
  const { hostname, port } = new URL(link.url);
  const replica = await startRedis({ args: forgetful });
  const look = new Redis(replica.url);
  look.on('error', () => {});
  try {
    await look.replicaof(hostname, Number(port)); // a command and no option: should it be started again, it is a master
    const isLinked = async (): Promise<boolean> => (await look.info('replication')).includes('master_link_status:up');
    await waitFor(isLinked, { what: 'the replica to have a copy', timeoutMs: 10_000 });
    return replica;
  } finally {
    look.disconnect();
  }
}

async function promote(url: string): Promise<void> {
  const admin = new Redis(url);
  admin.on('error', () => {});
  await admin.replicaof('NO', 'ONE');
  admin.disconnect();
}
