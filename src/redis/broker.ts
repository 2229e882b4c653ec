/**
 * The broker on Redis: puts the ports, their links and the scripts together.
 *
 * One of these is made per process. `start` connects and checks the server; when the server goes away later, calls reject
 * at once and the links come back by themselves.
 */
import type { Broker, BrokerInfo, LinkState } from '../broker/broker.ts';
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { Connections } from './connections.ts';
import { RedisControl } from './control.ts';
import { type EventRetention, RedisEvents } from './events.ts';
import { RedisForeign } from './foreign.ts';
import { Keys } from './keys.ts';
import { RedisLocks } from './locks.ts';
import { RedisLogs } from './logs.ts';
import { RedisMail } from './mail.ts';
import { MailShards } from './mail-shards.ts';
import { RedisNotices } from './notices.ts';
import { RedisOutgoing } from './outgoing.ts';
import { Owners } from './owners.ts';
import { PlaceLeases } from './place-leases.ts';
import { placeCount } from './places.ts';
import { RedisPresence } from './presence.ts';
import { RedisQuarantine } from './quarantine.ts';
import { RedisQueues } from './queues.ts';
import { Replication } from './replication.ts';
import { RedisSchedules } from './schedules.ts';
import { Scripts } from './scripts.ts';
import { checkServers } from './server-check.ts';
import { ServerRuns } from './server-runs.ts';
import { Store } from './store.ts';
import { describeTarget, parseTarget, type RedisTarget } from './target.ts';
import { RedisTasks } from './tasks.ts';
import { type TlsTrust, trustWarnings } from './tls.ts';

export interface RedisBrokerDeps {
  /** A URL (`redis:`, `rediss:`, with `+cluster` or `+sentinel` and several hosts), the path of a socket, or the parts. */
  readonly url: string | RedisTarget;
  /** Whose certificates are taken from a server that speaks TLS. Default: those that Node trusts. */
  readonly trust?: TlsTrust;
  readonly fleet: string;
  /** Use the names of the classic protocol where it has one. */
  readonly classic: boolean;
  /** Of this process; its connections carry it as their name. */
  readonly address: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly retention: EventRetention;
  /** Takes a server with an eviction policy, with a warning. Default: it is refused. */
  readonly allowEviction?: boolean;
  /** Replicas that have to confirm tasks, messages and broadcasts; none by default. */
  readonly replicas?: number;
  /** Used by whoever starts a fleet first. Default: 1, in a cluster one for each place. */
  readonly mailShards?: number;
  /** How long a silent waiter keeps its place in the line of a lock (locks, L3): the same in all processes. */
  readonly waiterLeaseMs?: number;
}

export class RedisBroker implements Broker {
  readonly tasks: RedisTasks;
  readonly queues: RedisQueues;
  readonly control: RedisControl;
  readonly mail: RedisMail;
  readonly notices: RedisNotices;
  readonly events: RedisEvents;
  readonly locks: RedisLocks;
  readonly presence: RedisPresence;
  readonly logs: RedisLogs;
  readonly schedules: RedisSchedules;
  readonly foreign: RedisForeign;
  readonly outgoing: RedisOutgoing;
  readonly quarantine: RedisQuarantine;
  readonly #where: string;
  readonly #allowsEviction: boolean;
  readonly #isCluster: boolean;
  readonly #warnings: readonly string[];
  readonly #connections: Connections;
  readonly #store: Store;
  readonly #shards: MailShards;

  constructor({ url, fleet, classic, mailShards, waiterLeaseMs, retention, trust, ...deps }: RedisBrokerDeps) {
    const { address, clock, random, observer, replicas = 0 } = deps;
    const target = parseTarget(url, trust);
    const isCluster = target.cluster !== undefined;
    const keys = new Keys({ fleet, db: target.db, classic, cluster: isCluster });
    const scripts = new Scripts();
    const runs = new ServerRuns();
    const connections = new Connections({
      target,
      keys,
      name: address,
      scripts,
      runs,
      confirmed: replicas > 0,
      clock,
      random,
      observer,
    });
    const { commands, blocking, subscriptions, writes } = connections;
    const replication = writes && new Replication({ link: writes, replicas });
    const store = new Store({ keys, commands, scripts, runs, replication });
    const shards = new MailShards({ wanted: mailShards ?? (isCluster ? placeCount : 1) });
    const owners = new Owners({ keys });
    this.quarantine = new RedisQuarantine({ store });
    const quarantine = classic ? this.quarantine : undefined;
    this.tasks = new RedisTasks({ store, blocking, runs, clock, random });
    this.queues = new RedisQueues({ store, random, classic });
    this.control = new RedisControl({ store, random });
    this.mail = new RedisMail({ store, shards, owners, runs, random, classic, spread: isCluster });
    this.notices = new RedisNotices({ store, subscriptions, observer, classic, quarantine: this.quarantine });
    this.events = new RedisEvents({ store, shards, subscriptions, retention, quarantine });
    this.locks = new RedisLocks({ store, classic, waiterLeaseMs, quarantine });
    const onLeft = (node: string): Promise<void> => this.tasks.retire(node);
    const leases = new PlaceLeases({ store, spread: isCluster });
    this.presence = new RedisPresence({ store, shards, owners, leases, onLeft, classic });
    this.logs = new RedisLogs({ store, quarantine });
    this.schedules = new RedisSchedules({ store });
    this.foreign = new RedisForeign({ store, random, retention });
    this.outgoing = new RedisOutgoing({ store });
    this.#where = describeTarget(target);
    this.#allowsEviction = deps.allowEviction ?? false;
    this.#isCluster = isCluster;
    this.#warnings = target.tls === undefined ? [] : trustWarnings(trust);
    this.#connections = connections;
    this.#store = store;
    this.#shards = shards;
  }

  async start(): Promise<BrokerInfo> {
    await this.#connections.start();
    try {
      const call = this.#store.call.bind(this.#store);
      const servers = await this.#connections.servers();
      const { server, durability, ...facts } = await checkServers(servers, {
        allowsEviction: this.#allowsEviction,
        isCluster: this.#isCluster,
      });
      const { replication } = this.#store;
      const unpromised = replication ? await Promise.all(servers.map((one) => replication.warnings(one))) : [];
      const warnings = [...new Set([...this.#warnings, ...facts.warnings, ...unpromised.flat()])];
      await this.#shards.start(this.#store.keys, call);
      const [seconds, micros] = (await call('time')) as [string, string];
      const serverTime = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
      return { kind: 'redis', server: `${server} at ${this.#where}`, durability, serverTime, warnings };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  links(): readonly LinkState[] {
    return this.#connections.links();
  }

  stop(): Promise<void> {
    return this.#connections.stop();
  }
}
