/**
 * An agent of another protocol, as far as the shared lists go: what it pushes and takes, and a key that it has spoilt.
 *
 * It stands alone because it is no broker and goes round all of them: to a memory fleet's lists, or to the keys of a server.
 */
import type { Cluster, Redis } from 'ioredis';
import type { ForeignList } from '../../src/broker/foreign.ts';
import type { MemoryFleet } from '../../src/memory/fleet.ts';
import { Keys } from '../../src/redis/keys.ts';

type Spoilable = ForeignList | 'events';

/** While a list is spoilt it takes nothing, gives nothing and shows nothing. */
export interface Outsider {
  /** Pushes a text as the newest of a list. */
  push(list: ForeignList, text: string): Promise<void>;
  /** Takes the oldest. */
  pop(list: ForeignList): Promise<string | undefined>;
  /** Oldest first. */
  read(list: ForeignList): Promise<readonly string[]>;
  /** Gives a key another type, or takes it away again. */
  spoil(key: Spoilable, spoilt: boolean): Promise<void>;
}

export function memoryOutsider(fleet: () => MemoryFleet): Outsider {
  const listOf = (list: ForeignList): string[] => (fleet().foreign.wrongTypes.has(list) ? [] : fleet().foreign[list]);
  return {
    push: (list, text) => Promise.resolve(void listOf(list).push(text)),
    pop: (list) => Promise.resolve(listOf(list).shift()),
    read: (list) => Promise.resolve([...listOf(list)]),
    async spoil(key, spoilt) {
      await Promise.resolve(spoilt ? fleet().foreign.wrongTypes.add(key) : fleet().foreign.wrongTypes.delete(key));
    },
  };
}

/** On one server the lists have one name, whatever the fleet. */
export function redisOutsider(admin: () => Redis | Cluster, fleet: string, cluster = false): Outsider {
  const keys = new Keys({ fleet, db: 0, classic: false, cluster });
  const nameOf = (key: Spoilable): string => (key === 'events' ? keys.events.stream : keys.foreign[key]);
  const isSpoilt = async (key: Spoilable): Promise<boolean> => (await admin().type(nameOf(key))) === 'string';
  return {
    async push(list, text) {
      if (!(await isSpoilt(list))) await admin().lpush(nameOf(list), text);
    },
    pop: async (list) => ((await isSpoilt(list)) ? undefined : ((await admin().rpop(nameOf(list))) ?? undefined)),
    read: async (list) => ((await isSpoilt(list)) ? [] : (await admin().lrange(nameOf(list), 0, -1)).reverse()),
    async spoil(key, spoilt) {
      const [name, away] = [nameOf(key), `${nameOf(key)}:away`];
      if (spoilt === (await isSpoilt(key))) return;
      if (spoilt && (await admin().exists(name)) === 1) await admin().rename(name, away);
      if (spoilt) return void (await admin().set(name, 'spoilt'));
      await admin().del(name);
      if ((await admin().exists(away)) === 1) await admin().rename(away, name);
    },
  };
}
