/**
 * A master with replicas, and the sentinels that watch it: what fails over by itself when the master is killed.
 *
 * It stands beside redis-server.ts, of which the servers are; a sentinel is the same binary with a file that it rewrites.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import {
  type Door,
  ended,
  freePort,
  launchBinary,
  type RedisServer,
  type Running,
  startRedis,
} from './redis-server.ts';
import { waitFor } from './wait.ts';

export interface Watched {
  /** `redis+sentinel://...` with all sentinels. */
  readonly url: string;
  readonly master: RedisServer;
  readonly replicas: readonly RedisServer[];
  /** Their ports. */
  readonly sentinels: readonly number[];
  /** The port of the master that the sentinels name. */
  masterPort(): Promise<number>;
  stop(): Promise<void>;
}

export interface WatchedOptions {
  readonly replicas?: number;
  /** Further arguments of each redis-server. */
  readonly args?: readonly string[];
  /** What servers and sentinels reach each server through, that of the master first. */
  readonly doors?: readonly Door[];
  /** Of the sentinels themselves. */
  readonly password?: string;
}

export const watchedName = 'main';
const name = watchedName;
const downAfterMs = 1_000;
/** Twice as long they wait when they could not agree on who of them does it. */
const failoverMs = 2_000;

/** Three sentinels, and a master with two replicas unless told otherwise. */
export async function startWatched({
  replicas = 2,
  args = [],
  doors = [],
  password,
}: WatchedOptions = {}): Promise<Watched> {
  const servers: RedisServer[] = [];
  const sentinels: Sentinel[] = [];
  const stop = async (): Promise<void> =>
    void (await Promise.all([...sentinels, ...servers].map((started) => started.stop())));
  try {
    for (let index = 0; index <= replicas; index++) {
      const door = doors[index];
      const announced = door === undefined ? [] : ['--replica-announce-port', String(door.port)];
      const server = await startRedis({ args: ['--repl-diskless-sync-delay', '0', ...announced, ...args] });
      door?.aim(server.port);
      servers.push(server);
    }
    const [master, ...copies] = servers as [RedisServer, ...RedisServer[]];
    const knownPort = doors[0]?.port ?? master.port;
    for (const copy of copies) await follow(copy, knownPort);
    const raw = new Redis(master.url);
    const areThere = async (): Promise<boolean> => (await raw.wait(replicas, 200)) === replicas;
    const isWritten = (): Promise<unknown> => raw.set('written', '1').catch(() => undefined); // refused until they are there
    await waitFor(isWritten, { what: 'the master to take writes', timeoutMs: 15_000 });
    await waitFor(areThere, { what: 'the replicas to follow', timeoutMs: 15_000 });
    raw.disconnect();
    for (let index = 0; index < 3; index++) sentinels.push(await startSentinel(knownPort, password));
    const [first] = sentinels as [Sentinel, Sentinel, Sentinel];
    const asking = new Redis({ host: '127.0.0.1', port: first.port, ...(password !== undefined && { password }) });
    await waitFor(() => knowsAll(asking, replicas), { what: 'the sentinels to know each other', timeoutMs: 15_000 });
    const url = `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${name}`;
    return {
      url,
      master,
      replicas: copies,
      sentinels: sentinels.map(({ port }) => port),
      async masterPort() {
        const [, port] = (await asking.call('sentinel', 'get-master-addr-by-name', name)) as string[];
        return Number(port);
      },
      async stop() {
        asking.disconnect();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Sentinel {
  readonly port: number;
  stop(): Promise<void>;
}

/** A command and no option: should it be started again, it is a master. */
async function follow(copy: RedisServer, port: number): Promise<void> {
  const client = new Redis(copy.url);
  await client.replicaof('127.0.0.1', port);
  client.disconnect();
}

async function startSentinel(masterPort: number, password: string | undefined): Promise<Sentinel> {
  const folder = await mkdtemp(join(tmpdir(), 'sentinel-'));
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} ${failoverMs}`,
    ...(password === undefined ? [] : [`requirepass ${password}`, `sentinel sentinel-pass ${password}`]),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const running: Running = await launchBinary([file, '--sentinel'], { folder, ready: '+monitor master' });
  return {
    port,
    async stop() {
      running.child.kill('SIGKILL');
      await ended(running.child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** All sentinels and replicas: only then a fail-over finds a majority and somebody to promote. */
async function knowsAll(sentinel: Redis, replicas: number): Promise<boolean> {
  const flat = (await sentinel.call('sentinel', 'master', name)) as string[];
  const fields = new Map(flat.flatMap((field, index) => (index % 2 === 0 ? [[field, flat[index + 1]] as const] : [])));
  return fields.get('num-other-sentinels') === '2' && fields.get('num-slaves') === String(replicas);
}
