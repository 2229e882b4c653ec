/**
 * No script and no port reads all of something, unless it says here what bounds it.
 *
 * It stands beside complexity.test.ts, which counts commands: one HGETALL is one command, however much it returns. Here the sources are
 * searched for commands that have no end of their own; a new one turns this red, and so does an entry that is no longer true.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const redis = new URL('../../../src/redis/', import.meta.url);

/** Each read or walk without an end of its own, by file and command, and what bounds it. */
const bounded: Readonly<Record<string, string>> = {
  'lua/inspect-lock.lua ZRANGEBYSCORE': 'the holders of a semaphore: limits.lockPermits',
  'lua/look.lua LINDEX': 'from the old end to as far as the look goes: findMark, and the entries asked for',
  'lua/parts/bridge.lua LINDEX': 'from the nearer end, and no more than mostSteps of them',
  'lua/parts/limits.lua XPENDING': 'a summary: a row for each node that has claims',
  'lua/parts/lock.lua ZRANGEBYSCORE': 'the holders of a semaphore: limits.lockPermits, each let go of once',
  'lua/parts/overdue.lua XPENDING':
    'walks the claims that are younger than the lease: those of the nodes that are present',
  'lua/parts/waiters.lua ZRANGEBYSCORE': 'waiters that are silent: limits.lockWaiters, each forgotten once',
  'lua/read-roster.lua HGETALL': 'limits.rosterEntries, and only when the roster has changed',
  'lua/read-schedules.lua HKEYS': 'limits.schedules',
  'lua/take.lua LINDEX': 'as far from the nearer end as the entries that are picked',
  'lua/take.lua LREM': 'ends with the last entry that was picked, from the nearer end',
  'lua/take.lua LSET': 'as far from the nearer end as the entries that are picked',
  'lua/withdraw-foreign.lua LREM':
    'the list of classic agents, for a task that nobody has answered: limits.foreignOutEach of them',
  'mail.ts ZRANGEBYLEX': 'the agents of one node',
  'outgoing.ts HGETALL': 'what is out with classic agents: limits.foreignOutEach for each assignee',
};

const whole =
  /^(KEYS|SCAN|HSCAN|SSCAN|ZSCAN|HKEYS|HVALS|HGETALL|SMEMBERS|SORT|SINTER|SUNION|SDIFF|ZUNION|ZINTER|ZDIFF|FLUSHALL|FLUSHDB)$/;
/** From one end of a list to a place in it. */
const walks = /^(LINDEX|LSET|LREM|LPOS|LINSERT)$/;
const ends: Readonly<Record<string, (args: readonly string[], text: string) => boolean>> = {
  XRANGE: (args, text) => text.includes("'COUNT'") || args[1] === args[2],
  XREVRANGE: (args, text) => text.includes("'COUNT'") || args[1] === args[2],
  XREAD: (_, text) => text.includes("'COUNT'"),
  XREADGROUP: (_, text) => text.includes("'COUNT'"),
  XAUTOCLAIM: (_, text) => text.includes("'COUNT'"),
  XINFO: (_, text) => !text.includes("'FULL'"),
  ZRANGEBYSCORE: (_, text) => text.includes("'LIMIT'"),
  ZREVRANGEBYSCORE: (_, text) => text.includes("'LIMIT'"),
  ZRANGEBYLEX: (_, text) => text.includes("'LIMIT'"),
  ZREVRANGEBYLEX: (_, text) => text.includes("'LIMIT'"),
  ZRANGE: (args) => !/^'?-/.test(args[2] ?? '-'),
  ZREVRANGE: (args) => !/^'?-/.test(args[2] ?? '-'),
  LRANGE: (args) => !/^'?-/.test(args[2] ?? '-'),
  // With a count; the words of `pending`, which has the group in it, are looked at where it is called.
  XPENDING: (args, text) => args.at(-1) === '...' || (args.length > 4 && !text.includes("'IDLE'")),
};

interface Command {
  readonly name: string;
  readonly args: readonly string[];
}

/** The arguments of a call whose bracket opens at `from`, as they are written. */
function argumentsAt(text: string, from: number): string[] {
  const found: string[] = [];
  let [depth, start, isQuoted] = [0, from, false];
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === "'") isQuoted = !isQuoted;
    if (isQuoted) continue;
    if ('([{'.includes(char)) depth++;
    if (depth === 0 && (char === ',' || char === ')')) {
      found.push(text.slice(start, at).trim());
      start = at + 1;
      if (char === ')') break;
    }
    if (')]}'.includes(char)) depth--;
  }
  return found.filter((arg) => arg !== '');
}

/** Every command that a source calls; an array that is spread stands for what it was made of. */
function commandsIn(source: string): Command[] {
  const text = source.replace(/^\s*--.*$/gm, '');
  const spread = (arg: string): string[] => {
    const [, name] = /^\.\.\.(\w+)$/.exec(arg) ?? [];
    const [, made] = (name !== undefined && new RegExp(`const ${name} = \\[(.*)\\];`).exec(text)) || [];
    return made === undefined ? [arg] : argumentsAt(`${made})`, 0);
  };
  const calls = Array.from(
    text.matchAll(/\b(?:redis\.p?call|[sS]tore\.call|this\.#\w+\.call|[^.\w]call)\(/g),
    (found) => {
      const [first = '', ...args] = argumentsAt(text, found.index + found[0].length);
      return { name: first.replaceAll("'", '').toUpperCase(), args: args.flatMap(spread) };
    },
  );
  const pending = Array.from(text.matchAll(/(?<!function )\bpending\(/g), (found) => {
    const [stream = '', ...args] = argumentsAt(text, found.index + found[0].length);
    return { name: 'XPENDING', args: [stream, 'group', ...args] };
  });
  return [...calls, ...pending];
}

function isEndless({ name, args }: Command): boolean {
  if (whole.test(name) || walks.test(name)) return !(name === 'LINDEX' && args[1] === '0');
  return ends[name]?.(args, args.join(', ')) === false;
}

const sources = (readdirSync(redis, { recursive: true }) as string[]).filter((file) => /\.(lua|ts)$/.test(file)).sort();
const read = (file: string): string => readFileSync(new URL(file, redis), 'utf8');

describe('reads have an end', () => {
  test('commands that read all of something are those that are listed here, each with what bounds it', () => {
    const found = sources.flatMap((file) =>
      commandsIn(read(file)).flatMap((command) => (isEndless(command) ? [`${file} ${command.name}`] : [])),
    );
    expect([...new Set(found)].sort()).toEqual(Object.keys(bounded).sort());
  });

  test('most commands of scripts and ports are found', () => {
    const names = sources.flatMap((file) => commandsIn(read(file)).map(({ name }) => name));
    expect(names.length).toBeGreaterThan(300);
    for (const name of ['XPENDING', 'XRANGE', 'ZREVRANGEBYSCORE', 'HMGET', 'LRANGE']) expect(names).toContain(name);
  });

  test.each([
    ["redis.call('HKEYS', KEYS[1])", 'HKEYS'],
    ["redis.pcall('XRANGE', KEYS[1], '-', '+')", 'XRANGE'],
    ["redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(nowUs))", 'ZRANGEBYSCORE'],
    ["redis.call('LRANGE', KEYS[1], 0, -1)", 'LRANGE'],
    ["pending(stream, 'IDLE', lease, from, '+', size)", 'XPENDING'],
    ["redis.call('XPENDING', stream, 'g')", 'XPENDING'],
    ["this.#store.call('smembers', key)", 'SMEMBERS'],
    ["await call('zrange', key, 0, '-1')", 'ZRANGE'],
  ])('%s has none', (text, name) => {
    expect(commandsIn(` ${text}`).filter(isEndless)).toMatchObject([{ name }]);
  });

  test.each([
    "redis.call('XRANGE', inbox, entry, entry)[1]",
    "redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)",
    "redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', whole(f(nowMs)), 'LIMIT', 0, 100)",
    "redis.call('ZRANGEBYLEX', turns, '[' .. shared, '(' .. shared .. ':', 'LIMIT', 0, 1)",
    "pending(streams[lane], '-', '+', 1, other)",
    "store.call('lrange', key, 0, count - 1)",
  ])('%s has one', (text) => {
    expect(commandsIn(text).filter(isEndless)).toEqual([]);
  });
});
