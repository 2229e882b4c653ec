/**
 * Where a Redis is, read from its URL: one server, a Redis Cluster by some of its nodes, or a master by the sentinels that watch it.
 *
 * It stands alone because a URL may hold a password: nothing here says what it could not read.
 */
import type { RedisOptions } from 'ioredis';
import { ConfigError } from '../core/errors.ts';
import { loadClient } from './client.ts';
import type { Address } from './cluster-slots.ts';
import { tlsOptions, type TlsTrust } from './tls.ts';

type SentinelUser = 'sentinelUsername' | 'sentinelPassword';

/** In parts. `path` is a socket's. */
export type RedisTarget = Pick<
  RedisOptions,
  | 'host'
  | 'port'
  | 'path'
  | 'db'
  | 'username'
  | 'password'
  | 'tls'
  | 'family'
  | 'sentinels'
  | 'name'
  | 'sentinelTLS'
  | SentinelUser
> & {
  /** Some nodes of a cluster; any will do. */
  readonly cluster?: readonly Address[];
};

const sentinelUser = ['sentinelUsername', 'sentinelPassword'] as const satisfies readonly SentinelUser[];
const kept = [
  ...(['host', 'port', 'path', 'username', 'password', 'family', 'sentinels', 'name', 'cluster'] as const),
  ...sentinelUser,
] as const;

/**
 * The parts of a URL, `rediss:` and socket paths included; `trust` says whose certificates are taken. Throws `ConfigError`
 * without showing a password.
 */
export function parseTarget(url: string | RedisTarget, trust?: TlsTrust): RedisTarget & { readonly db: number } {
  const target = typeof url === 'string' ? parseUrl(url) : url;
  const tls = target.tls ? tlsOptions(target.host, trust, target.tls) : undefined;
  const parts = [...kept.map((part) => [part, target[part]] as const), ['tls', tls] as const];
  const present = Object.fromEntries(parts.filter(([, value]) => value != null)) as RedisTarget;
  const beside = target.sentinels && tls && { sentinelTLS: tls };
  if (target.cluster !== undefined && (target.db ?? 0) !== 0)
    throw new ConfigError([
      'expected the database of a Redis Cluster to be 0, got: another one\nA cluster has no other.',
    ]);
  return { ...present, ...beside, db: target.db ?? 0 };
}

const ofServer = ['host', 'port', 'path', 'db', 'username', 'password', 'tls', 'family'] as const;

/** What a connection to a server is made of, wherever that server is named. */
export function serverOptions(target: RedisTarget): RedisOptions {
  const parts = ofServer.map((part) => [part, target[part]] as const);
  return Object.fromEntries(parts.filter(([, value]) => value != null)) as RedisOptions;
}

/** Where it is, for people. */
export function describeTarget({ host, port, path, cluster, sentinels, name }: RedisTarget): string {
  if (cluster !== undefined) return `the cluster of ${cluster.join(', ')}`;
  if (sentinels != null)
    return `${name} of the sentinels ${sentinels.map((one) => `${one.host}:${one.port}`).join(', ')}`;
  return path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
}

function parseUrl(url: string): RedisTarget {
  if (url.startsWith('unix://')) return { path: url.slice('unix://'.length) };
  const many = /^(rediss?)\+(cluster|sentinel):\/\/(?:([^@/]*)@)?([^@/?]+)(\/[^@]*)?$/.exec(url);
  if (many !== null) return parseMany(many);
  if (/^rediss?\+/.test(url)) throw unreadable();
  return parseOne(url);
}

/** The client parses URLs when it is made; with `lazyConnect` it does nothing else. */
function parseOne(url: string): RedisTarget {
  try {
    const { Redis } = loadClient();
    return new Redis(url, { lazyConnect: true }).options;
  } catch {
    throw unreadable();
  }
}

/** Several hosts, which no parser of URLs takes: each is read as if it stood alone, with the user and password of all. */
function parseMany([, scheme = '', kind, user, hosts = '', path = '']: readonly string[]): RedisTarget {
  const places = hosts.split(',').map((host) => parseOne(`${scheme}://${user === undefined ? '' : `${user}@`}${host}`));
  const defaultPort = kind === 'cluster' ? 6379 : 26379;
  const explicit = hosts.split(',').map((host) => /:(\d+)$/.exec(host)?.[1]);
  const nodes = places.map(({ host = 'localhost' }, index) => ({ host, port: Number(explicit[index] ?? defaultPort) }));
  const { username, password, tls } = places[0] ?? {};
  const shared = { username, password, tls } as RedisTarget;
  const [place = '', ...queries] = path.split('?');
  const [, name = '', db = '0', ...rest] = place.split('/');
  if (kind === 'cluster') {
    if (path !== '' && path !== '/' && path !== '/0') throw unreadable();
    return { ...shared, cluster: nodes.map(({ host, port }) => `${host}:${port}`) };
  }
  if (name === '' || rest.length > 0 || !/^\d+$/.test(db)) throw unreadable();
  return { ...shared, ...sentinelUserOf(queries), sentinels: nodes, name, db: Number(db) };
}

/** `?sentinelUsername=...&sentinelPassword=...`: what stands in front of the hosts is for the master. */
function sentinelUserOf(queries: readonly string[]): Pick<RedisTarget, SentinelUser> {
  const parts = queries.flatMap((query) => query.split('&')).map((part) => part.split('='));
  return Object.fromEntries(
    parts.map(([key = '', value, ...rest]) => {
      const known = sentinelUser.find((one) => one === key);
      if (known === undefined || value === undefined || rest.length > 0) throw unreadable();
      return [known, decoded(value)];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable();
  }
}

function unreadable(): ConfigError {
  return new ConfigError([
    'expected the Redis URL to be like redis://host:6379/0, redis+cluster://host:6379,host:6380, ' +
      'redis+sentinel://host:26379,host:26379/master/0 or /path/to/socket, got: one that cannot be read\n' +
      'It is not shown, for it may hold a password; characters such as / # " in a password have to be %-encoded.',
  ]);
}
