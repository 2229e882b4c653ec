/**
 * The lines of a queue's concurrency keys (tasks, T8): who is first of its key, and who stands behind it.
 *
 * Apart from the places of tasks, because a line goes across them: one of its tasks is waiting, parked or claimed, the
 * others are behind.
 */
import { compareEntryIds } from '../broker/entry-id.ts';
import type { StoredTask } from './queue-state.ts';

export class KeyLines {
  /** Concurrency key by task id; that of a dead letter is kept for its way back. */
  readonly keyed = new Map<string, string>();
  /** By key: tasks and the numbers of their turns, in order; no line is empty. */
  readonly lines = new Map<string, Map<StoredTask, string>>();

  /** The same lines, of copies of the tasks. */
  copyTo(other: KeyLines, copyOf: (task: StoredTask) => StoredTask): void {
    for (const [id, key] of this.keyed) other.keyed.set(id, key);
    for (const [key, line] of this.lines)
      other.lines.set(key, new Map([...line].map(([task, turn]) => [copyOf(task), turn])));
  }

  /** Puts a task at the end of the line of `key`. True when it is alone there. */
  join(task: StoredTask, key: string, turn: string): boolean {
    const line = this.lines.get(key) ?? new Map<StoredTask, string>();
    this.keyed.set(task.id, key);
    this.lines.set(key, line.set(task, turn));
    return line.size === 1;
  }

  /** One that was brought back stands before those that were enqueued after it. */
  sort(key: string): void {
    const line = this.lines.get(key);
    if (line !== undefined) this.lines.set(key, new Map([...line].sort(([, a], [, b]) => compareEntryIds(a, b))));
  }

  /** A task has ended. The one whose turn has come by that, if any. */
  leave(task: StoredTask, keepKey: boolean): StoredTask | undefined {
    const key = this.keyed.get(task.id);
    if (key === undefined) return undefined;
    if (!keepKey) this.keyed.delete(task.id);
    const line = this.lines.get(key);
    line?.delete(task);
    if (line?.size === 0) this.lines.delete(key);
    const [first] = line?.keys() ?? [];
    return task.place !== 'behind' && first?.place === 'behind' ? first : undefined;
  }
}
