/**
 * Which broker a process gets: Redis by its URL, the private server of its project, or memory inside the process.
 *
 * The composition roots know brokers by name; nobody below them does.
 */
import { ConfigError } from '../core/errors.ts';
import type { Broker } from '../broker/broker.ts';
import type { LimitsConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { RedisBroker } from '../redis/broker.ts';
import type { TlsTrust } from '../redis/tls.ts';

/** What is the same for every incarnation of a process. */
export interface BrokerSetting {
  readonly fleet: string;
  readonly classic: boolean;
  readonly limits: LimitsConfig;
  readonly durability: 'server' | 'replicated';
  /** Of durability `replicated`. */
  readonly replicas: number;
  readonly allowEviction: boolean;
  /** Of a server that speaks TLS; see load-trust.ts. */
  readonly trust?: TlsTrust;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
}

/** Where a process's brokers come from. */
export interface BrokerSource {
  /** One sentence for people when it is not what the configuration names. */
  readonly remark?: string;
  /** A broker for the process `address`. */
  open(address: string): Broker;
  /** The process needs no broker any more. */
  release(): Promise<void>;
}

/** A server by its URL: `redis://`, `rediss://` or `unix://`; also several, see target.ts of the Redis broker. */
export function redisSource(url: string, setting: BrokerSetting): BrokerSource {
  const { limits, durability, replicas, ...rest } = setting;
  const confirmed = durability === 'replicated' ? { replicas } : {};
  const retention = { events: limits.events, eventsAgeMs: limits.eventsAgeMs };
  return {
    open: (address) => new RedisBroker({ ...rest, ...confirmed, url, address, retention }),
    release: () => Promise.resolve(),
  };
}

/** The private server of `projectDir`, or memory where there is none. */
export async function embeddedSource(
  projectDir: string,
  env: NodeJS.ProcessEnv,
  setting: BrokerSetting,
): Promise<BrokerSource> {
  const { clock, random, limits } = setting;
  const { startEmbedded } = await import('./embedded.ts');
  const server = await startEmbedded(projectDir, { clock, random, env });
  if (server.kind === 'server') {
    const remark = `private redis-server of this directory (pid ${server.pid}${server.adopted ? ', was running already' : ''})`;
    return { ...redisSource(server.url, setting), remark, release: async () => void (await server.release()) };
  }
  const [{ MemoryFleet }, { MemoryBroker }] = await Promise.all([
    import('../memory/fleet.ts'),
    import('../memory/broker.ts'),
  ]);
  const fleet = new MemoryFleet({
    clock,
    random,
    retention: { events: limits.events, eventsAgeMs: limits.eventsAgeMs },
  });
  const remark = `${server.why}: running in memory, nothing survives this process and other terminals cannot look in`;
  return { remark, open: (address) => new MemoryBroker({ fleet, address }), release: () => Promise.resolve() };
}

/** Refuses what no broker serves; a plain path is a socket. */
export function checkUrl(url: string): string {
  if (/^(rediss?(\+cluster|\+sentinel)?:\/\/|unix:\/\/|\/)/.test(url)) return url;
  throw new ConfigError([
    `expected redis to be a URL with redis:, rediss: or unix:, also with +cluster or +sentinel, or the path of a socket, got: another text (not shown: it may hold a password)`,
  ]);
}
