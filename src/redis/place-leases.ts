/**
 * The presence leases of nodes in all places of a Redis Cluster (places.ts). On one server there is one place, and nothing to do here.
 *
 * L1  The lease in the place of presence is the one that others are told of. Those in other places are renewed before it, and only all
 *     together, so that they end first: a node that lost one has lost its presence.
 * L2  A lease that was ended is never renewed, so that whoever has ended those of a node everywhere knows that no script takes its
 *     word any more.
 * L3  An activation passes to another node only when all leases of the one before have been ended: what is fenced by presence in one
 *     place is then fenced in all.
 */
import { BrokerError } from '../core/errors.ts';
import type { Keys } from './keys.ts';
import { allPlaces, presencePlace } from './places.ts';
import type { Store } from './store.ts';

const mostRounds = 8;
/** L1, also in the same millisecond: the script that renews the other one takes one off. */
const sooner = 2;

export class PlaceLeases {
  readonly #store: Store;
  readonly #beside: readonly string[];

  constructor(deps: { store: Store; spread: boolean }) {
    this.#store = deps.store;
    this.#beside = deps.spread ? allPlaces.filter((place) => place !== presencePlace) : [];
  }

  async join(node: string, leaseMs: number): Promise<void> {
    await this.#each((key) => this.#store.call('set', key, '1', 'PX', msOf(leaseMs)), node);
  }

  /** L1: when one is lost, the others are ended, too. */
  async renew(node: string, leaseMs: number): Promise<void> {
    const renewed = await this.#each((key) => this.#store.call('pexpire', key, msOf(leaseMs)), node);
    if (renewed.includes(0)) await this.end([node]);
  }

  /** Those beside the one of presence. */
  async leave(node: string): Promise<void> {
    await this.#each((key) => this.#store.call('del', key), node);
  }

  /** L2: of nodes whose lease has ended in one place, all. */
  async end(nodes: readonly string[]): Promise<void> {
    if (this.#beside.length === 0) return;
    const places = nodes.flatMap((node) => allPlaces.map((place) => this.#keys.leaseAt(place, node)));
    await Promise.all(places.map((key) => this.#store.call('del', key)));
  }

  /**
   * L3: runs a script that takes agents from owners, if they are among the last of its arguments. It answers `ENDING` and whom it may
   * not take from yet.
   */
  async taking(run: (ended: readonly string[]) => Promise<unknown>): Promise<unknown> {
    if (this.#beside.length === 0) return await run([]);
    const ended = new Set<string>();
    for (let round = 1; round <= mostRounds; round++) {
      const reply = await run(['spread', ...ended]);
      if (!Array.isArray(reply) || reply[0] !== 'ENDING') return reply;
      const owners = (reply as string[]).slice(1);
      await this.end(owners);
      for (const owner of owners) ended.add(owner);
    }
    throw new BrokerError('overloaded', 'expected the owners of some agents to stay for a moment, got: changing');
  }

  get #keys(): Keys {
    return this.#store.keys;
  }

  #each(call: (key: string) => Promise<unknown>, node: string): Promise<unknown[]> {
    return Promise.all(this.#beside.map((place) => call(this.#keys.leaseAt(place, node))));
  }
}

function msOf(leaseMs: number): number {
  return Math.max(1, Math.ceil(leaseMs) - sooner);
}
