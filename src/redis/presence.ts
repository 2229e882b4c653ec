/**
 * The presence port on Redis: a key with a time to live for each node, and a directory of activations in each mail shard.
 *
 * Invariants P1 to P7 stand in broker/presence.ts. An activation is as good as its owner's lease: nothing has to be cleaned
 * up when a node ends; what it leaves in the directories goes when another joins (janitor.ts).
 */
import { everyone } from '../broker/notices.ts';
import type {
  ActivateReply,
  Activation,
  Beat,
  Holding,
  NodeInfo,
  NodeRecord,
  PresencePort,
  RenewReply,
} from '../broker/presence.ts';
import { limits } from '../core/limits.ts';
import { Janitor } from './janitor.ts';
import type { MailShards } from './mail-shards.ts';
import type { Owners } from './owners.ts';
import type { PlaceLeases } from './place-leases.ts';
import type { Store } from './store.ts';

const endedNodesKeptMs = 3_600_000;
const mostNodes = 1_000;
/** Of one shard. */
const mostNative = 100_000;

export class RedisPresence implements PresencePort {
  readonly #store: Store;
  readonly #shards: MailShards;
  readonly #owners: Owners;
  readonly #leases: PlaceLeases;
  readonly #janitor: Janitor;
  readonly #onLeft: (node: string) => Promise<void>;
  readonly #classic: boolean;

  constructor(deps: {
    store: Store;
    shards: MailShards;
    owners: Owners;
    leases: PlaceLeases;
    onLeft: (node: string) => Promise<void>;
    classic?: boolean;
  }) {
    this.#store = deps.store;
    this.#shards = deps.shards;
    this.#owners = deps.owners;
    this.#leases = deps.leases;
    this.#janitor = new Janitor(deps);
    this.#onLeft = deps.onLeft;
    this.#classic = deps.classic ?? false;
  }

  async join(info: NodeInfo, leaseMs: number): Promise<Beat> {
    const { node, status, ...about } = info;
    const { nodes, statuses, ends } = this.#store.keys.presence;
    await this.#leases.join(node, leaseMs);
    const reply = await this.#store.run('join', {
      keys: [this.#store.keys.lease(node), nodes, statuses, ends, ...this.#told, ...this.#records],
      args: [
        node,
        Math.ceil(leaseMs),
        JSON.stringify(about),
        status,
        endedNodesKeptMs,
        mostNodes,
        this.#everyone,
        limits.lifecycle,
      ],
    });
    await this.#janitor.sweep();
    return beatOf(reply as BeatReply);
  }

  async renew(node: string, leaseMs: number, status: string): Promise<RenewReply> {
    const { statuses, ends } = this.#store.keys.presence;
    await this.#leases.renew(node, leaseMs);
    const reply = (await this.#store.run('renew-presence', {
      keys: [this.#store.keys.lease(node), statuses, ends, ...this.#told, ...this.#records],
      args: [node, Math.ceil(leaseMs), status, endedNodesKeptMs, mostNodes, this.#everyone, limits.lifecycle],
    })) as BeatReply | [];
    if (isBeat(reply)) return { kind: 'renewed', ...beatOf(reply) };
    await this.#leases.leave(node);
    return { kind: 'lost' };
  }

  async leave(node: string): Promise<void> {
    const { nodes, statuses, ends } = this.#store.keys.presence;
    await this.#leases.leave(node);
    await this.#store.run('leave', {
      keys: [this.#store.keys.lease(node), nodes, statuses, ends, ...this.#records],
      args: [node, this.#everyone, limits.lifecycle],
    });
    await this.#onLeft(node);
  }

  async nodes({ ending } = { ending: false }): Promise<readonly NodeRecord[]> {
    const { nodes, statuses, ends } = this.#store.keys.presence;
    const call = { keys: [nodes, statuses, ends], args: [endedNodesKeptMs, mostNodes, ending ? 1 : 0] };
    const rows = (await this.#store.run('nodes', call)) as [string, string | null, string | null, number][];
    const records = rows.map(([node, about, status, leaseLeftMs]) => {
      const described = JSON.parse(about ?? '{}') as Omit<NodeInfo, 'node' | 'status'>;
      return { ...described, node, status: status ?? '{}', alive: leaseLeftMs > 0, leaseLeftMs };
    });
    return records.sort((a, b) => a.startedAt - b.startedAt || (a.node < b.node ? -1 : 1));
  }

  async activate(node: string, agentIds: readonly string[]): Promise<readonly ActivateReply[]> {
    if (agentIds.length === 0) await this.#activateSome(node, this.#shards.of(''), []);
    const replies = new Map<string, ActivateReply>();
    for (const [shard, members] of this.#byShard(agentIds)) {
      for (let from = 0; from < members.length; from += limits.frameOps) {
        const some = members.slice(from, from + limits.frameOps);
        const answers = await this.#activateSome(node, shard, some);
        for (const [index, agentId] of some.entries()) replies.set(agentId, answerOf(answers, index));
      }
    }
    return agentIds.map((agentId) => replies.get(agentId) ?? answerOf([], 0));
  }

  async deactivate(node: string, holdings: readonly Holding[]): Promise<readonly boolean[]> {
    const places = new Map<string, number[]>();
    for (const [index, { agentId }] of holdings.entries()) {
      const shard = this.#shards.of(agentId);
      const known = places.get(shard);
      if (known === undefined) places.set(shard, [index]);
      else known.push(index);
    }
    const replies = holdings.map(() => false);
    for (const [shard, indexes] of places) {
      for (let from = 0; from < indexes.length; from += limits.frameOps) {
        const some = indexes.slice(from, from + limits.frameOps);
        const answers = await this.#deactivateSome(
          node,
          shard,
          some.flatMap((index) => holdings[index] ?? []),
        );
        for (const [at, index] of some.entries()) replies[index] = answers[at] === 1;
      }
    }
    return replies;
  }

  async lookup(agentIds: readonly string[]): Promise<readonly (Activation | undefined)[]> {
    const found = new Map<string, Activation>();
    for (const [shard, members] of this.#byShard(agentIds)) {
      const texts = (await this.#store.call('hmget', this.#store.keys.mail(shard).directory, ...members)) as (
        | string
        | null
      )[];
      for (const [index, agentId] of members.entries()) {
        const [owner = '', epoch] = (texts[index] ?? '').split('\x1f');
        if (owner !== '') found.set(agentId, { owner, epoch: Number(epoch) });
      }
    }
    const owners = [...new Set([...found.values()].map(({ owner }) => owner))];
    const leases = await Promise.all(owners.map((owner) => this.#store.call('exists', this.#store.keys.lease(owner))));
    const present = new Set(owners.filter((_, index) => leases[index] === 1));
    return agentIds.map((agentId) => {
      const activation = found.get(agentId);
      return activation !== undefined && present.has(activation.owner) ? activation : undefined;
    });
  }

  /** What a beat tells beside the ends of leases (P4, P7). */
  get #told(): readonly string[] {
    const { presence, roster } = this.#store.keys;
    return [presence.beats, roster.version];
  }

  /** What a script needs to record the beginning and the end of presences (P5). */
  get #records(): readonly string[] {
    const { presence, lifecycle } = this.#store.keys;
    return [presence.up, lifecycle.stream, lifecycle.trimmed];
  }

  get #everyone(): string {
    return this.#store.keys.channel(everyone);
  }

  /** After the first element, owner (or `''` when granted) and epoch of each agent. */
  async #activateSome(node: string, shard: string, agentIds: readonly string[]): Promise<readonly string[]> {
    const { meta, directory, nonEmpty, inbox } = this.#store.keys.mail(shard);
    await this.#noteNative(meta, agentIds);
    const keys = [this.#store.keys.lease(node, shard), meta, directory, nonEmpty, ...agentIds.map(inbox)];
    const take = (ended: readonly string[]): Promise<unknown> => {
      const call = { keys, args: [node, agentIds.length, ...agentIds, ended.length, ...ended] };
      return this.#owners.expecting(shard, agentIds, call, (whole) => this.#store.run('activate', whole));
    };
    return (await this.#store.runAs(node, () => this.#leases.taking(take))) as string[];
  }

  /** Mail, M12: before they are granted. Ids of pools are new with every start, and are not written down. */
  async #noteNative(meta: string, agentIds: readonly string[]): Promise<void> {
    const added = this.#classic ? agentIds.filter((id) => !id.includes('@')) : [];
    if (added.length === 0 || Number(await this.#store.call('hlen', meta)) > mostNative) return;
    await this.#store.call('hset', meta, ...added.flatMap((id) => [`native:${id}`, 1]));
  }

  /** For each agent 1 when it was the node's. */
  async #deactivateSome(node: string, shard: string, holdings: readonly Holding[]): Promise<readonly number[]> {
    const { directory, nonEmpty, inbox } = this.#store.keys.mail(shard);
    const call = {
      keys: [directory, nonEmpty, ...holdings.map(({ agentId }) => inbox(agentId))],
      args: [node, this.#everyone, ...holdings.flatMap(({ agentId, epoch }) => [agentId, epoch])],
    };
    return (await this.#store.run('deactivate', call)) as number[];
  }

  #byShard(agentIds: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const shards = new Map<string, string[]>();
    for (const agentId of new Set(agentIds)) {
      const shard = this.#shards.of(agentId);
      shards.set(shard, [...(shards.get(shard) ?? []), agentId]);
    }
    return shards;
  }
}

type BeatReply = [serverTime: number, beats: number, roster: string, nextEndInMs: number | '', ...ended: string[]];

const isBeat = (reply: BeatReply | []): reply is BeatReply => reply.length > 0;

function beatOf([serverTime, beats, roster, next, ...ended]: BeatReply): Beat {
  return { serverTime, beats, roster, ended: ended.sort(), ...(next !== '' && { nextEndInMs: next }) };
}

function answerOf(answers: readonly string[], index: number): ActivateReply {
  const owner = answers[1 + index * 2] ?? '';
  const epoch = Number(answers[2 + index * 2]);
  return owner === '' ? { kind: 'granted', epoch } : { kind: 'held', owner, epoch };
}
