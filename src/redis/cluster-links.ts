/**
 * The links to the masters of a Redis Cluster, which to its callers are one link.
 *
 * C1  A call goes to the master of its first key; without a key, to the one that holds presence.
 * C2  A call that a node refused because the slot is elsewhere, or on its way, was not carried out: it is made again where the slot
 *     is, for a bounded time. Any other failure is the caller's, as with one link: nothing is repeated whose outcome is unknown.
 * C3  A master that cannot be reached makes this process ask who serves its slots; links to nodes that serve none are closed.
 */
import { type Clock, sleep } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import { keyOf } from './command-keys.ts';
import type { Address, ClusterSlots } from './cluster-slots.ts';
import { slotOf } from './key-slot.ts';
import type { Argument, Calls, Link } from './link.ts';
import { redirectionOf } from './redirections.ts';

export interface ClusterLinksDeps {
  readonly slots: ClusterSlots;
  readonly clock: Clock;
  /** A key beside which calls without one are made (C1). */
  readonly home: string;
  makeLink(master: Address): Link;
}

/** How long a call waits for a slot on its way, and how long before it looks again. */
const patienceMs = 3_000;
const lookAgainMs = 20;

interface Opened {
  readonly link: Link;
  readonly up: Promise<void>;
}

export class ClusterLinks implements Calls {
  readonly #deps: ClusterLinksDeps;
  readonly #links = new Map<Address, Opened>();
  #closed = false;

  constructor(deps: ClusterLinksDeps) {
    this.#deps = deps;
  }

  /** Every master that is known is reached. */
  get isUp(): boolean {
    const { masters } = this.#deps.slots;
    return masters.length > 0 && masters.every((master) => this.#links.get(master)?.link.isUp === true);
  }

  async start(): Promise<void> {
    await this.#deps.slots.refresh();
    await Promise.all(this.#deps.slots.masters.map((master) => this.linkTo(master)));
  }

  async stop(): Promise<void> {
    this.#closed = true;
    const links = [...this.#links.values()].map(({ link }) => link);
    this.#links.clear();
    await Promise.all(links.map((link) => link.stop()));
  }

  async call(command: string, ...args: readonly Argument[]): Promise<unknown> {
    if (command === 'mget') return await this.#readMany(args);
    return await this.via(keyOf(command, args) ?? this.#deps.home, (link) => link.call(command, ...args));
  }

  /** C2 */
  async via<T>(key: string, use: (link: Pick<Calls, 'call'>) => Promise<T>): Promise<T> {
    const { clock, slots } = this.#deps;
    const until = clock.monotonic() + patienceMs;
    for (;;) {
      try {
        const master = slots.masterOf(key);
        if (master === undefined) throw new BrokerError('unreachable', `expected a master to serve ${key}, got: none`);
        return await this.#follow(await this.linkTo(master), use);
      } catch (error) {
        const redirection = redirectionOf(error);
        if (redirection === undefined) this.#lookAfter(error);
        if (redirection === undefined || clock.monotonic() >= until) throw error;
        await (redirection.kind === 'moved' ? this.refresh() : sleep(clock, lookAgainMs));
      }
    }
  }

  /** The link to a node, which is up when it resolves for the first time. */
  async linkTo(address: Address): Promise<Link> {
    if (this.#closed) throw new BrokerError('closed', 'expected the broker to be running, got: stopped');
    const opened = this.#links.get(address) ?? this.#open(address);
    await opened.up;
    return opened.link;
  }

  /** C3 */
  async refresh(): Promise<void> {
    await this.#deps.slots.refresh();
    const { masters } = this.#deps.slots;
    for (const [address, { link }] of this.#links) {
      if (masters.includes(address)) continue;
      this.#links.delete(address);
      void link.stop();
    }
  }

  #open(address: Address): Opened {
    const link = this.#deps.makeLink(address);
    const opened = { link, up: link.start() };
    this.#links.set(address, opened);
    opened.up.catch(() => {
      if (this.#links.get(address) === opened) this.#links.delete(address);
    });
    return opened;
  }

  /** A key that has gone ahead is asked for where it is, once. */
  async #follow<T>(link: Link, use: (link: Pick<Calls, 'call'>) => Promise<T>): Promise<T> {
    try {
      return await use(link);
    } catch (error) {
      const redirection = redirectionOf(error);
      if (redirection?.kind !== 'ask') throw error;
      return await use(asking(await this.linkTo(redirection.to)));
    }
  }

  /** C3: nobody waits for it. */
  #lookAfter(error: unknown): void {
    const isAway = error instanceof BrokerError && (error.code === 'unreachable' || error.code === 'unknown-outcome');
    if (isAway && !this.#closed) this.refresh().catch(() => {});
  }

  /** Keys of several slots, in their order. */
  async #readMany(keys: readonly Argument[]): Promise<readonly unknown[]> {
    const bySlot = new Map<number, number[]>();
    for (const [index, key] of keys.entries()) {
      const slot = slotOf(String(key));
      bySlot.set(slot, [...(bySlot.get(slot) ?? []), index]);
    }
    const values: unknown[] = keys.map(() => null);
    const read = async (indexes: readonly number[]): Promise<void> => {
      const some = indexes.map((index) => String(keys[index]));
      const found = (await this.via(some[0] ?? '', (link) => link.call('mget', ...some))) as unknown[];
      for (const [at, index] of indexes.entries()) values[index] = found[at];
    };
    await Promise.all([...bySlot.values()].map(read));
    return values;
  }
}

/** Both are written in one go, so that nothing comes between them. */
function asking(link: Link): Pick<Calls, 'call'> {
  return {
    async call(command, ...args) {
      const [, reply] = await Promise.all([link.call('asking'), link.call(command, ...args)]);
      return reply;
    },
  };
}
