/**
 * Which master of a Redis Cluster serves a key, as far as this process knows.
 *
 * It is asked for anew when a server says MOVED or cannot be reached: over a connection of its own, from whichever node answers first,
 * so that no link has to be up for it. What it says may be old; the servers say so when it is used.
 */
import type { RedisOptions } from 'ioredis';
import { type Clock, sleep } from '../core/clock.ts';
import type { BrokerError } from '../core/errors.ts';
import { newClient } from './client.ts';
import { brokerError } from './errors.ts';
import type { Endpoint } from './link.ts';
import { slotOf } from './key-slot.ts';

/** `host:port` */
export type Address = string;

interface Range {
  readonly from: number;
  readonly to: number;
  readonly master: Address;
  /** Replicas may know of a new master when the old one is gone. */
  readonly replicas: readonly Address[];
}

type SlotRow = readonly [from: number, to: number, ...nodes: (readonly [host: string | null, port: number])[]];

export interface ClusterSlotsDeps {
  /** Any nodes of the cluster. */
  readonly seeds: readonly Address[];
  readonly options: RedisOptions;
  readonly clock: Clock;
}

/** A storm of calls to a master that is gone must not become a storm of questions. */
const pauseMs = 100;

export class ClusterSlots {
  readonly #deps: ClusterSlotsDeps;
  #ranges: readonly Range[] = [];
  #asking: Promise<void> | undefined;
  #askedAt = -Infinity;

  constructor(deps: ClusterSlotsDeps) {
    this.#deps = deps;
  }

  /** Undefined while nobody serves it. */
  masterOf(key: string): Address | undefined {
    const slot = slotOf(key);
    return this.#ranges.find(({ from, to }) => from <= slot && slot <= to)?.master;
  }

  get masters(): readonly Address[] {
    return [...new Set(this.#ranges.map(({ master }) => master))];
  }

  /** Rejects when no node answers. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const { clock, seeds } = this.#deps;
    const waitMs = this.#askedAt + pauseMs - clock.monotonic();
    if (waitMs > 0) await sleep(clock, waitMs);
    const replicas = this.#ranges.flatMap((range) => range.replicas);
    let failure: BrokerError | undefined;
    for (const node of new Set([...this.masters, ...replicas, ...seeds])) {
      try {
        this.#ranges = rangesOf(await this.#askOne(node), node);
        if (this.#ranges.length > 0) break;
      } catch (error) {
        failure = brokerError(error, { what: `the slots of the cluster at ${node}`, written: false });
      }
    }
    this.#askedAt = clock.monotonic();
    if (failure !== undefined && this.#ranges.length === 0) throw failure;
  }

  async #askOne(node: Address): Promise<readonly SlotRow[]> {
    const client = newClient({ ...this.#deps.options, ...placeOn(node), lazyConnect: true });
    let fault: unknown;
    client.on('error', (error: unknown) => (fault = error));
    try {
      await client.connect();
      return (await client.cluster('SLOTS')) as unknown as readonly SlotRow[];
    } catch (error) {
      throw fault ?? error;
    } finally {
      client.disconnect();
    }
  }
}

/** What a client takes for the address of a node. */
export function placeOn(address: Address): Endpoint {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

/** A node that does not know its own name leaves it out: it is the one that was asked. */
function rangesOf(rows: readonly SlotRow[], asked: Address): readonly Range[] {
  const addressOf = ([host, port]: readonly [string | null, number]): Address =>
    `${host || placeOn(asked).host}:${port}`;
  return rows.flatMap(([from, to, ...nodes]) => {
    const [master, ...replicas] = nodes.map(addressOf);
    return master === undefined ? [] : [{ from, to, master, replicas }];
  });
}
