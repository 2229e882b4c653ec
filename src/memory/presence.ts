/**
 * The presence port in memory: leases of nodes, and activations with growing epochs.
 *
 * Invariants P1 to P7 stand in broker/presence.ts; the state is in directory.ts, which other ports ask too.
 */
import { nodeDown } from '../broker/logs.ts';
import { everyone } from '../broker/notices.ts';
import type { ActivateReply, Activation, Beat, Holding, NodeInfo, NodeRecord } from '../broker/presence.ts';
import type { PresencePort, RenewReply } from '../broker/presence.ts';
import { type Directory, nobody, type NodeEntry } from './directory.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

const endedNodesKeptMs = 3_600_000;
const mostNodes = 1_000;

export class MemoryPresence implements PresencePort {
  readonly #fleet: MemoryFleet;
  readonly #directory: Directory;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#directory = deps.fleet.directory;
    this.#link = deps.link;
  }

  join(info: NodeInfo, leaseMs: number): Promise<Beat> {
    return this.#link.call(info, (received) => {
      this.#fleet.lifecycle.endAll(this.#fleet);
      const leaseUntil = this.#now() + leaseMs;
      this.#directory.nodes.set(received.node, { info: received, leaseUntil });
      this.#fleet.lifecycle.begin(this.#fleet, received.node, leaseUntil);
      this.#forgetAgents();
      return this.#beat(received.node);
    });
  }

  renew(node: string, leaseMs: number, status: string): Promise<RenewReply> {
    return this.#link.call(node, (received) => {
      this.#fleet.lifecycle.endAll(this.#fleet);
      const entry = this.#directory.nodes.get(received);
      if (entry === undefined || !this.#directory.isPresent(received)) return { kind: 'lost' };
      entry.leaseUntil = this.#now() + leaseMs;
      this.#fleet.lifecycle.begin(this.#fleet, received, entry.leaseUntil);
      entry.info = { ...entry.info, status };
      return { kind: 'renewed', ...this.#beat(received) };
    });
  }

  leave(node: string): Promise<void> {
    return this.#link.call(node, (received) => {
      const reason = this.#directory.isPresent(received) ? nodeDown.left : nodeDown.leaseEnded;
      this.#directory.nodes.delete(received);
      this.#fleet.lifecycle.end(this.#fleet, received, reason);
      this.#fleet.exchange.postNotice(everyone, { kind: 'gone', node: received });
    });
  }

  nodes(want = { ending: false }): Promise<readonly NodeRecord[]> {
    return this.#link.call(want, ({ ending }) => {
      const all = this.#latest(this.#now());
      const records = ending ? endingOf(all) : all;
      return records.sort((a, b) => a.startedAt - b.startedAt || (a.node < b.node ? -1 : 1));
    });
  }

  activate(node: string, agentIds: readonly string[]): Promise<readonly ActivateReply[]> {
    return this.#link.call(agentIds, (ids) => {
      this.#directory.demandPresence(node);
      return ids.map((agentId) => this.#activateOne(node, agentId));
    });
  }

  deactivate(node: string, holdings: readonly Holding[]): Promise<readonly boolean[]> {
    return this.#link.call(holdings, (received) => received.map((holding) => this.#deactivateOne(node, holding)));
  }

  lookup(agentIds: readonly string[]): Promise<readonly (Activation | undefined)[]> {
    return this.#link.call(agentIds, (ids) => ids.map((agentId) => this.#directory.liveOwner(agentId)));
  }

  #activateOne(node: string, agentId: string): ActivateReply {
    const current = this.#directory.activations.get(agentId);
    if (current?.owner === node) return { kind: 'granted', epoch: current.epoch };
    if (current !== undefined && this.#directory.isPresent(current.owner)) return { kind: 'held', ...current };
    if (current !== undefined) this.#revoke(current.owner);
    const epoch = this.#fleet.nextNumber();
    this.#directory.activations.set(agentId, { owner: node, epoch });
    return { kind: 'granted', epoch };
  }

  #deactivateOne(node: string, { agentId, epoch }: Holding): boolean {
    const activation = this.#directory.activations.get(agentId);
    if (activation?.owner !== node || activation.epoch !== epoch) return false;
    if (this.#fleet.inboxes.has(agentId)) this.#directory.activations.set(agentId, { owner: nobody, epoch });
    else this.#directory.activations.delete(agentId);
    this.#fleet.exchange.postNotice(everyone, { kind: 'freed', agentId });
    return true;
  }

  /** P2: nobody may ever ask for them again. */
  #forgetAgents(): void {
    const { activations } = this.#directory;
    for (const [agentId, { owner }] of activations)
      if (owner !== nobody && !this.#directory.isPresent(owner) && !this.#fleet.inboxes.has(agentId))
        activations.delete(agentId);
  }

  /** P3 */
  #revoke(node: string): void {
    const entry = this.#directory.nodes.get(node);
    if (entry !== undefined) entry.leaseUntil = Math.min(entry.leaseUntil, this.#now());
  }

  /** P7 */
  #beat(node: string): Beat {
    const serverTime = this.#now();
    const records = this.#latest(serverTime);
    const ended = records.filter(({ alive }) => !alive).map((record) => record.node);
    const next = records.findLast((record) => record.alive && record.node !== node);
    return {
      serverTime,
      beats: ++this.#directory.beats,
      roster: this.#fleet.roster.version,
      ended: ended.sort(),
      ...(next !== undefined && { nextEndInMs: next.leaseLeftMs }),
    };
  }

  /** Those whose leases end last, the last one first. */
  #latest(now: number): NodeRecord[] {
    for (const [node, { leaseUntil }] of this.#directory.nodes)
      if (leaseUntil + endedNodesKeptMs < now) this.#directory.nodes.delete(node);
    const latest = [...this.#directory.nodes.values()].sort((a, b) => b.leaseUntil - a.leaseUntil).slice(0, mostNodes);
    return latest.map((entry) => recordOf(entry, now));
  }

  #now(): number {
    return this.#fleet.clock.now();
  }
}

/** Of records whose leases end ever sooner. */
function endingOf(records: readonly NodeRecord[]): NodeRecord[] {
  const firstTwo = records.filter(({ alive }) => alive).slice(-2);
  return [...firstTwo, ...records.filter(({ alive }) => !alive)].map((record) => ({ ...record, status: '{}' }));
}

function recordOf({ info, leaseUntil }: NodeEntry, now: number): NodeRecord {
  const leaseLeftMs = Math.max(0, leaseUntil - now);
  return { ...info, alive: leaseLeftMs > 0, leaseLeftMs };
}
