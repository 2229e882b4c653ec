/**
 * The control port on Redis: each call is one script on the keys of a queue.
 *
 * Invariants O1 to O4 stand in broker/control.ts. Settle, renew and recover keep O3 with the marks that are written here.
 */
import type { CancelReply, CancelRequest, ControlPort } from '../broker/control.ts';
import { everyone } from '../broker/notices.ts';
import { parseTaskId } from '../broker/task-id.ts';
import type { Store } from './store.ts';
import { entryOf, laneOf, nameOf } from './task-records.ts';

export class RedisControl implements ControlPort {
  readonly #store: Store;

  constructor(deps: { store: Store }) {
    this.#store = deps.store;
  }

  async cancel({ taskId, error, resultTtlMs }: CancelRequest): Promise<CancelReply> {
    const id = parseTaskId(taskId);
    if (id === undefined) return 'unknown';
    const { keys } = this.#store;
    const { streams, parked, due, moved, releases, dead, cancelled, result } = keys.queue(id.queue);
    const name = nameOf(id.queue, taskId);
    const stream = streams[laneOf(id.priority) - 1] ?? '';
    const channels = [keys.processChannels, keys.channel(everyone)];
    const texts = [JSON.stringify(error), JSON.stringify(error.message)];
    const call = {
      keys: [stream, parked, due, moved, releases, dead, cancelled, result(name)],
      args: [name, entryOf(id.number), id.queue, ...channels, Math.ceil(resultTtlMs), ...texts],
    };
    return (await this.#store.run('cancel', call)) as CancelReply;
  }

  pause(queue: string): Promise<boolean> {
    return this.#switch(queue, 'paused');
  }

  resume(queue: string): Promise<boolean> {
    return this.#switch(queue, 'resumed');
  }

  async #switch(queue: string, to: 'paused' | 'resumed'): Promise<boolean> {
    const { keys } = this.#store;
    const call = { keys: [keys.queue(queue).paused], args: [to, queue, keys.channel(everyone)] };
    return (await this.#store.run('pause', call)) === 1;
  }
}
