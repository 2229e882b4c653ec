/**
 * How this process connects to Redis: three links, whatever the number of agents;
 * one more where replicas have to confirm what is written.
 *
 * The profile is the one under which nothing is sent twice, queued without bound or revived behind our back: no offline
 * queue, no resending, no retry by the client, no resubscribing, no pipelining across callers.
 */
import { Redis, type RedisOptions } from 'ioredis';
import type { LinkState } from '../broker/broker.ts';
import type { Clock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { BlockingReader } from './blocking-reader.ts';
import { Link } from './link.ts';
import type { Scripts } from './scripts.ts';
import type { ServerRuns } from './server-runs.ts';
import { Subscriptions } from './subscriptions.ts';
import { tlsOptions, type TlsTrust } from './tls.ts';

/** Where a Redis is, in parts. `path` is a socket's. */
export type RedisTarget = Pick<
  RedisOptions,
  'host' | 'port' | 'path' | 'db' | 'username' | 'password' | 'tls' | 'family'
>;

export interface ConnectionDeps {
  readonly target: RedisTarget;
  /** Shown by CLIENT LIST, with the role behind it. */
  readonly name: string;
  /** Some writes are confirmed by replicas (replication.ts). */
  readonly confirmed: boolean;
  /** Loaded into every server that is connected to. */
  readonly scripts: Scripts;
  /** Looked at by every connection that claims. */
  readonly runs: ServerRuns;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
}

/** A presence lease is 5 s: a dead link must be found out in time to renew it over a new one. */
const commandHangMs = 3_000;
/** Behind as many WAITs as there are lines of frames. */
const writesHangMs = 15_000;

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
  readonly commands: Link;
  readonly blocking: BlockingReader;
  readonly subscriptions: Subscriptions;
  /** There with `confirmed`: for what replicas have to confirm. */
  readonly writes: Link | undefined;

  constructor({ target, name, scripts, runs, confirmed, ...deps }: ConnectionDeps) {
    const connectionName = name.replace(/[^!-~]/g, '_');
    const options = { ...profile, ...target, connectionName, disconnectTimeout: 200 };
    const prepare = async (client: Redis): Promise<void> => {
      await scripts.load(client);
      await runs.look(client);
    };
    this.commands = new Link({ ...deps, role: 'commands', options, hangMs: commandHangMs, prepare });
    this.writes = confirmed ? new Link({ ...deps, role: 'writes', options, hangMs: writesHangMs, prepare }) : undefined;
    this.blocking = new BlockingReader({ ...deps, options, commands: this.commands, runs });
    this.subscriptions = new Subscriptions({ ...deps, options });
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
  }
}

/**
 * The parts of a URL, `rediss:` and socket paths included; `trust` says whose certificates are taken. Throws `ConfigError`
 * without showing a password.
 */
export function parseTarget(url: string | RedisTarget, trust?: TlsTrust): RedisTarget & { readonly db: number } {
  const target = typeof url === 'string' ? parseUrl(url) : url;
  const { host, port, path, db, username, password, family } = target;
  const tls = target.tls ? tlsOptions(host, trust, target.tls) : undefined;
  const parts = Object.entries({ host, port, path, username, password, tls, family });
  return { ...(Object.fromEntries(parts.filter(([, value]) => value != null)) as RedisTarget), db: db ?? 0 };
}

/** The client parses URLs when it is made; with `lazyConnect` it does nothing else. */
function parseUrl(url: string): RedisTarget {
  if (url.startsWith('unix://')) return { path: url.slice('unix://'.length) };
  try {
    return new Redis(url, { lazyConnect: true }).options;
  } catch {
    throw new ConfigError([
      'expected the Redis URL to be like redis://host:6379/0 or /path/to/socket, got: one that cannot be read\n' +
        'It is not shown, for it may hold a password; characters such as / # " in a password have to be %-encoded.',
    ]);
  }
}

/** Where it is, for people. */
export function describeTarget({ host, port, path }: RedisTarget): string {
  return path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
}
