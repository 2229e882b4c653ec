/**
 * What becomes of nodes and agents in memory: one list, trimmed from the old end when something is added.
 *
 * Invariants G6 to G8 stand in broker/logs.ts, P5 in broker/presence.ts.
 */
import type { AgentRecord, LifecyclePage, LifecycleRecord, NodeChange } from '../broker/logs.ts';
import { nodeDown } from '../broker/logs.ts';
import { everyone } from '../broker/notices.ts';
import { limits } from '../core/limits.ts';
import { firstBehind, isBehind, nextId } from './events.ts';
import type { MemoryFleet } from './fleet.ts';

export class Lifecycle {
  /** Oldest first. */
  readonly records: LifecycleRecord[] = [];
  /** When the leases of nodes end or ended whose end is not recorded. */
  readonly up = new Map<string, number>();
  #last = '0';
  /** Id of the newest record that was dropped. */
  #dropped = '0';

  add(fleet: MemoryFleet, node: string, changes: readonly (AgentRecord | NodeChange)[]): void {
    for (const change of changes) {
      this.#last = nextId(this.#last, Math.floor(fleet.clock.now()));
      this.records.push({ id: this.#last, at: Number(this.#last.split('-')[0]), node, ...change });
    }
    const dropped = this.records.splice(0, Math.max(0, this.records.length - limits.lifecycle));
    this.#dropped = dropped.at(-1)?.id ?? this.#dropped;
    if (changes.length > 0) fleet.exchange.postNotice(everyone, { kind: 'fleet' });
  }

  /** P5: a join, or a renewal. */
  begin(fleet: MemoryFleet, node: string, leaseUntil: number): void {
    const isNew = !this.up.has(node);
    this.up.set(node, leaseUntil);
    if (isNew) this.add(fleet, node, [{ kind: 'node.up' }]);
  }

  /** P5: a leave, or the sight of a lease that has ended. */
  end(fleet: MemoryFleet, node: string, reason: string): void {
    if (this.up.delete(node)) this.add(fleet, node, [{ kind: 'node.down', reason }]);
  }

  /** P5: what every join and renewal does first. */
  endAll(fleet: MemoryFleet): void {
    const ended = [...this.up].filter(([node]) => !fleet.directory.isPresent(node));
    for (const [node] of ended.sort(([, a], [, b]) => a - b)) {
      this.end(fleet, node, nodeDown.leaseEnded);
      fleet.exchange.postNotice(everyone, { kind: 'gone', node });
    }
  }

  read({ after, count }: { readonly after: string; readonly count: number }): LifecyclePage {
    const from = firstBehind(this.records, after);
    const records = this.records.slice(from, from + Math.max(0, count));
    return { records, gap: isBehind(this.#dropped, after), last: this.#last };
  }

  /** Remembers it; the returned function brings it back. */
  remember(): () => void {
    const [records, up, last, dropped] = [[...this.records], [...this.up], this.#last, this.#dropped];
    return () => {
      this.clear();
      this.records.push(...records);
      for (const [node, leaseUntil] of up) this.up.set(node, leaseUntil);
      this.#last = last;
      this.#dropped = dropped;
    };
  }

  clear(): void {
    this.records.length = 0;
    this.up.clear();
    this.#last = '0';
    this.#dropped = '0';
  }
}

/** G7, G8 */
export function recordAgents(fleet: MemoryFleet, node: string, records: readonly AgentRecord[]): void {
  if (records.length === 0) return;
  fleet.directory.demandPresence(node);
  for (const { kind, agent, epoch, reason = '' } of records)
    if (kind === 'agent.down')
      fleet.exchange.postNotice(everyone, { kind: 'down', agentId: agent, node, epoch, reason });
  fleet.lifecycle.add(fleet, node, records);
}
