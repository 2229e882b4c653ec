/**
 * The queue port on Redis: results, counts, progress and dead letters.
 *
 * Invariants Q1 to Q3 stand in broker/queues.ts. The keys are those of the tasks; what settles a task writes them.
 */
import { everyone } from '../broker/notices.ts';
import type {
  ClassicProgress,
  DeadLetter,
  ProgressReport,
  QueuePort,
  QueueStats,
  TaskOutcome,
  TaskState,
} from '../broker/queues.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { isoSeconds } from '../core/classic-time.ts';
import { integer, type Random } from '../core/random.ts';
import { classicProgress } from './keys.ts';
import { encodeNotice, groupByAddress } from './notice-wire.ts';
import type { Store } from './store.ts';
import { decodeDeadLetter, decodeLimits, decodeOutcome, entryOf, laneOf, nameOf, seedBelow } from './task-records.ts';

export class RedisQueues implements QueuePort {
  readonly #store: Store;
  readonly #random: Random;
  readonly #classic: boolean;

  constructor(deps: { store: Store; random: Random; classic: boolean }) {
    this.#store = deps.store;
    this.#random = deps.random;
    this.#classic = deps.classic;
  }

  async outcomes(queue: string, taskIds: readonly string[]): Promise<readonly (TaskOutcome | undefined)[]> {
    if (taskIds.length === 0) return [];
    const { result } = this.#store.keys.queue(queue);
    const texts = (await this.#store.call('mget', ...taskIds.map((id) => result(nameOf(queue, id))))) as (
      | string
      | null
    )[];
    return texts.map((text) => (text === null ? undefined : decodeOutcome(text)));
  }

  async state(taskId: string): Promise<TaskState> {
    const id = parseTaskId(taskId);
    if (id === undefined) return 'unknown';
    const name = nameOf(id.queue, taskId);
    const { streams, parked, moved, dead, result, behind } = this.#store.keys.queue(id.queue);
    const keys = [streams[laneOf(id.priority) - 1] ?? '', parked, moved, dead, result(name), behind];
    return (await this.#store.run('task-state', { keys, args: [name, entryOf(id.number)] })) as TaskState;
  }

  async stats(queue: string): Promise<QueueStats> {
    const { meta, streams, parked, deadByTime, paused, behind, limits: stored } = this.#store.keys.queue(queue);
    const call = { keys: [meta, ...streams, parked, deadByTime, paused, behind, stored], args: [] };
    const reply = (await this.#store.run('queue-stats', call)) as (number | string | null)[];
    const [waiting = 0, parkedTasks = 0, claimed = 0, dead = 0, deadDropped = 0, isPaused = 0] = reply.map(Number);
    const limits = decodeLimits(reply[6]);
    const counts = { waiting, parked: parkedTasks, claimed, dead, deadDropped };
    return { ...counts, paused: isPaused === 1, ...(limits && { limits }) };
  }

  async report(queue: string, reports: readonly ProgressReport[]): Promise<void> {
    const { progress } = this.#store.keys.queue(queue);
    const notices = reports.map(({ taskId, body, notify }) => ({
      address: notify,
      notice: { kind: 'progress', taskId, body } as const,
    }));
    await Promise.all([
      ...reports.map(({ taskId, body, ttlMs }) => {
        const key = progress(nameOf(queue, taskId));
        return ttlMs > 0 ? this.#store.call('set', key, body, 'PX', Math.ceil(ttlMs)) : this.#store.call('del', key);
      }),
      ...groupByAddress(notices, encodeNotice).map(([address, text]) =>
        this.#store.call('publish', this.#store.keys.channel(address), text),
      ),
      ...reports.flatMap(({ classic, body }) => (classic && this.#classic ? [this.#publish(classic, body)] : [])),
    ]);
  }

  #publish({ taskId, name, agent, at }: ClassicProgress, body: string): Promise<unknown> {
    const head = JSON.stringify({ taskId, task: name, agent, timestamp: isoSeconds(at) });
    return this.#store.call('publish', classicProgress(taskId, name), `${head.slice(0, -1)},${body.slice(1)}`);
  }

  async progress(taskId: string): Promise<string | undefined> {
    const id = parseTaskId(taskId);
    if (id === undefined) return undefined;
    const { progress } = this.#store.keys.queue(id.queue);
    return ((await this.#store.call('get', progress(nameOf(id.queue, taskId)))) as string | null) ?? undefined;
  }

  async deadLetters(queue: string, page: { count: number; before?: number }): Promise<readonly DeadLetter[]> {
    const { deadByTime, dead } = this.#store.keys.queue(queue);
    const newest = page.before === undefined ? '+inf' : `(${Math.floor(page.before * 1_000)}`;
    const range = [deadByTime, newest, '-inf', 'LIMIT', 0, Math.max(0, page.count)];
    const names = (await this.#store.call('zrevrangebyscore', ...range)) as string[];
    if (names.length === 0) return [];
    const texts = (await this.#store.call('hmget', dead, ...names)) as (string | null)[];
    // One that was requeued between the two calls is no dead letter any more.
    return names.flatMap((name, index) => {
      const text = texts[index] ?? null;
      return text === null ? [] : [decodeDeadLetter(`${queue}.${name}`, text)];
    });
  }

  async requeue(queue: string, taskIds: readonly string[]): Promise<readonly string[]> {
    const { meta, streams, moved, deadByTime, dead, result, limits, keyed, turns, behind } =
      this.#store.keys.queue(queue);
    const names = taskIds.map((id) => nameOf(queue, id));
    const call = {
      keys: [meta, ...streams, moved, deadByTime, dead, limits, keyed, turns, behind, ...names.map(result)],
      args: [integer(this.#random, seedBelow, 'mint'), queue, this.#store.keys.channel(everyone), ...names],
    };
    return ((await this.#store.run('requeue', call)) as string[]).map((name) => `${queue}.${name}`);
  }
}
