/**
 * The ground that is one server: everybody has a faulty proxy to it, and the rig a door that never fails.
 */
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { forgetful, type Ground, lasting, type Nature, type Place } from './ground.ts';
import { FaultyProxy } from './proxy.ts';

export class OneServer implements Ground {
  readonly replicas = 0;
  readonly admin: Redis;
  readonly ear: Redis;
  /** The address that the rig itself uses, whichever server is behind it. */
  readonly #door: FaultyProxy;
  readonly #lanes: FaultyProxy[] = [];
  #server: RedisServer;

  private constructor(server: RedisServer, door: FaultyProxy) {
    this.#server = server;
    this.#door = door;
    this.admin = rigClient(door.url);
    this.ear = rigClient(door.url);
  }

  static async open(nature: Nature): Promise<OneServer> {
    const server = await startRedis({ args: nature === 'destroying' ? forgetful : lasting });
    const door = new FaultyProxy(server.port);
    await door.open();
    return new OneServer(server, door);
  }

  get url(): string {
    return this.#door.url;
  }

  get server(): RedisServer {
    return this.#server;
  }

  get everywhere(): readonly Place[] {
    return [{ server: this.#server, admin: this.admin }];
  }

  async lane(): Promise<FaultyProxy> {
    const lane = new FaultyProxy(this.#server.port);
    await lane.open();
    this.#lanes.push(lane);
    return lane;
  }

  masters(): Promise<readonly Place[]> {
    return Promise.resolve(this.everywhere);
  }

  /** Every address leads to another server from now on; the one before is ended. */
  async moveTo(server: RedisServer): Promise<void> {
    const before = this.#server;
    this.#server = server;
    for (const proxy of [...this.#lanes, this.#door]) proxy.aim(server.port);
    await before.stop();
  }

  async settle(): Promise<void> {
    await this.#server.kill('SIGCONT').catch(() => undefined);
  }

  async close(): Promise<void> {
    this.admin.disconnect();
    this.ear.disconnect();
    await this.#door.refuse();
    await this.#server.stop();
  }
}

/** A connection of the rig itself, which comes back by itself. */
export function rigClient(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null, connectionName: 'rig' });
  client.on('error', () => {});
  return client;
}
