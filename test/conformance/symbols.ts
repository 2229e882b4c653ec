/**
 * What two brokers mint differently and mean alike: task ids, entries, tokens, epochs, versions, each pair under one symbol.
 *
 * A symbol names the step that showed the value first, so that leaving out other steps keeps it. Two values that stand in the same place
 * of the two answers are a pair from then on: meeting one of them beside another partner is a difference.
 */
export interface Pair {
  readonly memory: unknown;
  readonly redis: unknown;
}

export type Kind = keyof Pair;

/** Where two answers part. */
export class Difference extends Error {
  readonly path: string;
  readonly pair: Pair;

  constructor(path: string, pair: Pair) {
    super(`${path}: memory ${show(pair.memory)}, redis ${show(pair.redis)}`);
    this.path = path;
    this.pair = pair;
  }
}

const mark = '§';
/** Tokens and epochs are microseconds since 1970; nothing else is as great. */
const leastMinted = 1e15;
const leastLength = 12;
const mintedText = /^(?:.+\.[hnl]\.)?\d{10,}-\d+$|^\d{16}\.\d+$/;
/** What a mark in a foreign list calls its newest entry. */
const markText = /^\d+:|^[\da-f]{40}$/;

export class Symbols {
  readonly #pairs = new Map<string, Pair>();
  readonly #byMemory = new Map<unknown, string>();
  /** The latest symbol of each value: two counters of Redis may show the same number. */
  readonly #byRedis = new Map<unknown, string>();
  #step = '';
  #order = 0;

  /** Symbols are named after this step from now on. */
  enter(step: string): void {
    this.#step = step;
    this.#order = 0;
  }

  /** One answer in symbols for both of them. `name` is the field it stands in. Throws `Difference`. */
  match({ memory, redis }: Pair, name = ''): unknown {
    if (isMinted(memory, name) && isMinted(redis, name)) return this.#pair({ memory, redis });
    if (Array.isArray(memory) && Array.isArray(redis)) return this.#matchLists(memory, redis);
    if (isRecord(memory) && isRecord(redis)) return this.#matchRecords(memory, redis);
    if (!Object.is(memory, redis) && !isNearly({ memory, redis }, name)) throw new Difference('', { memory, redis });
    return memory;
  }

  /** The value that one broker knows instead of each symbol; undefined when one of them is unknown. */
  realise<T>(value: T, kind: Kind): T | undefined {
    try {
      return this.#realise(value, kind) as T;
    } catch (error) {
      if (error instanceof UnknownSymbol) return undefined;
      throw error;
    }
  }

  /** Text by which things of one broker can be sorted alike on both. */
  sortKey(value: unknown, kind: Kind): string {
    const known = kind === 'memory' ? this.#byMemory : this.#byRedis;
    return show(value, (name, field) => (isMinted(field, name) ? (known.get(field) ?? '?') : field));
  }

  #matchLists(memory: readonly unknown[], redis: readonly unknown[]): readonly unknown[] {
    if (memory.length !== redis.length) throw new Difference('', { memory, redis });
    return memory.map((item, index) => within(`[${index}]`, () => this.match({ memory: item, redis: redis[index] })));
  }

  #matchRecords(memory: Fields, redis: Fields): Fields {
    const same: Record<string, unknown> = {};
    for (const name of Object.keys({ ...redis, ...memory })) {
      const pair = { memory: memory[name], redis: redis[name] };
      const value = within(`.${name}`, () => this.match(pair, name));
      if (value !== undefined) same[name] = value;
    }
    return same;
  }

  #pair(pair: Pair): string {
    const known = this.#byMemory.get(pair.memory);
    if (known !== undefined) {
      if (this.#pairs.get(known)?.redis === pair.redis) return known;
      throw new Difference('', { memory: `${String(pair.memory)} (${known})`, redis: pair.redis });
    }
    const symbol = `${mark}${this.#step}.${this.#order++}`;
    this.#pairs.set(symbol, pair);
    this.#byMemory.set(pair.memory, symbol);
    this.#byRedis.set(pair.redis, symbol);
    return symbol;
  }

  #realise(value: unknown, kind: Kind): unknown {
    if (typeof value === 'string' && value.startsWith(mark)) {
      const pair = this.#pairs.get(value);
      if (pair === undefined) throw new UnknownSymbol(value);
      return pair[kind];
    }
    if (Array.isArray(value)) return value.map((item) => this.#realise(item, kind));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, this.#realise(field, kind)]));
  }
}

class UnknownSymbol extends Error {}

/** The run of a task's parts is text of any form, and so is what proves which foreign entry was looked at. */
function isMinted(value: unknown, name: string): boolean {
  if (typeof value === 'number') return value >= leastMinted;
  if (typeof value !== 'string') return false;
  if (name === 'run' || name === 'proof' || (name === 'last' && markText.test(value))) return true;
  return value.length >= leastLength && mintedText.test(value);
}

/**
 * When to look again may differ by a millisecond: a key of Redis is there still in the one in which its time is up, and tasks of one
 * frame fall due a microsecond apart.
 */
function isNearly({ memory, redis }: Pair, name: string): boolean {
  return (
    (name === 'lookAgainInMs' || name === 'nextDueInMs') &&
    typeof redis === 'number' &&
    Math.abs(Number(memory) - redis) <= 1
  );
}

/** Says in which part of an answer a difference was met. */
export function within<T>(part: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw error instanceof Difference ? new Difference(`${part}${error.path}`, error.pair) : error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function show(value: unknown, replace?: (name: string, field: unknown) => unknown): string {
  return value === undefined ? 'undefined' : JSON.stringify(value, replace);
}
