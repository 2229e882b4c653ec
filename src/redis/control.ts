/**
 * The control port on Redis: each call is one script on the keys of a queue.
 *
 * Invariants O1 to O7 stand in broker/control.ts. Settle, renew and recover keep O3 with the marks that are written here.
 */
import type { CancelReply, CancelRequest, ControlPort, LimitChange, QueueLimits } from '../broker/control.ts';
import { everyone } from '../broker/notices.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { integer, type Random } from '../core/random.ts';
import type { Store } from './store.ts';
import { decodeLimits, entryOf, laneOf, nameOf, seedBelow } from './task-records.ts';

export class RedisControl implements ControlPort {
  readonly #store: Store;
  readonly #random: Random;

  constructor(deps: { store: Store; random: Random }) {
    this.#store = deps.store;
    this.#random = deps.random;
  }

  async cancel({ taskId, error, resultTtlMs }: CancelRequest): Promise<CancelReply> {
    const id = parseTaskId(taskId);
    if (id === undefined) return 'unknown';
    const { keys } = this.#store;
    const queue = keys.queue(id.queue);
    const { meta, streams, parked, due, moved, releases, dead, cancelled, result } = queue;
    const name = nameOf(id.queue, taskId);
    const stream = streams[laneOf(id.priority) - 1] ?? '';
    const channels = [keys.processChannels, keys.channel(everyone)];
    const texts = [JSON.stringify(error), JSON.stringify(error.message)];
    const own = [stream, parked, due, moved, releases, dead, cancelled, result(name)];
    const seed = integer(this.#random, seedBelow, 'mint');
    const call = {
      keys: [...own, meta, ...streams, queue.limits, queue.keyed, queue.turns, queue.behind, queue.history],
      args: [name, entryOf(id.number), id.queue, ...channels, Math.max(0, Math.ceil(resultTtlMs)), ...texts, seed],
    };
    return (await this.#store.run('cancel', call)) as CancelReply;
  }

  pause(queue: string): Promise<boolean> {
    return this.#switch(queue, 'paused');
  }

  resume(queue: string): Promise<boolean> {
    return this.#switch(queue, 'resumed');
  }

  async limit(queue: string, { concurrency, rate }: LimitChange): Promise<QueueLimits> {
    const { keys } = this.#store;
    const { limits, starts } = keys.queue(queue);
    const most = concurrency === undefined ? '=' : (concurrency ?? '');
    const [max, perMs] = rate === undefined ? ['=', '='] : rate === null ? ['', ''] : [rate.max, Math.ceil(rate.perMs)];
    const call = { keys: [limits, starts], args: [queue, keys.channel(everyone), most, max, perMs] };
    return decodeLimits((await this.#store.run('limit', call)) as string) ?? {};
  }

  async #switch(queue: string, to: 'paused' | 'resumed'): Promise<boolean> {
    const { keys } = this.#store;
    const call = { keys: [keys.queue(queue).paused], args: [to, queue, keys.channel(everyone)] };
    return (await this.#store.run('pause', call)) === 1;
  }
}
