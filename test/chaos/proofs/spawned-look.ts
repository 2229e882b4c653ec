/**
 * One look at what the broker itself says of spawned agents: who stands in the roster, and whose id somebody present holds.
 *
 * By somebody who is no part of the fleet; the grants in their course are failover-watch.ts's affair.
 */
import { Redis } from 'ioredis';
import { nameOfAgent } from '../../../src/client/roster-record.ts';
import { Keys } from '../../../src/redis/keys.ts';
import { fleetName } from './held.ts';

export interface Sight {
  /** Names of all records of the roster. */
  readonly enrolled: ReadonlySet<string>;
  /** Of the ids that were asked for, those that a present node holds. */
  readonly live: ReadonlySet<string>;
}

export class SpawnedLook {
  readonly #redis: Redis;
  readonly #keys = new Keys({ fleet: fleetName, db: 0, classic: false });

  constructor(url: string) {
    this.#redis = new Redis(url, { connectionName: 'rig' });
    this.#redis.on('error', () => {});
  }

  async see(ids: readonly string[]): Promise<Sight> {
    const names = await this.#redis.hkeys(this.#keys.roster.records);
    const records = ids.length === 0 ? [] : await this.#redis.hmget(this.#keys.mail('m0').directory, ...ids);
    const owners = records.map((record) => record?.split('\x1f')[0] ?? '');
    const leases = await Promise.all(owners.map((owner) => this.#redis.exists(this.#keys.lease(owner)))); // nobody has none
    return { enrolled: new Set(names), live: new Set(ids.filter((_, at) => leases[at] === 1)) };
  }

  /** Of these ids, those that have not ended. */
  async leftOf(ids: readonly string[]): Promise<readonly string[]> {
    const { enrolled, live } = await this.see(ids);
    return ids.filter((id) => enrolled.has(nameOfAgent(id)) || live.has(id));
  }

  close(): void {
    this.#redis.disconnect();
  }
}
