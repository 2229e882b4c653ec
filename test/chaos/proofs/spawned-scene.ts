/**
 * The scene of the proof of the take-over of spawned agents: seats whose processes are killed, the load, and what is seen of both.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../src/compose/connect.ts';
import type { Fleet } from '../../../src/compose/fleet.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { now } from '../rig/contracts.ts';
import { type Draw, pause } from '../rig/node-faults.ts';
import { holds } from '../rig/stage.ts';
import { BookReader, type Stamp } from './book.ts';
import { FailoverLoad } from './failover-load.ts';
import type { Handling } from './failover-parts.ts';
import { Seat } from './failover-seats.ts';
import { FailoverWatch } from './failover-watch.ts';
import { fleetName } from './held.ts';
import { judgeFailover } from './judge-failover.ts';
import type { SpawnedOptions } from './spawned.ts';
import { SpawnedChurn } from './spawned-churn.ts';
import { SpawnedLook } from './spawned-look.ts';
import type { SpawnedNodeParameters } from './spawned-parts.ts';
import { SpawnedPopulation } from './spawned-population.ts';

/** What became of those whom one stroke has lost. */
export interface Struck {
  readonly killed: number;
  /** Of each that was taken over: until its successor handled a message that was sent after the kill. */
  readonly took: readonly number[];
  /** Of each child that ended with its parent. */
  readonly endedAfter: readonly number[];
  /** Children that did not. */
  readonly outlived: number;
}

const sendEveryMs = 1_000;
const workMs = 15;
const lookEveryMs = 25;
const restLookMs = 250;
/** Of the strokes, those that kill two at once. */
const twiceShare = 1 / 3;

interface SceneParts {
  readonly server: RedisServer;
  readonly folder: string;
  /** The last one has no class of what is spawned. */
  readonly seats: readonly Seat[];
  readonly client: Fleet;
  readonly watch: FailoverWatch;
  readonly look: SpawnedLook;
  readonly population: SpawnedPopulation;
  readonly churn: SpawnedChurn;
  readonly load: FailoverLoad;
}

export class SpawnedScene {
  readonly #options: SpawnedOptions;
  readonly #parts: SceneParts;
  readonly #book: BookReader<Handling>;
  readonly #handlings: (Handling & Stamp)[] = [];

  private constructor(options: SpawnedOptions, parts: SceneParts) {
    this.#options = options;
    this.#parts = parts;
    this.#book = new BookReader(join(parts.folder, 'book.jsonl'), (handling) => this.#handlings.push(handling));
  }

  static async open(options: SpawnedOptions): Promise<SpawnedScene> {
    const { leaseMs, heartbeatMs, nodes, senders } = options;
    const server = await startRedis();
    const folder = await mkdtemp(join(tmpdir(), 'chaos-spawned-'));
    const timing = { presenceLease: leaseMs, heartbeat: heartbeatMs };
    const seatOf = (hosts: boolean): Seat => {
      const own: Omit<SpawnedNodeParameters, 'redis'> = { book: join(folder, 'book.jsonl'), workMs, timing, hosts };
      return new Seat('spawned-node.ts', own, server.port);
    };
    const seats = [...Array.from({ length: nodes }, () => seatOf(true)), seatOf(false)];
    const client = await connect({ redis: server.url, fleet: fleetName });
    const population = new SpawnedPopulation(client, options);
    const [watch, look] = [new FailoverWatch(server.url), new SpawnedLook(server.url)];
    const load = await FailoverLoad.open({
      redis: server.url,
      senders,
      singles: population.ids,
      everyMs: sendEveryMs,
    });
    const churn = new SpawnedChurn(client, population);
    const parts = { server, folder, seats, client, watch, look, population, churn, load };
    const scene = new SpawnedScene(options, parts);
    await scene.#begin().catch(async (error: unknown) => {
      await scene.close();
      throw error;
    });
    return scene;
  }

  async #begin(): Promise<void> {
    const { seats, watch, population, churn, load } = this.#parts;
    await Promise.all(seats.map((seat) => seat.open()));
    watch.start();
    await population.spawn();
    load.start();
    churn.start();
  }

  /** Kills one or two of those that run something, at most `limit`, and waits until everything is as it has to be. */
  async strike(limit: number, draw: Draw): Promise<Struck> {
    const { seats, watch, population } = this.#parts;
    const { leaseMs, patienceMs } = this.#options;
    const hosts = seats.slice(0, -1);
    const well = (): number => hosts.filter((seat) => seat.isWell).length;
    await holds(() => well() > 1, patienceMs);
    await pause(draw('before') * leaseMs);
    await watch.look();
    const armed = hosts
      .filter((seat) => seat.isWell && watch.ownedBy(seat.node).some((id) => population.ids.includes(id)))
      .map((seat) => ({ seat, at: draw('victim') }))
      .sort((a, b) => a.at - b.at);
    const count = draw('twice') < twiceShare ? Math.min(2, limit, well() - 1) : 1;
    const victims = armed.slice(0, count).map(({ seat }) => seat);
    if (victims.length === 0) throw new Error(`expected a node to run spawned agents, got: none\n${seats[0]?.log}`);
    const nodes = new Set(victims.map(({ node }) => node));
    const lost = new Set([...nodes].flatMap((node) => watch.ownedBy(node)));
    const fates = population.fatesOf(lost);
    for (const seat of victims) seat.suffer('kill', draw('back') * 2 * leaseMs);
    const at = now();
    const [took, ends] = await Promise.all([this.#timeTakeovers(fates.move, nodes, at), this.#timeEnds(fates.end, at)]);
    await population.renew(fates);
    return { killed: victims.length, took, ...ends };
  }

  /** Of ids that `nodes` lost at `at`. One that nobody takes over is as late as the wait for it. */
  async #timeTakeovers(ids: readonly string[], nodes: ReadonlySet<string>, at: number): Promise<readonly number[]> {
    const { patienceMs, say } = this.#options;
    const took = new Map<string, number>();
    let read = this.#handlings.length;
    await holds(() => {
      this.#book.read();
      for (const handling of this.#handlings.slice(read)) {
        const isNext = !nodes.has(handling.node) && this.#parts.load.sentAt(handling) >= at;
        if (isNext && !took.has(handling.to)) took.set(handling.to, handling.at - at);
      }
      read = this.#handlings.length;
      return ids.every((id) => took.has(id));
    }, patienceMs);
    for (const id of ids.filter((one) => !took.has(one))) say(`${id} was taken over by nobody`);
    return ids.map((id) => took.get(id) ?? patienceMs);
  }

  /** Of children whose parent was lost at `at`. */
  async #timeEnds(ids: readonly string[], at: number): Promise<Pick<Struck, 'endedAfter' | 'outlived'>> {
    const endedAfter: number[] = [];
    let left = ids;
    await holds(async () => {
      const still = await this.#parts.look.leftOf(left);
      endedAfter.push(...left.filter((id) => !still.includes(id)).map(() => now() - at));
      left = still;
      if (left.length > 0) await pause(lookEveryMs);
      return left.length === 0;
    }, this.#options.patienceMs);
    for (const id of left) this.#options.say(`${id} has outlived its parent`);
    return { endedAfter, outlived: left.length };
  }

  /** Waits until what was accepted has had its effect and only who is wanted is there, and judges. */
  async rest() {
    const { seats, watch, population, churn, load } = this.#parts;
    await Promise.all(seats.map((seat) => seat.well()));
    await churn.rest();
    await load.rest();
    const isWhole = async (): Promise<boolean> => {
      await pause(restLookMs);
      return this.#judge().messagesLost === 0 && (await this.#wrongRecords()).length === 0;
    };
    await holds(isWhole, this.#options.patienceMs);
    await watch.look();
    const wrong = await this.#wrongRecords();
    const verdict = this.#judge();
    const spawned = { spawns: churn.spawns + population.names.size, spawnsFailed: churn.failed.length };
    const stories = [...verdict.stories, ...churn.failed, ...wrong];
    return { messagesSent: load.accepted.length, ...verdict, ...spawned, rosterWrong: wrong.length, stories };
  }

  /** What was sent to a child that had to end waits in its inbox for ever. */
  #judge() {
    this.#book.read();
    const { watch, population, load } = this.#parts;
    const accepted = load.accepted.filter(({ to }) => !population.ended.has(to));
    return judgeFailover({ accepted, handlings: this.#handlings, grants: watch.grants, effects: watch.effects });
  }

  async #wrongRecords(): Promise<readonly string[]> {
    const { look, population } = this.#parts;
    const { enrolled } = await look.see([]);
    const { names } = population;
    const left = [...enrolled].filter((name) => !names.has(name)).map((name) => `${name} is left in the roster`);
    return [...left, ...[...names].filter((name) => !enrolled.has(name)).map((name) => `${name} was struck off`)];
  }

  async close(): Promise<void> {
    const { server, folder, seats, client, watch, look, churn, load } = this.#parts;
    await Promise.all(seats.map((seat) => seat.close()));
    churn.stop();
    await load.close();
    await client.close().catch(() => undefined); // its nodes have gone
    await watch.close();
    look.close();
    this.#book.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
