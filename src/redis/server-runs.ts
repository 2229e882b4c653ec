/**
 * Which run of which server the fleet's data has been on, so that what a promoted replica or an old snapshot has forgotten is not taken
 * for new.
 *
 * Such a server may hold a task as waiting that had been claimed, or even settled, on the server before it. Whoever connects first writes
 * down when the change was seen, and every connection reads that before it claims anything: tasks that are older say `redelivered`. A
 * server that comes back with its own append-only file has lost nothing, and its tasks are as new as they were.
 */
import type { Redis } from 'ioredis';
import type { ClaimedTask } from '../broker/tasks.ts';

const noLineage = /^master_replid2:0+\s*$/m;

export class ServerRuns {
  readonly #key: string;
  /** Server time in milliseconds; what was stored before may have been run by a delivery that is forgotten. */
  #since = 0;

  constructor(deps: { readonly key: string }) {
    this.#key = deps.key;
  }

  /** Part of setting up a connection. What a server does not let us ask or write leaves tasks unmarked. */
  async look(client: Redis): Promise<void> {
    const info = await client.info().catch(() => '');
    const run = /^run_id:(\w+)/m.exec(info)?.[1];
    if (run === undefined) return;
    const [known, since] = await client.hmget(this.#key, 'run', 'since').catch(() => [null, null]);
    this.#since = Math.max(this.#since, Number(since ?? 0));
    if (known === run) return;
    const isSound = known === null || (/^aof_enabled:1/m.test(info) && noLineage.test(info));
    if (!isSound) {
      const [seconds, micros] = await client.time();
      this.#since = Number(seconds) * 1_000 + Math.ceil(Number(micros) / 1_000);
    }
    await client.hset(this.#key, { run, since: this.#since }).catch(() => undefined); // full, or read only: the next one writes it
  }

  /** The same task, marked when it is older than the last change. */
  mark(task: ClaimedTask): ClaimedTask {
    const storedAt = Number(/\.(\d+)-\d+$/.exec(task.receipt.taskId)?.[1] ?? 0);
    return storedAt <= this.#since ? { ...task, redelivered: true } : task;
  }
}
