/**
 * The ground that is a Redis Cluster of three masters. Where copies take the place of masters, each has one.
 *
 * Every node is known by the port of its door, which is where its copy follows it; processes reach it past the door.
 */
import { Redis } from 'ioredis';
import { type RedisCluster, startCluster } from '../../support/redis-cluster.ts';
import { waitFor } from '../../support/wait.ts';
import { type Ground, lasting, type Nature, type Place } from './ground.ts';
import { rigClient } from './one-server.ts';
import { PromotionWatch, type Stretch } from './promotion-watch.ts';
import { FaultyProxy } from './proxy.ts';
import { WideLane } from './wide-lane.ts';

const masterCount = 3;
/** In which a master that is silent is given up; where there are copies. Longer than a pause of a busy machine. */
const nodeTimeoutMs = 1_500;
const settleLimitMs = 40_000;

/** From, to, and the nodes that serve it: host, port and name, the master first. */
type SlotRow = readonly [number, number, readonly [string, number, string], ...unknown[]];

export class ClusterGround implements Ground {
  readonly url: string;
  readonly replicas: number;
  readonly everywhere: readonly Place[];
  /** PUBLISH reaches every node. */
  readonly ear: Redis;
  readonly cluster: RedisCluster;
  readonly #watch: PromotionWatch | undefined;

  private constructor(cluster: RedisCluster, doors: readonly FaultyProxy[]) {
    const servers = [...cluster.masters, ...cluster.replicas];
    this.everywhere = servers.map((server, at) => ({ server, admin: rigClient(server.url), door: doors[at] }));
    this.url = urlOf(this.everywhere.map(knownAs));
    this.replicas = cluster.replicas.length > 0 ? 1 : 0;
    this.ear = rigClient(servers[0]?.url ?? '');
    this.cluster = cluster;
    if (this.replicas > 0) this.#watch = new PromotionWatch(() => this.#settledMasters());
  }

  static async open(nature: Nature): Promise<ClusterGround> {
    const replicated = nature === 'promoting';
    const doors = replicated ? Array.from({ length: 2 * masterCount }, () => new FaultyProxy(0)) : [];
    await Promise.all(doors.map((door) => door.open()));
    const timeout = replicated ? { nodeTimeoutMs } : {};
    const cluster = await startCluster({ masters: masterCount, replicated, ...timeout, args: lasting, doors });
    return new ClusterGround(cluster, doors);
  }

  lane(): Promise<WideLane> {
    const destinations = this.everywhere.map((place) => ({ port: place.server.port, knownAs: knownAs(place) }));
    const isAddress = (reply: Buffer, asksForSlots: boolean): boolean => asksForSlots || reply.includes('-ASK ');
    return WideLane.open(destinations, isAddress, urlOf);
  }

  async masters(): Promise<readonly Place[]> {
    for (const { server } of this.everywhere) {
      const rows = await slotsAt(server.url).catch(() => []);
      const ids = new Set(rows.map(([, , master]) => master[2]));
      if (ids.size > 0) return this.everywhere.filter((_, at) => ids.has(this.cluster.ids[at] ?? ''));
    }
    throw new Error('expected a node of the cluster to answer, got: none');
  }

  async settle(): Promise<void> {
    for (const { server, door } of this.everywhere) {
      await server.kill('SIGCONT').catch(() => undefined);
      await door?.heal();
    }
    await waitFor(() => this.#settledMasters(), { what: 'all nodes to serve or to copy', timeoutMs: settleLimitMs });
  }

  async promotions(): Promise<readonly Stretch[]> {
    return (await this.#watch?.stretches()) ?? [];
  }

  async close(): Promise<void> {
    this.#watch?.stop();
    for (const { admin } of this.everywhere) admin.disconnect();
    this.ear.disconnect();
    await this.cluster.stop();
    await Promise.all(this.everywhere.map(async ({ door }) => door?.refuse()));
  }

  /** Their names, when every node serves with those that all others know, or copies one of them. */
  async #settledMasters(): Promise<string | undefined> {
    const views = await Promise.all(this.everywhere.map((place) => this.#viewOf(place)));
    const [known = ''] = views;
    return known !== '' && views.every((view) => view === known) ? known : undefined;
  }

  /** The masters that it knows; nothing when it is none itself and copies nobody. */
  async #viewOf({ server, admin }: Place): Promise<string> {
    if (!String(await admin.cluster('INFO')).includes('cluster_state:ok')) return '';
    const rows = (await admin.cluster('SLOTS')) as unknown as readonly SlotRow[];
    const ids = [...new Set(rows.map(([, , master]) => master[2]))].sort();
    if (ids.length !== masterCount) return '';
    const own = this.cluster.ids[this.everywhere.findIndex((place) => place.server === server)] ?? '';
    const isWhole = ids.includes(own) || /role:slave[^]*master_link_status:up/.test(await admin.info('replication'));
    return isWhole ? ids.join(' ') : '';
  }
}

const knownAs = ({ server, door }: Place): number => door?.port ?? server.port;
const urlOf = (ports: readonly number[]): string =>
  `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`;

/** Over a connection of its own, which fails where the node does not answer. */
async function slotsAt(url: string): Promise<readonly SlotRow[]> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null, commandTimeout: 500, connectionName: 'rig' });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.cluster('SLOTS')) as unknown as readonly SlotRow[];
  } finally {
    client.disconnect();
  }
}
