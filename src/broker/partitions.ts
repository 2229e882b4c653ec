/**
 * The partitions of a queue: queues of their own to every broker, and one to whoever enqueues, serves or looks.
 *
 * R1  The first partition has the name of the queue, so that who knows of no partitions enqueues and serves there, and nothing is lost.
 * R2  A task goes to the partition that its concurrency key decides, without one its idempotency key, without both its operation id: the
 *     tasks of a concurrency key keep their order, and a key that is repeated meets the task it made. Of a key that is repeated under
 *     another concurrency key nothing is known.
 * R3  What a queue promises of order (T5) holds in each partition.
 * R4  Whoever serves a queue serves all partitions that it ever had, however many are filled now.
 */
import { fnv } from '../core/hash.ts';

/** No queue has it in its name: roles and agent ids have none. */
const mark = '~';

export function partitionName(queue: string, index: number): string {
  return index === 0 ? queue : `${queue}${mark}${index}`;
}

/** R1: the queue and its number. */
export function partitionOf(name: string): { readonly queue: string; readonly index: number } {
  const [, queue = name, index = '0'] = /^(.+)~(\d+)$/.exec(name) ?? [];
  return { queue, index: Number(index) };
}

export function partitionsOf(queue: string, count: number): readonly string[] {
  return Array.from({ length: Math.max(1, count) }, (_, index) => partitionName(queue, index));
}

/** R2: where a task goes. */
export function partitionFor(queue: string, count: number, key: string): string {
  return count <= 1 ? queue : partitionName(queue, fnv(key) % count);
}
