/**
 * Where histories are played: lanes with a fleet in memory and a fleet on one real Redis each, all under one time.
 *
 * The server's clock stands still (server-time.c) and is moved together with the virtual clock of the memory fleets, so that what expires
 * does so on both sides in the same moment, an hour costs nothing, and no machine is too slow for a short lease.
 */
import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { Broker } from '../../src/broker/broker.ts';
import { Observer } from '../../src/core/observer.ts';
import { systemClock } from '../../src/core/system.ts';
import { MemoryBroker } from '../../src/memory/broker.ts';
import { MemoryFleet } from '../../src/memory/fleet.ts';
import { RedisBroker } from '../../src/redis/broker.ts';
import type { RedisTarget } from '../../src/redis/target.ts';
import { SeededRandom } from '../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { memoryOutsider, redisOutsider } from '../support/outsider.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { gatherWrites } from './gather-writes.ts';
import { processes, Side } from './side.ts';

/** What both brokers of a lane are told. */
export const settings = { retention: { events: 6, eventsAgeMs: 40_995 }, waiterLeaseMs: 10_995 } as const;

/** Breaks the memory broker of a history on purpose. */
export interface Plant {
  readonly name: string;
  readonly fleet?: (deps: ConstructorParameters<typeof MemoryFleet>[0]) => MemoryFleet;
  readonly broker?: (broker: Broker, fleet: MemoryFleet) => Broker;
}

export interface Lane {
  readonly redis: Side;
  /** A new fleet for the next history, broken where a plant says so. */
  memory(seed: number, plant?: Plant): Promise<Side>;
  /** Resolves to whether a read of tasks by this process is blocked on the server. */
  isBlocked(by: string): Promise<boolean>;
}

const startMs = 1_700_000_000_000;

export class Stage {
  readonly #folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  #clock = new VirtualClock(startMs);
  readonly #time: number;
  readonly #closing: (() => Promise<unknown>)[] = [];
  #server: RedisServer | undefined;
  #admin: Redis | undefined;
  readonly lanes: Lane[] = [];

  constructor() {
    this.#time = openSync(this.#timeFile, 'w+');
    this.#setTime();
  }

  async start(lanes: number): Promise<void> {
    const library = join(this.#folder, 'server-time.so');
    await compile(library);
    const env = { LD_PRELOAD: library, SERVER_TIME: this.#timeFile };
    this.#server = await startRedis({ env });
    const scatter = gatherWrites(this.#server.socketPath);
    this.#closing.push(() => Promise.resolve(scatter()));
    this.#admin = new Redis(this.#server.socketPath, { connectionName: 'admin' });
    for (let index = 0; index < lanes; index++) this.lanes.push(await this.#openLane(index));
  }

  async stop(): Promise<void> {
    for (const close of this.#closing) await close();
    this.#admin?.disconnect();
    await this.#server?.stop();
    closeSync(this.#time);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get now(): number {
    return this.#clock.now();
  }

  /** Moves the time of every lane. */
  async pass(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    this.#setTime();
  }

  /** Forgets what the histories have left on the server, and begins at the beginning of time again. */
  async clear(): Promise<void> {
    await this.#admin?.flushall();
    this.#clock = new VirtualClock(startMs);
    this.#setTime();
  }

  get #timeFile(): string {
    return join(this.#folder, 'time');
  }

  #setTime(): void {
    const micros = Buffer.alloc(8);
    micros.writeBigInt64LE(BigInt(this.#clock.now()) * 1_000n);
    writeSync(this.#time, micros, 0, micros.length, 0);
  }

  /** Each has a database of its own: what all fleets of a database share would be shared by the lanes. */
  async #openLane(db: number): Promise<Lane> {
    const fleet = `f${db}`;
    const target = { path: this.#server?.socketPath ?? '', db };
    const brokers = new Map<string, Broker>();
    for (const by of processes.keys()) {
      const broker = this.#redisBroker(fleet, by, target);
      this.#closing.push(() => broker.stop());
      await broker.start();
      brokers.set(by, broker);
    }
    const visitor = new Redis({ ...target, connectionName: 'outsider' });
    this.#closing.push(() => Promise.resolve(visitor.disconnect()));
    const outsider = redisOutsider(() => visitor, fleet);
    const redis = new Side({ kind: 'redis', brokers, outsider, settle: () => Promise.resolve() });
    await redis.start();
    return {
      redis,
      memory: (seed, plant) => this.#memory(seed, plant),
      isBlocked: async (by) => {
        const list = String(await this.#admin?.client('LIST'));
        return list
          .split('\n')
          .some((line) => line.includes(` name=${fleet}.${by}:blocking `) && / flags=\w*b/.test(line));
      },
    };
  }

  #redisBroker(fleet: string, by: string, url: RedisTarget): RedisBroker {
    const random = new SeededRandom(1);
    const [address, observer] = [`${fleet}.${by}`, new Observer()];
    const deps = { fleet, address, classic: false, clock: systemClock, random, observer, mailShards: 4 };
    return new RedisBroker({ url, ...deps, ...settings });
  }

  async #memory(seed: number, plant: Plant | undefined): Promise<Side> {
    const clock = this.#clock;
    const deps = { clock, random: new SeededRandom(seed), ...settings };
    const fleet = plant?.fleet?.(deps) ?? new MemoryFleet(deps);
    const brokers = new Map<string, Broker>();
    for (const address of processes.keys()) {
      const broker: Broker = new MemoryBroker({ fleet, address });
      await broker.start();
      brokers.set(address, plant?.broker?.(broker, fleet) ?? broker);
    }
    const outsider = memoryOutsider(() => fleet);
    const side = new Side({ kind: 'memory', brokers, outsider, settle: () => clock.settle() });
    await side.start();
    return side;
  }
}

/** The library that holds a server's clock still. */
async function compile(library: string): Promise<void> {
  const source = join(import.meta.dirname, 'server-time.c');
  try {
    await promisify(execFile)('cc', ['-shared', '-fPIC', '-O2', '-o', library, source]);
  } catch (cause) {
    const mend =
      'It compiles the few lines of C that hold the time of redis-server still: install gcc or clang (Linux).';
    throw new Error(`expected "cc" to compile server-time.c, got: ${String(cause)}\n${mend}`, { cause });
  }
}
