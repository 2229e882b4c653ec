/**
 * What a heartbeat costs a real Redis, counted by the server itself: as much for ten thousand agents as for ten, also on a node that
 * stands by for all of them.
 *
 * Counted from beat to beat and not by a clock, once nothing else goes on: what an agent costs at its start is another matter.
 */
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { Agent } from '../../src/agent/agent.ts';
import { onMessage } from '../../src/agent/decorators.ts';
import { type Hosting, pool, single } from '../../src/agent/hosting.ts';
import { startFleet } from '../../src/compose/start-fleet.ts';
import { Keys } from '../../src/redis/keys.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';

const fleet = 'cost';
const { presence } = new Keys({ fleet, db: 0, classic: false });
const timing = { presenceLease: '60s', heartbeat: '200ms' } as const;
const beatsCounted = 20;
const quietBeats = 3;
const stopLimitMs = 120_000;
/** What the test asks by itself. */
const own = new Set(['get', 'info']);
/** Of a renewal. Nothing else in a fleet at rest uses these, so they are exactly as many. */
const renewal = ['pexpireat', 'hset', 'zadd', 'incr'] as const;

type Counts = ReadonlyMap<string, number>;

class Server {
  readonly url: string;
  readonly #redis: Redis;

  private constructor(url: string) {
    this.url = url;
    this.#redis = new Redis(url);
  }

  static async open(): Promise<Server> {
    const redis = await startRedis();
    const server = new Server(redis.url);
    onTestFinished(async () => {
      server.#redis.disconnect();
      await redis.stop();
    });
    return server;
  }

  async node(agents: readonly Hosting[]): Promise<void> {
    const running = await startFleet({ redis: this.url, fleet, agents, timing });
    onTestFinished(() => running.stop({ graceMs: 0 }), stopLimitMs);
    await this.#quiet();
  }

  /** Commands per beat, over some beats. */
  async costs(): Promise<Counts> {
    const before = await this.#counts();
    await this.#after(beatsCounted);
    const after = await this.#counts();
    const beats = (after.get('incr') ?? 0) - (before.get('incr') ?? 0);
    return new Map([...after].map(([name, calls]) => [name, (calls - (before.get(name) ?? 0)) / beats]));
  }

  /** Some beats have gone by in which nothing but renewals was written. */
  async #quiet(): Promise<void> {
    const written = async (): Promise<number> => {
      const counts = await this.#counts();
      return (counts.get('hset') ?? 0) - (counts.get('incr') ?? 0);
    };
    for (let still = 0, last = -1; still < quietBeats; ) {
      await this.#after(1);
      const next = await written();
      still = next === last ? still + 1 : 0;
      last = next;
    }
  }

  async #after(beats: number): Promise<void> {
    const count = async (): Promise<number> => Number(await this.#redis.get(presence.beats));
    const until = (await count()) + beats;
    await waitFor(async () => (await count()) >= until, { what: `${beats} more beats`, timeoutMs: 60_000 });
  }

  async #counts(): Promise<Counts> {
    const lines = (await this.#redis.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
    return new Map(
      [...lines].map(([, name = '', calls]) => [name, Number(calls)] as const).filter(([name]) => !own.has(name)),
    );
  }
}

/** A server at which `nodes` are at rest. */
async function atRest(...nodes: readonly (readonly Hosting[])[]): Promise<Server> {
  const server = await Server.open();
  for (const agents of nodes) await server.node(agents);
  return server;
}

/** What a beat costs each of two servers, counted in the same time. */
function costsOf(few: Server, many: Server): Promise<[Counts, Counts]> {
  return Promise.all([few.costs(), many.costs()]);
}

/**
 * The same, command by command. What is asked for ten thousand agents by the page is 79 calls. Duties that go by the clock run more often
 * in a beat that comes late.
 */
function expectSame(few: Counts, many: Counts): void {
  const names = new Set([...few.keys(), ...many.keys()]);
  const more = [...names].filter((name) => Math.abs((many.get(name) ?? 0) - (few.get(name) ?? 0)) >= 10);
  expect(more).toEqual([]);
  for (const name of renewal) expect(many.get(name)).toBe(few.get(name));
}

class CrowdAgent extends Agent {
  static readonly role = 'crowd';
  @onMessage('ping') ping(): void {}
}

function singles(count: number): readonly Hosting[] {
  return Array.from({ length: count }, (_, at) => {
    class OneAgent extends Agent {
      static readonly role = `one-${at}`;
      @onMessage('ping') ping(): void {}
    }
    return single(OneAgent);
  });
}

test('ten thousand agents of a node cost as many commands a heartbeat as ten', async () => {
  const few = await atRest([pool(CrowdAgent, { size: 10 })]);
  expectSame(...(await costsOf(few, await atRest([pool(CrowdAgent, { size: 10_000 })]))));
}, 240_000);

test('a node that stands by for two thousand singles costs as many commands a heartbeat as one that stands by for ten', async () => {
  const few = await atRest(singles(10), singles(10));
  expectSame(...(await costsOf(few, await atRest(singles(2_000), singles(2_000)))));
}, 360_000);
