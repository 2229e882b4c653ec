/**
 * The janitor of the directories: agents of nodes that are gone, which nobody will ever ask for again.
 *
 * A node that leaves in order gives its ids back; one that was killed cannot, and pool agents get new ids with every start. So each
 * node that joins looks at some agents of each directory, and goes on while many of them are of nodes that are gone: that takes little
 * of its lease, however many agents live. What is forgotten is as good as free before and after: epochs grow with the server's clock,
 * not with the record.
 */
import { limits } from '../core/limits.ts';
import type { MailShards } from './mail-shards.ts';
import type { PlaceLeases } from './place-leases.ts';
import type { Store } from './store.ts';

/** All of them where there are no more. */
const sampleSize = 1_000;
const mostSamples = 20;
/** One in so many: fewer that are gone are left to the next node that joins. */
const fewest = 10;

export class Janitor {
  readonly #store: Store;
  readonly #shards: MailShards;
  readonly #leases: PlaceLeases;

  constructor(deps: { store: Store; shards: MailShards; leases: PlaceLeases }) {
    this.#store = deps.store;
    this.#shards = deps.shards;
    this.#leases = deps.leases;
  }

  /** Forgets agents without mail whose owner's presence has ended. */
  async sweep(): Promise<void> {
    await Promise.all(this.#shards.all.map((shard) => this.#sweepShard(shard)));
  }

  async #sweepShard(shard: string): Promise<void> {
    const { directory } = this.#store.keys.mail(shard);
    for (let sample = 0; sample < mostSamples; sample++) {
      const flat = (await this.#store.call('hrandfield', directory, sampleSize, 'WITHVALUES')) as string[];
      const forgotten = await this.#sweepSome(shard, flat);
      if (forgotten * fewest < sampleSize) return;
    }
  }

  /** Resolves to how many were forgotten. */
  async #sweepSome(shard: string, flat: readonly string[]): Promise<number> {
    const agents: { readonly id: string; readonly owner: string }[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2)
      agents.push({ id: flat[i] ?? '', owner: flat[i + 1]?.split('\x1f')[0] ?? '' });
    const gone = await this.#goneAmong([...new Set(agents.map(({ owner }) => owner).filter((owner) => owner !== ''))]);
    await this.#leases.end([...gone]); // who takes such an id later finds nobody whose leases are to be ended
    const orphans = agents.filter(({ owner }) => gone.has(owner));
    const { directory, inbox } = this.#store.keys.mail(shard);
    const calls: Promise<unknown>[] = [];
    for (let from = 0; from < orphans.length; from += limits.frameOps) {
      const some = orphans.slice(from, from + limits.frameOps);
      const keys = some.flatMap(({ id, owner }) => [inbox(id), this.#store.keys.lease(owner, shard)]);
      const args = some.flatMap(({ id, owner }) => [id, owner]);
      calls.push(this.#store.run('forget-agents', { keys: [directory, ...keys], args }));
    }
    return (await Promise.all(calls)).reduce<number>((sum, forgotten) => sum + Number(forgotten), 0);
  }

  async #goneAmong(owners: readonly string[]): Promise<ReadonlySet<string>> {
    const leases = await Promise.all(owners.map((owner) => this.#store.call('exists', this.#store.keys.lease(owner))));
    return new Set(owners.filter((_, index) => leases[index] === 0));
  }
}
