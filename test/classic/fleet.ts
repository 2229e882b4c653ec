/**
 * A fleet with classic agents beside it, for tests: a private server, nodes that have the bridge, and a raw client that plays whatever a
 * real one would not do.
 */
import { Agent, connect, type Fleet, onTask, pool, startFleet, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import type { Hosting } from '../../src/agent/hosting.ts';
import type { RuntimeOptions } from '../../src/config/config.ts';
import { Observer } from '../../src/core/observer.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

export interface ClassicStage {
  readonly server: RedisServer;
  readonly raw: Redis;
  /** Starts a node of the fleet; stopped after the test. */
  start(options: RuntimeOptions): Promise<{ readonly node: string; readonly fleet: Fleet; stop(): Promise<void> }>;
  client(): Promise<Fleet>;
}

/** One server for the tests of a file, empty for each of them. */
export function classicStage(): ClassicStage {
  let server: RedisServer;
  let raw: Redis;
  beforeAll(async () => {
    server = await startRedis();
    raw = new Redis(server.url);
  });
  afterAll(async () => {
    raw.disconnect();
    await server.stop();
  });
  beforeEach(() => raw.flushall());
  return {
    get server() {
      return server;
    },
    get raw() {
      return raw;
    },
    async start(options) {
      const running = await startFleet(
        { redis: server.url, classic: true, ...options },
        { observer: new Observer(), env: {} },
      );
      onTestFinished(() => running.stop({ graceMs: 0 }));
      return running;
    },
    async client() {
      const fleet = await connect({ redis: server.url, classic: true });
      onTestFinished(() => fleet.close());
      return fleet;
    },
  };
}

export interface Ran {
  readonly name: string;
  readonly input: unknown;
  readonly from: string;
}

/** A class that does tasks of two names, and what it has done. */
export function auditor(role = 'audit'): { readonly ran: readonly Ran[]; readonly agents: readonly Hosting[] } {
  const ran: Ran[] = [];
  class AuditAgent extends Agent {
    static readonly role = role;
    @onTask('check') check(task: Task): unknown {
      ran.push({ name: 'check', input: task.input, from: task.from });
      return { checked: task.input };
    }
    @onTask('fail', undefined, undefined, { retries: 0 }) fail(task: Task): never {
      ran.push({ name: 'fail', input: task.input, from: task.from });
      throw new Error('the disk is full');
    }
  }
  return { ran, agents: [pool(AuditAgent, { size: 2 })] };
}
