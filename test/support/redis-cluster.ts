/**
 * A private Redis Cluster for one test file: masters on free ports of 127.0.0.1, and where asked for a replica of each.
 *
 * It stands beside redis-server.ts, of which each node is one; it is ready when every node says that all slots are served.
 */
import { Redis } from 'ioredis';
import { type Door, freePort, type RedisServer, startRedis } from './redis-server.ts';
import { waitFor } from './wait.ts';

export interface RedisCluster {
  /** `redis+cluster://...` with all masters. */
  readonly url: string;
  readonly masters: readonly RedisServer[];
  /** In the order of the masters that they copy. */
  readonly replicas: readonly RedisServer[];
  /** The names that the nodes have for each other, those of the masters first. */
  readonly ids: readonly string[];
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly masters?: number;
  /** One for each master. */
  readonly replicated?: boolean;
  /** How long a node is silent before the others call it failed. */
  readonly nodeTimeoutMs?: number;
  /** Further arguments of each redis-server. */
  readonly args?: readonly string[];
  /** What the nodes and their clients reach each node through, those of the masters first. */
  readonly doors?: readonly Door[];
}

const slots = 16_384;

export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { masters: count = 3, replicated = false, nodeTimeoutMs = 5_000, args = [], doors = [] } = options;
  const started: RedisServer[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(started.map((server) => server.stop())));
  try {
    for (let node = 0; node < count * (replicated ? 2 : 1); node++) {
      const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)];
      const port = ['--cluster-port', String(await freePort()), '--repl-diskless-sync-delay', '0'];
      const door = doors[node];
      const announced = door === undefined ? [] : ['--cluster-announce-port', String(door.port)];
      const server = await startRedis({ args: [...cluster, ...port, ...announced, ...args] });
      door?.aim(server.port);
      started.push(server);
    }
    const [masters, replicas] = [started.slice(0, count), started.slice(count)];
    const ids = await join(masters, replicas);
    const url = `redis+cluster://${masters.map(({ host, port }) => `${host}:${port}`).join(',')}`;
    return { url, masters, replicas, ids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves to the names of the nodes. */
async function join(masters: readonly RedisServer[], replicas: readonly RedisServer[]): Promise<readonly string[]> {
  const clients = [...masters, ...replicas].map(({ url }) => new Redis(url));
  try {
    for (const [index, client] of clients.slice(0, masters.length).entries()) {
      const [from, to] = [index, index + 1].map((at) => Math.floor((slots * at) / masters.length));
      await client.cluster('ADDSLOTSRANGE', from ?? 0, (to ?? 0) - 1);
      await client.call('cluster', 'set-config-epoch', index + 1);
    }
    for (const [index, server] of [...masters, ...replicas].entries())
      for (const client of clients.slice(0, index)) await meet(client, server); // all of them: gossip alone takes seconds
    for (const client of clients) await until('the nodes to meet', () => knows(client, clients.length));
    for (const [index, client] of clients.slice(masters.length).entries()) {
      await client.cluster('REPLICATE', String(await clients[index]?.cluster('MYID')));
      await until('a copy', async () => /master_link_status:up/.test(await client.info('replication')));
    }
    for (const client of clients) await until('all slots to be served', () => isServed(client));
    return (await Promise.all(clients.map((client) => client.cluster('MYID')))).map(String);
  } finally {
    for (const client of clients) client.disconnect();
  }
}

function until(what: string, check: () => Promise<boolean>): Promise<boolean> {
  return waitFor(check, { what, timeoutMs: 15_000 }) as Promise<boolean>;
}

/** The master among `masters` that serves a slot. */
export async function masterOfSlot({ masters, ids }: RedisCluster, slot: number): Promise<number> {
  const [asked] = masters;
  const client = new Redis(asked?.url ?? '');
  const rows = (await client.cluster('SLOTS')) as unknown as [number, number, [string, number, string]][];
  client.disconnect();
  const id = rows.find(([from, to]) => from <= slot && slot <= to)?.[2][2];
  return ids.indexOf(id ?? '');
}

/** Moves a slot with all its keys to another master, a few keys at a time, as `redis-cli --cluster reshard` does. */
export async function moveSlot(cluster: RedisCluster, slot: number, to: number): Promise<void> {
  const from = await masterOfSlot(cluster, slot);
  const clients = cluster.masters.map(({ url }) => new Redis(url));
  const [source, target] = [clients[from], clients[to]];
  if (source === undefined || target === undefined) throw new Error(`expected two masters, got: ${from} and ${to}`);
  const { host = '', port = 0 } = cluster.masters[to] ?? {};
  const [sourceId, targetId] = [await source.cluster('MYID'), await target.cluster('MYID')];
  await target.cluster('SETSLOT', slot, 'IMPORTING', sourceId);
  await source.cluster('SETSLOT', slot, 'MIGRATING', targetId);
  for (;;) {
    const keys = await source.cluster('GETKEYSINSLOT', slot, 10);
    if (keys.length === 0) break;
    await source.migrate(host, port, '', 0, 5_000, 'KEYS', ...keys);
  }
  for (const client of [target, source, ...clients]) await client.cluster('SETSLOT', slot, 'NODE', targetId);
  for (const client of clients) client.disconnect();
}

/** The bus has a port of its own here, so it has to be told. */
async function meet(client: Redis | undefined, { host, url, port }: RedisServer): Promise<void> {
  const other = new Redis(url);
  const [, bus = ''] = (await other.config('GET', 'cluster-port')) as string[];
  const [, announced] = (await other.config('GET', 'cluster-announce-port')) as string[];
  other.disconnect();
  await client?.call('cluster', 'meet', host, Number(announced) || port, bus);
}

async function knows(client: Redis, count: number): Promise<boolean> {
  const text = String(await client.cluster('NODES'));
  return text.trim().split('\n').length === count && !/handshake|noaddr/.test(text);
}

async function isServed(client: Redis): Promise<boolean> {
  return String(await client.cluster('INFO')).includes('cluster_state:ok');
}
