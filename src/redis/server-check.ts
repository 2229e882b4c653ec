/**
 * What kind of server this is: refused when it cannot keep the guarantees, described when it can.
 *
 * Settings come from CONFIG; where that is forbidden, as it often is on a hosted Redis, from INFO. What cannot be read is
 * unknown, never refused.
 */
import type { Durability } from '../broker/broker.ts';
import { ConfigError } from '../core/errors.ts';
import type { Calls } from './link.ts';

export interface ServerFacts {
  readonly server: string;
  readonly durability: Durability;
  readonly warnings: readonly string[];
}

export interface Expected {
  /** Whoever starts takes it upon himself that the server drops what it has accepted. */
  readonly allowsEviction: boolean;
  readonly isCluster: boolean;
}

type Call = Calls['call'];
type Settings = ReadonlyMap<string, string>;

const leastVersion = 7;

/** From the weakest on; what is unknown may be the weakest. */
const byStrength: readonly Durability[] = ['unknown', 'none', 'snapshot', 'everysec', 'always'];

/** Of the masters of a cluster: what is lost with any of them is lost. Throws `ConfigError` with all problems of one. */
export async function checkServers(servers: readonly Pick<Calls, 'call'>[], expected: Expected): Promise<ServerFacts> {
  const facts = await Promise.all(servers.map((server) => checkServer(server.call.bind(server), expected)));
  const durability = byStrength.find((one) => facts.some((fact) => fact.durability === one)) ?? 'unknown';
  const warnings = [...new Set(facts.flatMap((fact) => fact.warnings))];
  return { server: [...new Set(facts.map(({ server }) => server))].join(' and '), durability, warnings };
}

/** Throws `ConfigError` with all problems at once. */
async function checkServer(call: Call, { allowsEviction, isCluster }: Expected): Promise<ServerFacts> {
  const info = parseInfo(String(await call('info')));
  const settings = await readSettings(call);
  const version = info.get('valkey_version') ?? info.get('redis_version') ?? '';
  const server = `${info.has('valkey_version') ? 'Valkey' : 'Redis'} ${version || 'of unknown version'}`;
  const policy = settings?.get('maxmemory-policy') ?? info.get('maxmemory_policy');
  const problems: string[] = [];
  if (version !== '' && Number.parseInt(version, 10) < leastVersion)
    problems.push(`expected Redis to be version ${leastVersion}.0 or newer, got: ${version}`);
  if (info.get('redis_mode') === 'cluster' && !isCluster)
    problems.push(
      'expected Redis to be a standalone server, got: a node of a cluster\nName some of its nodes with redis+cluster://host:6379,host:6380',
    );
  const evicts = policy !== undefined && policy !== 'noeviction';
  if (evicts && !allowsEviction)
    problems.push(
      `expected maxmemory-policy of Redis to be noeviction, got: ${policy}\n` +
        'Redis would drop tasks and messages when its memory is full. Set it with: CONFIG SET maxmemory-policy noeviction',
    );
  if (problems.length > 0) throw new ConfigError(problems);
  const { durability, warnings } = readDurability(settings, info);
  const evicting = `Redis evicts (maxmemory-policy ${policy}): tasks and messages are dropped when its memory is full.`;
  return { server, durability, warnings: evicts ? [evicting, ...warnings] : warnings };
}

/** Undefined where CONFIG may not be asked. */
async function readSettings(call: Call): Promise<Settings | undefined> {
  try {
    const flat = (await call('config', 'GET', 'appendonly', 'appendfsync', 'save', 'maxmemory-policy')) as string[];
    const settings = new Map<string, string>();
    for (let i = 0; i + 1 < flat.length; i += 2) settings.set(flat[i] ?? '', flat[i + 1] ?? '');
    return settings.size > 0 ? settings : undefined;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'refused') return undefined;
    throw error;
  }
}

function readDurability(settings: Settings | undefined, info: Settings): Pick<ServerFacts, 'durability' | 'warnings'> {
  if (settings === undefined) return guessDurability(info);
  if (settings.get('appendonly') === 'yes') {
    const sync = settings.get('appendfsync');
    if (sync === 'always' || sync === 'everysec') return { durability: sync, warnings: [] };
    return {
      durability: 'snapshot',
      warnings: [
        `Redis appends to a file but never syncs it (appendfsync ${sync}): a killed machine may lose half a minute.`,
      ],
    };
  }
  if (settings.get('save'))
    return {
      durability: 'snapshot',
      warnings: ['Redis keeps snapshots only (appendonly no): what came after the last one is lost when it is killed.'],
    };
  return {
    durability: 'none',
    warnings: ['Redis keeps nothing on disk: all tasks and messages are lost when it restarts.'],
  };
}

function guessDurability(info: Settings): Pick<ServerFacts, 'durability' | 'warnings'> {
  const refused = 'The settings of Redis cannot be read (CONFIG is not allowed)';
  if (info.get('aof_enabled') === '1')
    return { durability: 'everysec', warnings: [`${refused}: it appends to a file, taken to be synced every second.`] };
  return { durability: 'unknown', warnings: [`${refused}: what survives its restart is unknown.`] };
}

function parseInfo(text: string): Settings {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
}
