/**
 * `connect()`: any process becomes a client of a fleet, with the verbs its agents have.
 *
 * A composition root: it picks clock, chance and broker, and keeps no state of its own.
 */
import { FleetClient, type Fleet } from './fleet.ts';
import { Member } from '../client/member.ts';
import { resolveConfig, type RuntimeOptions } from '../config/config.ts';
import { ConfigError } from '../core/errors.ts';
import { Observer } from '../core/observer.ts';
import { systemClock, systemRandom } from '../core/system.ts';
import { loadTrust } from './load-trust.ts';
import { checkUrl, redisSource } from './open-broker.ts';

export interface ConnectOptions {
  /** `redis://`, `rediss://` (both also with `+cluster` or `+sentinel`) or `unix://`. Default: the private server of the current directory, when one runs. */
  readonly redis?: string | undefined;
  /** As in the fleet's configuration: the CA of a `rediss://` server; a relative path is below the current directory. */
  readonly tls?: RuntimeOptions['tls'];
  /** As in the fleet's configuration: when what this client sends counts as stored. Default `'server'`. */
  readonly durability?: RuntimeOptions['durability'];
  readonly replicas?: RuntimeOptions['replicas'];
  /** As in the fleet's configuration. Default false. */
  readonly allowEviction?: boolean;
  /** Default `'default'`. */
  readonly fleet?: string;
  /** As in the fleet's configuration. Default false. */
  readonly classic?: RuntimeOptions['classic'];
  /** How agents see this client in `from`. Default: a name of its own. */
  readonly name?: string;
  /** Hears what goes wrong with the connection. */
  readonly observer?: Observer;
}

/** How long an operation waits for a broker that cannot be reached. */
const patienceMs = 30_000;

/**
 * Connects to a fleet from any process. Close it with `close()`, or with `await using`.
 *
 * @throws ConfigError when there is no server to connect to, or the server is too old; BrokerError when it cannot be reached.
 * @example
 * await using fleet = await connect({ redis: process.env.REDIS_URL });
 * const report = await fleet.run(AuditAgent, 'audit', { path: '.' });
 */
export async function connect(options: ConnectOptions = {}): Promise<Fleet> {
  const redis = options.redis || (await embeddedUrl()); // an empty variable is none
  if (redis === undefined) {
    throw new ConfigError([
      'expected redis to be the URL of a server, got: nothing, and no private server runs in this directory',
    ]);
  }
  const { fleet = 'default', classic = false, tls, durability, replicas, allowEviction } = options;
  const config = resolveConfig({ redis: checkUrl(redis), fleet, classic, tls, durability, replicas, allowEviction });
  const trust = await loadTrust(config.tls, process.cwd());
  const observer = options.observer ?? new Observer();
  const [clock, random] = [systemClock, systemRandom];
  const address = `c${random.id()}`;
  const broker = redisSource(redis, { ...config, trust, clock, random, observer }).open(address);
  const member = new Member({ broker, clock, random, observer, address, leased: false, patienceMs });
  await member.start();
  const { timing, limits } = config;
  const { askDeadlineMs, lockLeaseMs, resultTtlMs } = timing;
  const identity = { name: options.name ?? address, isAgent: false, scope: () => undefined };
  const { inbox: inboxLimit, maxWaiting } = limits;
  const settings = { askDeadlineMs, lockLeaseMs, resultTtlMs, inboxLimit, maxWaiting };
  return new FleetClient({ member, identity, settings });
}

async function embeddedUrl(): Promise<string | undefined> {
  const { findEmbedded } = await import('./embedded.ts');
  return findEmbedded(process.cwd());
}
