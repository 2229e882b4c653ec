/**
 * The stage: a private Redis, one faulty proxy for each process, the workers, the clients, and the rig's own look at the server through a
 * door that never fails.
 *
 * A stage lives for several rounds; everything that it began ends with `close`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { connect } from '../../../src/compose/connect.ts';
import type { Fleet } from '../../../src/compose/fleet.ts';
import { decodeNotice, recordsOf } from '../../../src/redis/notice-wire.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait.ts';
import { fleetName, now, type Timing } from './contracts.ts';
import { LedgerReader } from './ledger.ts';
import { Slot } from './nodes.ts';
import { FaultyProxy } from './proxy.ts';
import { GuardedResource } from './resource.ts';

export interface StageOptions {
  readonly timing: Timing;
  readonly nodes: number;
  readonly clients: number;
  /** Its server keeps nothing on disk, and its rounds take its data away. */
  readonly destroying: boolean;
}

interface StageParts {
  readonly folder: string;
  readonly server: RedisServer;
  /** The address that the rig itself uses, whichever server is behind it. */
  readonly door: FaultyProxy;
  readonly ledger: LedgerReader;
  readonly resource: GuardedResource;
  readonly slots: readonly Slot[];
  readonly proxies: readonly FaultyProxy[];
  readonly clients: readonly Fleet[];
  readonly admin: Redis;
  readonly announced: SettleNotices;
}

const lasting = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
/** Without files, and with copies made at once. */
export const forgetful = ['--appendonly', 'no', '--save', '', '--repl-diskless-sync-delay', '0'];

export class Stage implements StageParts {
  readonly folder: string;
  readonly door: FaultyProxy;
  readonly ledger: LedgerReader;
  readonly resource: GuardedResource;
  readonly slots: readonly Slot[];
  /** One for each slot, then one for each client. */
  readonly proxies: readonly FaultyProxy[];
  readonly clients: readonly Fleet[];
  /** Through the door. */
  readonly admin: Redis;
  /** When each task was said to be settled, on the wire. */
  readonly announced: SettleNotices;
  /** When data was destroyed: before anything of it was gone. */
  readonly destructions: number[] = [];
  /** When the server was killed that keeps a file. */
  readonly kills: number[] = [];
  #server: RedisServer;
  /** Held by what must not be disturbed: a node fault, or a measurement of recovery. */
  #quiet: Promise<unknown> | undefined;

  private constructor(parts: StageParts) {
    const { folder, server, door, ledger, resource, slots, proxies, clients, admin, announced } = parts;
    this.folder = folder;
    this.#server = server;
    this.door = door;
    this.ledger = ledger;
    this.resource = resource;
    this.slots = slots;
    this.proxies = proxies;
    this.clients = clients;
    this.admin = admin;
    this.announced = announced;
  }

  static async open({ timing, nodes, clients, destroying }: StageOptions): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'chaos-rig-'));
    const server = await startRedis({ args: destroying ? forgetful : lasting });
    const path = join(folder, 'ledger.jsonl');
    const ledger = new LedgerReader(path);
    const resource = new GuardedResource(now);
    const port = await resource.listen();
    const proxies = Array.from({ length: nodes + clients }, () => new FaultyProxy(server.port));
    const door = new FaultyProxy(server.port);
    await Promise.all([...proxies, door].map((proxy) => proxy.open()));
    const isReady = (pid: number): boolean => {
      ledger.read();
      return ledger.ready.has(pid);
    };
    const slots = proxies.slice(0, nodes).map((proxy, at) => {
      const log = join(folder, `worker-${at}.log`);
      return new Slot({ timing, redis: proxy.url, ledger: path, log, resource: port, isReady });
    });
    const admin = new Redis(door.url, { retryStrategy: () => 50, maxRetriesPerRequest: null, connectionName: 'rig' });
    admin.on('error', () => {});
    const announced = listenToSettles(admin);
    await Promise.all(slots.map((slot) => slot.ready()));
    const urls = proxies.slice(nodes).map((proxy) => proxy.url);
    const members = await Promise.all(urls.map((redis) => connect({ redis, fleet: fleetName })));
    return new Stage({ folder, server, door, ledger, resource, slots, proxies, clients: members, admin, announced });
  }

  /** A client of its own that no fault of a link touches. */
  direct(): Promise<Fleet> {
    return connect({ redis: this.door.url, fleet: fleetName });
  }

  get server(): RedisServer {
    return this.#server;
  }

  /** Every address leads to another server from now on; the one before is ended. */
  async moveTo(server: RedisServer): Promise<void> {
    const before = this.#server;
    this.#server = server;
    for (const proxy of [...this.proxies, this.door]) proxy.aim(server.port);
    await before.stop();
  }

  /** Everything as it should be, and every worker up. */
  async heal(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.heal()));
    await this.server.kill('SIGCONT').catch(() => undefined);
    for (const slot of this.slots) slot.signal('SIGCONT');
    await this.admin.config('SET', 'maxmemory', '0');
    await Promise.all(this.slots.map((slot) => slot.ready()));
  }

  /** Runs `work` while nothing else runs that wants to be alone. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#quiet !== undefined) await this.#quiet;
    return this.#run(work);
  }

  /** The same, or nothing when somebody else is at it. */
  async tryAlone(work: () => Promise<void>): Promise<void> {
    if (this.#quiet === undefined) await this.#run(work);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    const quiet = running.then(
      () => undefined,
      () => undefined,
    );
    this.#quiet = quiet;
    try {
      return await running;
    } finally {
      this.#quiet = undefined;
    }
  }

  /** Ends everything; keeps the folder with the ledger when it is still needed. */
  async close({ keep }: { keep: boolean }): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.close()));
    await this.server.kill('SIGCONT').catch(() => undefined);
    await Promise.all(this.clients.map((client) => client.close().catch(() => undefined)));
    await Promise.all(this.proxies.map((proxy) => proxy.refuse()));
    await this.door.refuse();
    this.resource.close();
    this.ledger.close();
    this.admin.disconnect();
    this.announced.subscriber.disconnect();
    await this.#server.stop();
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }
}

class SettleNotices extends Map<string, readonly number[]> {
  readonly subscriber: Redis;
  constructor(subscriber: Redis) {
    super();
    this.subscriber = subscriber;
  }
}

/** A listener on the wire: what a restarted Redis or a killed subscriber takes from it is missing, and nothing comes twice. */
function listenToSettles(admin: Redis): SettleNotices {
  const settles = new SettleNotices(admin.duplicate({ connectionName: 'rig' }));
  settles.subscriber.on('error', () => {});
  settles.subscriber.on('pmessage', (_pattern: string, _channel: string, text: string) => {
    for (const record of recordsOf(text)) {
      const notice = decodeNotice(record);
      if (notice.kind === 'settled') settles.set(notice.taskId, [...(settles.get(notice.taskId) ?? []), now()]);
    }
  });
  void settles.subscriber.psubscribe(`rt:${fleetName}:*:to:*`);
  return settles;
}

/** Waits until `check` holds; false when it does not within the time. */
export async function holds(check: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  return waitFor(check, { what: 'it to hold', timeoutMs }).then(
    () => true,
    () => false,
  );
}
