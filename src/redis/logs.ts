/**
 * The log port on Redis: a capped list for each agent, newest first, in the form that classic agents write too.
 *
 * Invariant G1 stands in broker/logs.ts. The parts of tasks are in task-parts.ts, what becomes of nodes and agents in lifecycle.ts.
 */
import type { AddPartsRequest, AgentRecord, LifecyclePage, LogEntry, LogPort, StoredPart } from '../broker/logs.ts';
import type { QuarantinePort } from '../broker/quarantine.ts';
import { decodePayload } from '../core/envelope.ts';
import { limits } from '../core/limits.ts';
import type { LogLevel } from '../core/observer.ts';
import { logTime, parseTime } from '../core/classic-time.ts';
import { Malformed, troubleOf } from './malformed.ts';
import { readRecords, recordAgents } from './lifecycle.ts';
import type { Store } from './store.ts';
import { addParts, readParts } from './task-parts.ts';

const levels: readonly LogLevel[] = ['info', 'warn', 'error'];

export class RedisLogs implements LogPort {
  readonly #store: Store;
  readonly #malformed: Malformed | undefined;

  /** `quarantine`: in classic mode, where lines that cannot be read are told. */
  constructor(deps: { store: Store; quarantine?: QuarantinePort | undefined }) {
    this.#store = deps.store;
    this.#malformed = deps.quarantine && new Malformed(deps.quarantine);
  }

  async append(entries: readonly LogEntry[]): Promise<void> {
    const byAgent = new Map<string, string[]>();
    for (const { agent, level, message, at } of entries) {
      const text = JSON.stringify({ timestamp: logTime(at), level, message });
      byAgent.set(agent, [...(byAgent.get(agent) ?? []), text]);
    }
    const calls = [...byAgent].flatMap(([agent, texts]) => {
      const key = this.#store.keys.log(agent);
      const kept = texts.slice(-limits.logEntries);
      const push = (): Promise<unknown> => this.#store.call('lpush', key, ...kept);
      return [
        this.#malformed?.onType(key, push) ?? push(),
        this.#store.call('ltrim', key, 0, limits.logEntries - 1),
        this.#store.call('pexpire', key, limits.logKeptMs),
      ];
    });
    await Promise.all(calls);
  }

  async read(agent: string, count: number): Promise<readonly LogEntry[]> {
    if (count < 1) return [];
    const texts = (await this.#store.call('lrange', this.#store.keys.log(agent), 0, count - 1)) as string[];
    return texts.flatMap((text) => {
      const entry = decodeEntry(agent, text);
      if (entry !== undefined) return [entry];
      const reason = troubleOf(text, ['timestamp', 'message']) ?? 'it is no line of a log';
      this.#malformed?.tell(this.#store.keys.log(agent), reason, text, 'copy');
      return [];
    });
  }

  addParts(request: AddPartsRequest): Promise<'added' | 'stale'> {
    return addParts(this.#store, request);
  }

  readParts(taskId: string, page: { readonly after: string; readonly count: number }): Promise<readonly StoredPart[]> {
    return readParts(this.#store, taskId, page);
  }

  record(node: string, records: readonly AgentRecord[]): Promise<void> {
    return recordAgents(this.#store, node, records);
  }

  readRecords(page: { readonly after: string; readonly count: number }): Promise<LifecyclePage> {
    return readRecords(this.#store, page);
  }
}

/** Undefined for a line that is none: the list of a classic agent is open to everybody. */
function decodeEntry(agent: string, text: string): LogEntry | undefined {
  let value: unknown;
  try {
    value = decodePayload(text);
  } catch {
    return undefined;
  }
  const { timestamp, level, message } = (value ?? {}) as { [field in string]?: unknown };
  if (typeof timestamp !== 'string' || typeof message !== 'string') return undefined;
  return { agent, level: levels.find((one) => one === level) ?? 'info', message, at: parseTime(timestamp) ?? 0 };
}
