/**
 * Runs one suite over every broker: on memory under virtual time, and on Redis with a private server per test file; on a Redis Cluster
 * too where a suite says so, and all of them with CONTRACT=cluster in the environment (`npm run contract:cluster`).
 *
 * A test gets an empty fleet and connects processes to it. It never looks at a clock: time is let `pass`, and what comes
 * about by itself is waited for with `eventually`, whose limit is generous on both sides.
 */
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import type { Broker, BrokerInfo } from '../../src/broker/broker.ts';
import type { Frame } from '../../src/broker/frame.ts';
import { MemoryBroker } from '../../src/memory/broker.ts';
import { MemoryFleet } from '../../src/memory/fleet.ts';
import { SeededRandom } from '../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { memoryOutsider, type Outsider } from '../support/outsider.ts';
import { RedisFarm } from './redis-farm.ts';

/** A started broker, the address of its process, and what its start told. */
export type Member = Broker & { readonly address: string; readonly info: BrokerInfo };

export interface Retention {
  readonly events: number;
  readonly eventsAgeMs: number;
}

/** What a test may want to be other than usual. */
export interface FleetOptions extends Partial<Retention> {
  readonly waiterLeaseMs?: number;
}

/** What a test needs of the world around its brokers. */
export interface Stage {
  readonly kind: 'memory' | 'redis' | 'cluster';
  make(address: string): Broker;
  pass(ms: number): Promise<void>;
  /** Resolves with the first truthy value; fails when there is none for a long time. */
  eventually<T>(check: () => Promise<T> | T, what: string): Promise<Exclude<T, false | undefined | null | 0 | ''>>;
  /** Resolves as `promise` does, letting as much time pass as it needs. */
  ended<T>(promise: Promise<T>): Promise<T>;
  /** Takes away the links of a process. */
  cut(member: Member): Promise<void>;
  /** Gives them back, where that does not happen by itself. */
  restore(member: Member): Promise<void>;
  readonly outsider: Outsider;
  /** The broker loses everything it stored. Only processes that connect afterwards are of use then. */
  lose(): Promise<void>;
}

export interface TestFleet extends Omit<Stage, 'make'> {
  /** A process of the fleet; stopped after the test. */
  connect(address?: string): Promise<Member>;
  /** A process that is a present node. */
  join(address?: string, leaseMs?: number): Promise<Member>;
}

const plenty: Retention = { events: 100_000, eventsAgeMs: 3_600_000 };

type Body = (open: (options?: FleetOptions) => Promise<TestFleet>, kind: Stage['kind']) => void;

/** Declares `body`'s tests once for each broker. `open` makes an empty fleet inside a test. */
export function describeBrokers(title: string, body: Body): void {
  if (process.env.CONTRACT === 'cluster') return describeRedis(title, body, 'cluster');
  describe(`${title} (memory)`, () => {
    body((options) => Promise.resolve(openFleet(memoryStage({ ...plenty, ...options }))), 'memory');
  });
  describeRedis(title, body, 'redis');
}

/** On a cluster, too: a sample of the suite, since a cluster takes seconds to stand up. */
export function describeEverywhere(title: string, body: Body): void {
  describeBrokers(title, body);
  if (process.env.CONTRACT !== 'cluster') describeRedis(title, body, 'cluster');
}

function describeRedis(title: string, body: Body, kind: 'redis' | 'cluster'): void {
  describe(`${title} (${kind})`, () => {
    const farm = new RedisFarm(kind);
    beforeAll(() => farm.start());
    afterAll(() => farm.stop());
    body((options) => Promise.resolve(openFleet(farm.stage({ ...plenty, ...options }))), kind);
  });
}

function openFleet(stage: Stage): TestFleet {
  let made = 0;
  const connect = async (address = `p${++made}`): Promise<Member> => {
    const broker = stage.make(address);
    onTestFinished(() => broker.stop());
    const info = await stage.ended(broker.start());
    return Object.assign(broker, { address, info });
  };
  return {
    kind: stage.kind,
    pass: (ms) => stage.pass(ms),
    eventually: (check, what) => stage.eventually(check, what),
    ended: (promise) => stage.ended(promise),
    cut: (member) => stage.cut(member),
    restore: (member) => stage.restore(member),
    lose: () => stage.lose(),
    outsider: stage.outsider,
    connect,
    async join(address, leaseMs = 600_000) {
      const member = await connect(address);
      await member.presence.join(nodeInfo(member.address), leaseMs);
      return member;
    },
  };
}

function memoryStage({ waiterLeaseMs, ...retention }: FleetOptions & Retention): Stage {
  const clock = new VirtualClock();
  const deps = { clock, random: new SeededRandom(1), retention, ...(waiterLeaseMs !== undefined && { waiterLeaseMs }) };
  let fleet = new MemoryFleet(deps);
  const brokers = new WeakMap<object, MemoryBroker>();
  return {
    kind: 'memory',
    make(address) {
      const broker = new MemoryBroker({ fleet, address });
      brokers.set(broker, broker);
      return broker;
    },
    pass: (ms) => clock.advance(ms),
    async eventually(check, what) {
      for (let waitedMs = 0; waitedMs <= 60_000; waitedMs += 10) {
        await clock.settle();
        const value = await check();
        if (value) return value as Exclude<typeof value, false | undefined | null | 0 | ''>;
        await clock.advance(10);
      }
      throw new Error(`expected ${what} within a minute of virtual time`);
    },
    ended: (promise) => clock.until(promise),
    cut: (member) => Promise.resolve(brokers.get(member)?.cutLink()),
    restore: (member) => Promise.resolve(brokers.get(member)?.restoreLink()),
    outsider: memoryOutsider(() => fleet),
    async lose() {
      fleet = new MemoryFleet(deps);
      await clock.settle();
    },
  };
}

export function nodeInfo(node: string) {
  return { node, host: 'host', pid: 1, startedAt: 1_700_000_000_000, status: '{}' };
}

let frames = 0;

/** A frame that no other frame knows of, unless `options` says how they hang together. */
export function frame<Op>(
  tag: string,
  ops: readonly Op[],
  options: { sender?: string; seq?: number; prev?: number; known?: number; leased?: boolean } = {},
): Frame<Op> {
  const { sender = 'client', seq = ++frames, prev = 0, known = 0, leased = false } = options;
  return { tag, sender, seq, prev, known, leased, ops };
}
