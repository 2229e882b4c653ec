/**
 * The Redis side of the contract suite: one private server, or a cluster of three, per test file, a fleet name of its own per test.
 *
 * It stands alone because it is all that the suite knows about Redis.
 */
import { Cluster, Redis } from 'ioredis';
import { expect } from 'vitest';
import { Observer } from '../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../src/core/system.ts';
import { RedisBroker } from '../../src/redis/broker.ts';
import { redisOutsider } from '../support/outsider.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import type { FleetOptions, Member, Retention, Stage } from './harness.ts';

/** As short as a test may be slow: what takes longer is broken. */
const limitMs = 15_000;

export class RedisFarm {
  readonly #kind: 'redis' | 'cluster';
  #url = '';
  #servers: readonly RedisServer[] = [];
  /** One for each server. */
  #admins: readonly Redis[] = [];
  /** Finds keys wherever they are. */
  #admin: Redis | Cluster | undefined;
  #fleets = 0;

  constructor(kind: 'redis' | 'cluster') {
    this.#kind = kind;
  }

  async start(): Promise<void> {
    if (this.#kind === 'redis') {
      this.#servers = [await startRedis()];
      this.#url = this.#servers[0]?.url ?? '';
    } else {
      const { url, masters } = await startCluster();
      [this.#url, this.#servers] = [url, masters];
    }
    this.#admins = this.#servers.map(({ url }) => new Redis(url, { connectionName: 'admin' }));
    this.#admin = this.#kind === 'redis' ? this.#admins[0] : new Cluster(this.#servers.map(({ url }) => url));
  }

  async stop(): Promise<void> {
    this.#admin?.disconnect();
    for (const admin of this.#admins) admin.disconnect();
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  stage({ waiterLeaseMs, ...retention }: FleetOptions & Retention): Stage {
    const url = this.#url;
    const fleet = `t${++this.#fleets}`;
    return {
      kind: this.#kind,
      make: (address) =>
        new RedisBroker({
          url,
          fleet,
          classic: false,
          address,
          clock: systemClock,
          random: systemRandom,
          observer: new Observer(),
          retention,
          ...(waiterLeaseMs !== undefined && { waiterLeaseMs }),
        }),
      async pass(ms) {
        const until = systemClock.monotonic() + ms;
        await waitFor(() => systemClock.monotonic() >= until, { what: `${ms} ms to pass`, timeoutMs: ms + limitMs });
      },
      eventually: (check, what) => waitFor(check, { what, timeoutMs: limitMs }) as never,
      ended: (promise) => promise,
      cut: (member) => this.#cut(member),
      restore: () => Promise.resolve(),
      outsider: redisOutsider(
        () => this.#admin ?? expect.fail('the farm has not started'),
        fleet,
        this.#kind === 'cluster',
      ),
      lose: async () => void (await Promise.all(this.#admins.map((admin) => admin.flushall()))),
    };
  }

  /** Kills every connection of the process, by the name it gave them. */
  async #cut({ address }: Member): Promise<void> {
    const killed = await Promise.all(
      this.#admins.map(async (admin) => {
        const list = String(await admin.client('LIST')).split('\n');
        const lines = list.filter((line) => nameOf(line) === address || nameOf(line).startsWith(`${address}:`));
        for (const line of lines) await admin.client('KILL', 'ID', /\bid=(\d+)/.exec(line)?.[1] ?? '');
        return lines.length;
      }),
    );
    if (killed.every((count) => count === 0)) throw new Error(`expected connections of ${address}, got: none`);
  }
}

function nameOf(line: string): string {
  return /\bname=(\S*)/.exec(line)?.[1] ?? '';
}
