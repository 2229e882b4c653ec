/**
 * The stage: the ground with its servers, one faulty way to them for each process, the workers, the clients, and the rig's own look at the
 * servers.
 *
 * A stage lives for several rounds; everything that it began ends with `close`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { connect } from '../../../src/compose/connect.ts';
import type { Fleet } from '../../../src/compose/fleet.ts';
import { decodeNotice, recordsOf } from '../../../src/redis/notice-wire.ts';
import { waitFor } from '../../support/wait.ts';
import { ClusterGround } from './cluster-ground.ts';
import { fleetName, now, type Timing } from './contracts.ts';
import type { Ground, GroundName, Nature } from './ground.ts';
import { LedgerReader } from './ledger.ts';
import { Slot } from './nodes.ts';
import { OneServer } from './one-server.ts';
import type { Lane } from './proxy.ts';
import { GuardedResource } from './resource.ts';
import { SentinelGround } from './sentinel-ground.ts';

export interface StageOptions {
  readonly timing: Timing;
  readonly nodes: number;
  readonly clients: number;
  readonly on: GroundName;
  readonly nature: Nature;
}

/** From and to, on the machine's clock. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

interface StageParts {
  readonly folder: string;
  readonly ground: Ground;
  readonly ledger: LedgerReader;
  readonly resource: GuardedResource;
  readonly slots: readonly Slot[];
  readonly lanes: readonly Lane[];
  readonly clients: readonly Fleet[];
  readonly announced: SettleNotices;
}

const directLimitMs = 15_000;
const grounds = { server: OneServer, cluster: ClusterGround, sentinel: SentinelGround } as const;

export class Stage implements StageParts {
  readonly folder: string;
  readonly ground: Ground;
  readonly ledger: LedgerReader;
  readonly resource: GuardedResource;
  readonly slots: readonly Slot[];
  /** One for each slot, then one for each client. */
  readonly lanes: readonly Lane[];
  readonly clients: readonly Fleet[];
  /** When each task was said to be settled, on the wire. */
  readonly announced: SettleNotices;
  /** When data was destroyed: before anything of it was gone. */
  readonly destructions: number[] = [];
  /** When a server was killed that keeps a file. */
  readonly kills: number[] = [];
  /** When a server was, or may have been, replaced by its copy: since it was out of order, until all copies were whole again. */
  readonly promotions: Stretch[] = [];
  /** Held by what must not be disturbed: a node fault, or a measurement of recovery. */
  #quiet: Promise<unknown> | undefined;

  private constructor(parts: StageParts) {
    const { folder, ground, ledger, resource, slots, lanes, clients, announced } = parts;
    this.folder = folder;
    this.ground = ground;
    this.ledger = ledger;
    this.resource = resource;
    this.slots = slots;
    this.lanes = lanes;
    this.clients = clients;
    this.announced = announced;
  }

  static async open({ timing, nodes, clients, on, nature }: StageOptions): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'chaos-rig-'));
    const ground = await grounds[on].open(nature);
    const path = join(folder, 'ledger.jsonl');
    const ledger = new LedgerReader(path);
    const resource = new GuardedResource(now);
    const port = await resource.listen();
    const lanes = await Promise.all(Array.from({ length: nodes + clients }, () => ground.lane()));
    const isReady = (pid: number): boolean => {
      ledger.read();
      return ledger.ready.has(pid);
    };
    const { replicas } = ground;
    const slots = lanes.slice(0, nodes).map((lane, at) => {
      const log = join(folder, `worker-${at}.log`);
      return new Slot({ timing, redis: lane.url, replicas, ledger: path, log, resource: port, isReady });
    });
    const announced = listenToSettles(ground.ear);
    await Promise.all(slots.map((slot) => slot.ready()));
    const members = await Promise.all(lanes.slice(nodes).map(({ url }) => member(url, replicas)));
    return new Stage({ folder, ground, ledger, resource, slots, lanes, clients: members, announced });
  }

  /** A client of its own that no fault of a link touches. Servers that were out of order may need a moment to take one. */
  direct(): Promise<Fleet> {
    const open = (): Promise<Fleet> => member(this.ground.url, this.ground.replicas);
    return waitFor(open, { what: 'the servers to take a client', timeoutMs: directLimitMs });
  }

  /** On every server that takes writes. */
  async onMasters(use: (admin: Redis) => Promise<unknown>): Promise<void> {
    await Promise.all((await this.ground.masters()).map(({ admin }) => use(admin)));
  }

  /** Everything as it should be, and every worker up. */
  async heal(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.heal()));
    await this.ground.settle();
    for (const slot of this.slots) slot.signal('SIGCONT');
    await Promise.all(this.ground.everywhere.map(({ admin }) => admin.config('SET', 'maxmemory', '0')));
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
    await Promise.all(this.ground.everywhere.map(({ server }) => server.kill('SIGCONT').catch(() => undefined)));
    await Promise.all(this.clients.map((client) => client.close().catch(() => undefined)));
    await Promise.all(this.lanes.map((lane) => lane.refuse()));
    this.resource.close();
    this.ledger.close();
    await this.ground.close();
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }
}

/** When each task was said to be settled, on the wire. */
type SettleNotices = Map<string, readonly number[]>;

/** A listener on the wire: what a restarted Redis or a killed subscriber takes from it is missing, and nothing comes twice. */
function listenToSettles(ear: Redis): SettleNotices {
  const settles: SettleNotices = new Map();
  ear.on('pmessage', (_pattern: string, _channel: string, text: string) => {
    for (const record of recordsOf(text)) {
      const notice = decodeNotice(record);
      if (notice.kind === 'settled') settles.set(notice.taskId, [...(settles.get(notice.taskId) ?? []), now()]);
    }
  });
  void ear.psubscribe(`rt:${fleetName}:*:to:*`);
  return settles;
}

function member(redis: string, replicas: number): Promise<Fleet> {
  return connect({ redis, fleet: fleetName, ...(replicas > 0 && { durability: 'replicated', replicas }) });
}

/** Waits until `check` holds; false when it does not within the time. */
export async function holds(check: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  return waitFor(check, { what: 'it to hold', timeoutMs }).then(
    () => true,
    () => false,
  );
}
