/**
 * Which run of which server the fleet's data has been on, so that what a promoted replica or an old snapshot has forgotten is not taken
 * for new.
 *
 * Such a server may hold a task as waiting that had been claimed, or even settled, on the server before it, and a message that had been
 * handled. Whoever connects first writes down when the change was seen, and every connection reads that before it claims anything: tasks
 * and messages that are older say `redelivered`. A server that comes back with an append-only file of its own that is synced at each
 * write has lost nothing, and what it has is as new as it was. One that syncs every second may have put off the write of a claim.
 */
import type { Redis } from 'ioredis';
import type { ClaimedTask } from '../broker/tasks.ts';

/** Whether the data of this run is all that the run before it had accepted. Where CONFIG may not be asked, it may not be. */
async function hasForgottenNothing(client: Redis, info: string): Promise<boolean> {
  const isOwnFile = /^aof_enabled:1/m.test(info) && /^master_replid2:0+\s*$/m.test(info);
  if (!isOwnFile) return false;
  const setting: unknown = await client.config('GET', 'appendfsync').catch(() => undefined);
  return Array.isArray(setting) && setting[1] === 'always';
}

export class ServerRuns {
  /** Server time in milliseconds; what was stored before may have been run by a delivery that is forgotten. */
  #since = 0;

  /**
   * Part of setting up a connection. `keys` are where that is written down: one, or in a cluster one for each place that the server holds.
   * What a server does not let us ask or write leaves tasks unmarked.
   */
  async look(client: Redis, keys: readonly string[]): Promise<void> {
    const info = await client.info().catch(() => '');
    const run = /^run_id:(\w+)/m.exec(info)?.[1];
    if (run === undefined) return;
    for (const key of keys) await this.#lookAt(client, key, run, info);
  }

  async #lookAt(client: Redis, key: string, run: string, info: string): Promise<void> {
    const [known, since] = await client.hmget(key, 'run', 'since').catch(() => [null, null]);
    this.#since = Math.max(this.#since, Number(since ?? 0));
    if (known === run) return;
    if (known !== null && !(await hasForgottenNothing(client, info))) {
      const [seconds, micros] = await client.time();
      this.#since = Math.max(this.#since, Number(seconds) * 1_000 + Math.ceil(Number(micros) / 1_000));
    }
    await client.hset(key, { run, since: this.#since }).catch(() => undefined); // full, or read only: the next one writes it
  }

  /** When the last change was by which a server may have lost something, as far as this process has seen; 0: none. It only grows. */
  get since(): number {
    return this.#since;
  }

  /** The same task, marked when it is older than the last change. */
  mark(task: ClaimedTask): ClaimedTask {
    return this.isBefore(task.receipt.taskId) ? { ...task, redelivered: true } : task;
  }

  /** Whether an entry id, or a task id that ends with one, was given out before the last change. */
  isBefore(id: string): boolean {
    if (this.#since === 0) return false;
    const storedAt = /(?:^|\.)(\d+)-\d+$/.exec(id)?.[1];
    return storedAt !== undefined && Number(storedAt) <= this.#since;
  }
}
