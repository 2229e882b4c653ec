/**
 * The log port in memory: the last lines of each agent, newest first.
 *
 * Invariant G1 stands in broker/logs.ts. Times are kept to the second, as in the classic log format. The parts of tasks are in
 * task-parts.ts, what becomes of nodes and agents in lifecycle.ts.
 */
import type { AddPartsRequest, AgentRecord, LifecyclePage, LogEntry, LogPort, StoredPart } from '../broker/logs.ts';
import { limits } from '../core/limits.ts';
import type { MemoryFleet } from './fleet.ts';
import { recordAgents } from './lifecycle.ts';
import type { Link } from './link.ts';
import { addParts, readParts } from './task-parts.ts';

export class MemoryLogs implements LogPort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  append(entries: readonly LogEntry[]): Promise<void> {
    return this.#link.call(entries, (received) => {
      for (const entry of received) {
        const lines = this.#fleet.logs.get(entry.agent) ?? [];
        lines.unshift({ ...entry, at: Math.floor(entry.at / 1_000) * 1_000 });
        lines.length = Math.min(lines.length, limits.logEntries);
        this.#fleet.logs.set(entry.agent, lines);
        this.#fleet.loggedAt.set(entry.agent, this.#fleet.clock.now());
      }
    });
  }

  read(agent: string, count: number): Promise<readonly LogEntry[]> {
    return this.#link.call(agent, (name) => {
      const { logs, loggedAt, clock } = this.#fleet;
      if ((loggedAt.get(name) ?? 0) + limits.logKeptMs <= clock.now()) {
        logs.delete(name);
        loggedAt.delete(name);
      }
      return (logs.get(name) ?? []).slice(0, Math.max(0, count));
    });
  }

  addParts(request: AddPartsRequest): Promise<'added' | 'stale'> {
    return this.#link.call(request, (received) => addParts(this.#fleet, received));
  }

  readParts(taskId: string, page: { readonly after: string; readonly count: number }): Promise<readonly StoredPart[]> {
    return this.#link.call({ taskId, page }, (asked) => readParts(this.#fleet, asked.taskId, asked.page));
  }

  record(node: string, records: readonly AgentRecord[]): Promise<void> {
    return this.#link.call(records, (received) => recordAgents(this.#fleet, node, received));
  }

  readRecords(page: { readonly after: string; readonly count: number }): Promise<LifecyclePage> {
    return this.#link.call(page, (asked) => this.#fleet.lifecycle.read(asked));
  }
}
