/**
 * The ground that is a master with two copies, and three sentinels that watch them: one of the copies takes its place when it is silent.
 *
 * Every server is known by the port of its door, to its copies and to the sentinels; processes ask the sentinels where to go, and reach
 * the servers past the doors.
 */
import type { Redis } from 'ioredis';
import { startWatched, type Watched, watchedName } from '../../support/redis-sentinels.ts';
import { waitFor } from '../../support/wait.ts';
import { type Ground, lasting, type Place } from './ground.ts';
import { rigClient } from './one-server.ts';
import { PromotionWatch, type Stretch } from './promotion-watch.ts';
import { FaultyProxy } from './proxy.ts';
import { WideLane } from './wide-lane.ts';

const copies = 2;
/** What a sentinel answers: where the master is, and where the others are. */
const isAddress = (reply: Buffer): boolean =>
  /^\*\d+\r\n(\$9\r\n127\.0\.0\.1|\*\d+\r\n\$4\r\nname)/.test(reply.toString('latin1', 0, 64));
/** Who has been replaced is told so by the sentinels only after ten seconds. */
const settleLimitMs = 40_000;
/** A master without copies takes nothing new: nobody writes to one that has been replaced and does not know. */
const alone = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '10'];

export class SentinelGround implements Ground {
  readonly url: string;
  /** All of them: one that had not confirmed may be the one that is promoted, when a master that stood still goes on with another. */
  readonly replicas = copies;
  readonly everywhere: readonly (Place & { readonly door: FaultyProxy })[];
  /** A copy publishes what its master has published. */
  readonly ear: Redis;
  readonly #watched: Watched;
  readonly #sentinels: readonly Redis[];
  readonly #watch: PromotionWatch;

  private constructor(watched: Watched, doors: readonly FaultyProxy[]) {
    this.everywhere = [watched.master, ...watched.replicas].flatMap((server, at) => {
      const door = doors[at];
      return door === undefined ? [] : [{ server, door, admin: rigClient(server.url) }];
    });
    this.ear = rigClient(watched.master.url);
    this.url = watched.url;
    this.#watched = watched;
    this.#sentinels = watched.sentinels.map((port) => rigClient(`redis://127.0.0.1:${port}`));
    this.#watch = new PromotionWatch(async () => (await this.#settledMaster())?.toString());
  }

  static async open(): Promise<SentinelGround> {
    const doors = Array.from({ length: 1 + copies }, () => new FaultyProxy(0));
    await Promise.all(doors.map((door) => door.open()));
    return new SentinelGround(await startWatched({ replicas: copies, args: [...lasting, ...alone], doors }), doors);
  }

  lane(): Promise<WideLane> {
    const servers = this.everywhere.map(({ server, door }) => ({ port: server.port, knownAs: door.port }));
    const sentinels = this.#watched.sentinels.map((port) => ({ port, knownAs: port }));
    const urlOf = (ports: readonly number[]): string =>
      `redis+sentinel://${ports
        .slice(servers.length)
        .map((port) => `127.0.0.1:${port}`)
        .join(',')}/${watchedName}`;
    return WideLane.open([...servers, ...sentinels], isAddress, urlOf);
  }

  async masters(): Promise<readonly Place[]> {
    const port = await this.#watched.masterPort();
    return this.everywhere.filter(({ door }) => door.port === port);
  }

  async settle(): Promise<void> {
    for (const { server, door } of this.everywhere) {
      await server.kill('SIGCONT').catch(() => undefined);
      await door.heal();
    }
    await waitFor(() => this.#settledMaster(), { what: 'one master and two copies of it', timeoutMs: settleLimitMs });
  }

  /** As whoever starts it again would: the sentinels take ten seconds to say so. */
  async rejoin({ admin }: Place): Promise<void> {
    await admin.replicaof('127.0.0.1', await this.#watched.masterPort());
  }

  promotions(): Promise<readonly Stretch[]> {
    return this.#watch.stretches();
  }

  async close(): Promise<void> {
    this.#watch.stop();
    for (const client of [...this.everywhere.map(({ admin }) => admin), ...this.#sentinels, this.ear])
      client.disconnect();
    await this.#watched.stop();
    await Promise.all(this.everywhere.map(({ door }) => door.refuse()));
  }

  /** Its port, when all sentinels name the same healthy master, and the others copy it. */
  async #settledMaster(): Promise<number | undefined> {
    const views = await Promise.all(this.#sentinels.map(viewOf));
    const [{ port, flags }] = [views[0] ?? { port: 0, flags: '' }];
    if (flags !== 'master' || views.some((view) => view.port !== port || view.flags !== flags)) return undefined;
    const roles = await Promise.all(
      this.everywhere.map(async ({ door, admin }) => {
        const [role, , of, state] = (await admin.call('role')) as [string, ...unknown[]];
        return door.port === port ? role === 'master' : Number(of) === port && state === 'connected';
      }),
    );
    return roles.every((isRight) => isRight) ? port : undefined;
  }
}

async function viewOf(sentinel: Redis): Promise<{ readonly port: number; readonly flags: string }> {
  const flat = (await sentinel.call('sentinel', 'master', watchedName)) as string[];
  const of = (field: string): string => flat[flat.indexOf(field) + 1] ?? '';
  return { port: Number(of('port')), flags: of('flags') };
}
