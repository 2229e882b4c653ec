/**
 * The Redis side of the contract suite: one private server per test file, a fleet name of its own per test.
 *
 * It stands alone because it is all that the suite knows about Redis.
 */
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { Observer } from '../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../src/core/system.ts';
import { RedisBroker } from '../../src/redis/broker.ts';
import { redisOutsider } from '../support/outsider.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import type { FleetOptions, Member, Retention, Stage } from './harness.ts';

/** As short as a test may be slow: what takes longer is broken. */
const limitMs = 15_000;

export class RedisFarm {
  #server: RedisServer | undefined;
  #admin: Redis | undefined;
  #fleets = 0;

  async start(): Promise<void> {
    this.#server = await startRedis();
    this.#admin = new Redis(this.#server.url, { connectionName: 'admin' });
  }

  async stop(): Promise<void> {
    this.#admin?.disconnect();
    await this.#server?.stop();
  }

  stage({ waiterLeaseMs, ...retention }: FleetOptions & Retention): Stage {
    const url = this.#server?.url ?? '';
    const fleet = `t${++this.#fleets}`;
    return {
      kind: 'redis',
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
      outsider: redisOutsider(() => this.#admin ?? expect.fail('the farm has not started'), fleet),
      lose: async () => void (await this.#admin?.flushall()),
    };
  }

  /** Kills every connection of the process, by the name it gave them. */
  async #cut({ address }: Member): Promise<void> {
    const list = String(await this.#admin?.client('LIST'));
    const lines = list.split('\n').filter((line) => nameOf(line) === address || nameOf(line).startsWith(`${address}:`));
    if (lines.length === 0) throw new Error(`expected connections of ${address}, got:\n${list}`);
    for (const line of lines) await this.#admin?.client('KILL', 'ID', /\bid=(\d+)/.exec(line)?.[1] ?? '');
  }
}

function nameOf(line: string): string {
  return /\bname=(\S*)/.exec(line)?.[1] ?? '';
}
