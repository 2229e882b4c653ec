/**
 * How this process connects to Redis: three links, whatever the number of agents;
 * one more where replicas have to confirm what is written, and behind Sentinel one to a sentinel. A cluster takes more of them
 * (cluster-connections.ts).
 *
 * The profile is the one under which nothing is sent twice, queued without bound or revived behind our back: no offline
 * queue, no resending, no retry by the client, no resubscribing, no pipelining across callers.
 */
import type { Redis, RedisOptions } from 'ioredis';
import type { LinkState } from '../broker/broker.ts';
import { BlockingReader, type GroupReader } from './blocking-reader.ts';
import { clusterConnections } from './cluster-connections.ts';
import { commandHangMs, type LinkSet, type LinkSetDeps, writesHangMs } from './link-set.ts';
import { type Calls, Link } from './link.ts';
import { presencePlace } from './places.ts';
import { Sentinels } from './sentinels.ts';
import { Subscriptions } from './subscriptions.ts';
import { type RedisTarget, serverOptions } from './target.ts';

export interface ConnectionDeps extends Omit<LinkSetDeps, 'options'> {
  readonly target: RedisTarget;
  /** Shown by CLIENT LIST, with the role behind it. */
  readonly name: string;
}

const profile: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  enableAutoPipelining: false,
  enableReadyCheck: false,
  disableClientInfo: true,
  retryStrategy: null,
  noDelay: true,
  connectTimeout: 3_000,
};

export class Connections {
  readonly commands: Calls;
  readonly blocking: GroupReader;
  readonly subscriptions: Subscriptions;
  /** There with `confirmed`: for what replicas have to confirm. */
  readonly writes: Calls | undefined;
  readonly #set: LinkSet;
  /** Every server that takes writes. */
  readonly servers: LinkSet['servers'];

  constructor({ target, name, ...deps }: ConnectionDeps) {
    const { cluster, sentinels } = target;
    const connectionName = name.replace(/[^!-~]/g, '_');
    const options = { ...profile, ...serverOptions(target), connectionName, disconnectTimeout: 200 };
    const all = { ...deps, options };
    const watched = sentinels == null ? undefined : new Sentinels({ target, profile, clock: deps.clock });
    const set = cluster === undefined ? oneServer(all, watched) : clusterConnections(all, cluster);
    this.#set = set;
    this.commands = set.commands;
    this.blocking = set.blocking;
    this.subscriptions = set.subscriptions;
    this.writes = set.writes;
    this.servers = () => set.servers();
  }

  /** All or none. */
  async start(): Promise<void> {
    try {
      await this.commands.start();
      await Promise.all([this.blocking.start(), this.subscriptions.start(), this.writes?.start()]);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  links(): readonly LinkState[] {
    const { commands, blocking, subscriptions, writes } = this;
    const links = { commands, blocking, subscriptions, ...(writes !== undefined && { writes }) };
    return Object.entries(links).map(([name, { isUp: up }]) => ({ name, up }));
  }

  async stop(): Promise<void> {
    await Promise.all([this.subscriptions.stop(), this.blocking.stop(), this.writes?.stop(), this.commands.stop()]);
    this.#set.stop?.();
  }
}

function oneServer({ confirmed, ...rest }: LinkSetDeps, where?: Sentinels): LinkSet {
  const deps = { ...rest, where };
  const { keys, scripts, runs } = deps;
  const look = (client: Redis): Promise<void> => runs.look(client, [keys.serverAt(presencePlace)]);
  const prepare = async (client: Redis): Promise<void> => {
    await scripts.load(client);
    await look(client);
  };
  const commands = new Link({ ...deps, role: 'commands', hangMs: commandHangMs, prepare });
  return {
    commands,
    blocking: new BlockingReader({ ...deps, commands, look }),
    subscriptions: new Subscriptions(deps),
    stop: () => where?.stop(),
    writes: confirmed ? new Link({ ...deps, role: 'writes', hangMs: writesHangMs, prepare }) : undefined,
    servers: () => Promise.resolve([commands]),
  };
}
