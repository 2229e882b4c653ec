/**
 * The log port: the last lines of each agent, for people who look in from another process.
 *
 * G1  An agent's log keeps its newest `limits.logEntries` entries, until nothing was added for `limits.logKeptMs`.
 */
import type { LogLevel } from '../core/observer.ts';

export interface LogEntry {
  readonly agent: string;
  readonly level: LogLevel;
  readonly message: string;
  /** Milliseconds since 1970; kept to the second. */
  readonly at: number;
}

export interface LogPort {
  /** Appends entries of any agents, in order. Live: lost when the broker cannot be reached (rejects then). */
  append(entries: readonly LogEntry[]): Promise<void>;
  /** Newest first, at most `count`. */
  read(agent: string, count: number): Promise<readonly LogEntry[]>;
}
