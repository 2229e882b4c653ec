/**
 * The log port in memory: the last lines of each agent, newest first.
 *
 * Invariant G1 stands in broker/logs.ts. Times are kept to the second, as in the classic log format.
 */
import type { LogEntry, LogPort } from '../broker/logs.ts';
import { limits } from '../core/limits.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

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
      }
    });
  }

  read(agent: string, count: number): Promise<readonly LogEntry[]> {
    return this.#link.call(agent, (name) => {
      const lines = this.#fleet.logs.get(name) ?? [];
      const isOver = (lines[0]?.at ?? 0) + limits.logKeptMs < this.#fleet.clock.now();
      if (isOver) this.#fleet.logs.delete(name);
      return isOver ? [] : lines.slice(0, count);
    });
  }
}
