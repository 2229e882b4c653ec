/**
 * A look at the Redis of a soak: how much it keeps, by kind of key, and who is connected.
 */
import type { Redis } from 'ioredis';
import { eventCap, fleetName } from './soak-parts.ts';

export interface RedisSample {
  readonly usedMB: number;
  /** Kind of key to how many there are, and how much is in them. */
  readonly keys: ReadonlyMap<string, number>;
  readonly elements: ReadonlyMap<string, number>;
  /** Consumers of all groups, and entries that are pending. */
  readonly consumers: number;
  readonly pending: number;
  /** Entries of inboxes. */
  readonly inboxes: number;
  readonly sockets: number;
  /** Streams that are longer than they may be. */
  readonly overCap: readonly string[];
}

const page = 1_000;
/** What has one value of its own, and comes and goes by the thousand. */
const plain = new Set(['{q}:result', '{q}:key', '{m}:key', '{p}:lease', '{m}:lease']);
const lengthOf: Readonly<Record<string, 'hlen' | 'zcard' | 'scard' | 'xlen' | 'llen'>> = {
  hash: 'hlen',
  zset: 'zcard',
  set: 'scard',
  stream: 'xlen',
  list: 'llen',
};

/** `rt:soak:{q:mixed}:result:...` is of kind `{q}:result`. */
export function kindOf(key: string): string {
  const [, tag = '', kind = ''] = /^rt:[^:]+:(?:\{([a-z]+)[^}]*\}:)?([^:]+)/.exec(key) ?? [];
  return tag === '' ? kind : `{${tag}}:${kind}`;
}

export async function sampleRedis(redis: Redis): Promise<RedisSample> {
  const keys = new Map<string, number>();
  const elements = new Map<string, number>();
  const counts = { consumers: 0, pending: 0, inboxes: 0 };
  const overCap: string[] = [];
  for (const key of await allKeys(redis)) {
    const kind = kindOf(key);
    add(keys, kind, 1);
    if (plain.has(kind)) continue;
    const type = await redis.type(key);
    const length = lengthOf[type];
    if (length === undefined) continue;
    const size = await redis[length](key);
    add(elements, kind, size);
    if (kind === '{m}:in') counts.inboxes += size;
    if (kind === '{ev}:stream' && size > eventCap) overCap.push(`${key} ${size}`);
    if (type !== 'stream') continue;
    const groups = (await redis.xinfo('GROUPS', key).catch(() => [])) as unknown[][];
    for (const group of groups.map(fieldsOf)) {
      counts.consumers += Number(group.get('consumers'));
      counts.pending += Number(group.get('pending'));
    }
  }
  const used = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1];
  const list = String(await redis.client('LIST')).split('\n');
  const sockets = list.filter((line) => / name=(?!rig)\S+/.test(line)).length;
  return { usedMB: Number(used) / 2 ** 20, keys, elements, ...counts, sockets, overCap };
}

async function allKeys(redis: Redis): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (let cursor = '0'; ; ) {
    const [next, some] = await redis.scan(cursor, 'MATCH', `rt:${fleetName}:*`, 'COUNT', page);
    for (const key of some) keys.add(key);
    cursor = next;
    if (cursor === '0') return keys;
  }
}

function fieldsOf(flat: unknown[]): ReadonlyMap<string, unknown> {
  return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), flat[at + 1]] as const] : [])));
}

function add(counts: Map<string, number>, kind: string, more: number): void {
  counts.set(kind, (counts.get(kind) ?? 0) + more);
}
