/**
 * One queue in memory: where each of its tasks is, and the moves between those places.
 *
 * Every task is in `tasks` and in exactly one of waiting, released, parked, claimed and behind (T1); a move takes it out of the
 * one and puts it into the other in one step.
 */
import type { ClaimedTask, EnqueueOp, Receipt } from '../broker/tasks.ts';
import type { DeadLetter, TaskOutcome } from '../broker/queues.ts';
import { formatTaskId, type Priority, priorities } from '../broker/task-id.ts';
import type { Clock } from '../core/clock.ts';
import type { ErrorRecord } from '../core/errors.ts';
import { integer, type Random } from '../core/random.ts';
import { KeyLines } from './key-lines.ts';
import { Limiter } from './limiter.ts';

export interface StoredTask {
  readonly id: string;
  readonly priority: Priority;
  readonly envelope: string;
  place: 'waiting' | 'released' | 'parked' | 'claimed' | 'behind';
  /** Named by receipts; a new one whenever the task goes to the back. */
  entry: string;
  /** Position among the entries of its queue. */
  order: number;
  /** How often the entry was delivered; makes receipts stale (T2). */
  deliveries: number;
  /** Deliveries of the entry that were not released. */
  charged: number;
  /** Attempts under earlier entries. */
  earlierAttempts: number;
  holder: string;
  renewedAt: number;
  dueAt: number;
  /** What the holder said of its handler (T10). */
  handler: 'waits' | 'begun' | undefined;
  /** T10 */
  readonly lost: string[];
  /** T11 */
  returned: number;
}

/** What is kept of the cancellation of a claimed task (control, O3). */
export interface CancelMark {
  readonly error: ErrorRecord;
  readonly resultTtlMs: number;
}

interface Expiring<T> {
  readonly value: T;
  readonly expiresAt: number;
}

/** Names of lost holders that are kept. */
const mostLost = 16;

type Line = Readonly<Record<Priority, Map<string, StoredTask>>>;

export class QueueState {
  readonly name: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly tasks = new Map<string, StoredTask>();
  readonly waiting: Line = { high: new Map(), normal: new Map(), low: new Map() };
  readonly released: Line = { high: new Map(), normal: new Map(), low: new Map() };
  readonly parked = new Map<string, StoredTask>();
  readonly claimed = new Map<string, StoredTask>();
  /** They stand behind another task of their concurrency key (T8). */
  readonly behind = new Map<string, StoredTask>();
  readonly lines = new KeyLines();
  /** Oldest first. */
  readonly dead = new Map<string, DeadLetter>();
  deadDropped = 0;
  /** Control, O4. */
  paused = false;
  /** Control, O5 to O7. */
  readonly limiter: Limiter;
  /** How often a task came to the back of the queue, or back to its front. */
  arrivals = 0;
  readonly cancelled = new Map<string, CancelMark>();
  readonly outcomes = new Map<string, Expiring<TaskOutcome>>();
  readonly progress = new Map<string, Expiring<string>>();
  /** Ids of tasks by the key they were enqueued under (T7). */
  readonly keys = new Map<string, Expiring<string>>();
  #order = 0;
  #mintedMs = 0;
  #mintedSeq = 0;

  constructor(name: string, deps: { clock: Clock; random: Random }) {
    this.name = name;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.limiter = new Limiter(deps.clock);
  }

  /** The queue as it is now, sharing nothing that changes. */
  clone(): QueueState {
    const other = new QueueState(this.name, { clock: this.#clock, random: this.#random });
    const copies = new Map([...this.tasks.values()].map((task) => [task, { ...task, lost: [...task.lost] }]));
    const copyOf = (task: StoredTask): StoredTask => copies.get(task) ?? task;
    const copyMap = <T>(from: ReadonlyMap<string, T>, to: Map<string, T>, of: (value: T) => T = (value) => value) => {
      for (const [key, value] of from) to.set(key, of(value));
    };
    for (const name of ['tasks', 'parked', 'claimed', 'behind'] as const) copyMap(this[name], other[name], copyOf);
    for (const priority of priorities)
      for (const name of ['waiting', 'released'] as const) copyMap(this[name][priority], other[name][priority], copyOf);
    this.lines.copyTo(other.lines, copyOf);
    copyMap(this.dead, other.dead);
    for (const name of ['outcomes', 'progress', 'keys', 'cancelled'] as const)
      copyMap<unknown>(this[name], other[name] as Map<string, unknown>);
    other.limiter.limits = this.limiter.limits;
    other.limiter.starts.push(...this.limiter.starts);
    const { deadDropped, paused, arrivals } = this;
    Object.assign(other, { deadDropped, paused, arrivals });
    [other.#order, other.#mintedMs, other.#mintedSeq] = [this.#order, this.#mintedMs, this.#mintedSeq];
    return other;
  }

  /** Accepts a new task: waiting, parked until its delay has passed, or behind others of its concurrency key. One that was lost
   * keeps the id by which it is known. */
  accept(op: EnqueueOp, known?: string): StoredTask {
    const id = known ?? formatTaskId({ queue: this.name, priority: op.priority, number: this.#mint() });
    const task = this.#newTask(id, op.priority, op.envelope);
    task.dueAt = op.delayMs > 0 ? this.#clock.now() + op.delayMs : 0;
    const turn = task.entry;
    if (known !== undefined) task.entry = this.#mint(); // receipts from before the loss stay stale (T2)
    this.#enter(task, op.concurrencyKey, turn);
    if (known !== undefined && op.concurrencyKey !== undefined) this.lines.sort(op.concurrencyKey);
    return task;
  }

  /** Q3: a task that was dead begins anew. */
  revive(id: string, priority: Priority, envelope: string): void {
    const task = this.#newTask(id, priority, envelope);
    task.entry = this.#mint(); // receipts of its earlier life stay stale (T2)
    this.#enter(task, this.lines.keyed.get(id), task.entry);
  }

  /** Hands a task to a node. */
  deliver(task: StoredTask, node: string): ClaimedTask {
    this.#place(task, 'claimed');
    task.holder = node;
    task.deliveries++;
    task.charged++;
    task.renewedAt = this.#clock.now();
    task.handler = undefined;
    const { id: taskId, priority, entry, deliveries } = task;
    return {
      queue: this.name,
      receipt: { taskId, priority, entry, deliveries },
      envelope: task.envelope,
      attempt: attemptsOf(task),
      redelivered: task.charged > 1 || task.returned > 0,
      ...(task.lost.length > 0 && { lost: [...task.lost] }),
      ...(task.returned > 0 && { returned: task.returned }),
    };
  }

  /** The claimed task that a receipt of `node` stands for, unless the receipt is stale (T3). */
  held(receipt: Receipt, node: string): StoredTask | undefined {
    const task = this.claimed.get(receipt.taskId);
    const isSame = (field: 'priority' | 'entry' | 'deliveries'): boolean => task?.[field] === receipt[field];
    const isCurrent = task?.holder === node && isSame('entry') && isSame('deliveries') && isSame('priority');
    return isCurrent ? task : undefined;
  }

  /** To the back of its priority, as a new entry (T5). */
  toBack(task: StoredTask): void {
    task.earlierAttempts += task.charged;
    task.charged = 0;
    task.deliveries = 0;
    task.entry = this.#mint();
    task.order = ++this.#order;
    this.#place(task, 'waiting');
  }

  park(task: StoredTask, delayMs: number): void {
    task.dueAt = this.#clock.now() + delayMs;
    this.#place(task, 'parked');
  }

  /** T6: the attempt is not charged. */
  release(task: StoredTask, { begun, delayMs = 0 }: { readonly begun?: true; readonly delayMs?: number } = {}): void {
    task.charged--;
    if (begun) task.returned++;
    if (delayMs > 0) this.park(task, delayMs);
    else this.#place(task, 'released');
  }

  /** T10: the holder of a claimed task has failed. */
  chargeLoss(task: StoredTask): void {
    const hasBegun = task.handler === 'begun' || (task.handler === undefined && task.lost.length === 0);
    if (!hasBegun) task.charged--;
    else if (task.lost.length < mostLost) task.lost.push(task.holder);
  }

  /** The holder of a claimed task failed and nobody can take it over yet: to the front, the attempt charged. */
  putBack(task: StoredTask): void {
    this.#place(task, 'released');
    this.arrivals++;
  }

  /** It has ended; the next one of its concurrency key goes on. One that is a dead letter keeps its key. */
  remove(task: StoredTask): void {
    this.#linesOf(task).delete(task.id);
    this.tasks.delete(task.id);
    const next = this.lines.leave(task, this.dead.has(task.id));
    if (next === undefined) return;
    const waitMs = next.dueAt - this.#clock.now();
    if (waitMs > 0) this.park(next, waitMs);
    else this.toBack(next);
  }

  /** The next tasks to claim, T5. */
  next(count: number): StoredTask[] {
    const found: StoredTask[] = [];
    for (const priority of priorities) {
      const released = [...this.released[priority].values()].sort((a, b) => a.order - b.order);
      for (const line of [released, this.waiting[priority].values()]) {
        for (const task of line) {
          if (found.length >= count) return found;
          found.push(task);
        }
      }
    }
    return found;
  }

  /** T8: only the first of its key enters the queue itself. */
  #enter(task: StoredTask, key: string | undefined, turn: string): void {
    const isFirst = key === undefined || this.lines.join(task, key, turn);
    const waitMs = task.dueAt - this.#clock.now();
    if (!isFirst) this.#place(task, 'behind');
    else if (waitMs > 0) this.park(task, waitMs);
    else this.#place(task, 'waiting');
  }

  #newTask(id: string, priority: Priority, envelope: string): StoredTask {
    const counts = { deliveries: 0, charged: 0, earlierAttempts: 0, renewedAt: 0, dueAt: 0 };
    const past = { handler: undefined, lost: [], returned: 0 };
    const entry = id.slice(id.lastIndexOf('.') + 1);
    return { id, priority, envelope, place: 'waiting', entry, order: ++this.#order, holder: '', ...counts, ...past };
  }

  #place(task: StoredTask, place: StoredTask['place']): void {
    this.#linesOf(task).delete(task.id);
    task.place = place;
    if (place === 'waiting') this.arrivals++;
    if (place !== 'claimed') task.holder = '';
    this.#linesOf(task).set(task.id, task);
    this.tasks.set(task.id, task);
  }

  #linesOf(task: StoredTask): Map<string, StoredTask> {
    if (task.place === 'waiting' || task.place === 'released') return this[task.place][task.priority];
    return this[task.place];
  }

  /** `<ms>-<seq>`, growing; the sequence starts by chance in every millisecond (see broker/task-id.ts). */
  #mint(): string {
    const now = Math.floor(this.#clock.now());
    if (now > this.#mintedMs) {
      this.#mintedMs = now;
      this.#mintedSeq = integer(this.#random, 1_000_000_000, `task-number/${this.name}`);
    } else this.#mintedSeq++;
    return `${this.#mintedMs}-${this.#mintedSeq}`;
  }
}

/** T6 */
export function attemptsOf(task: StoredTask): number {
  return task.earlierAttempts + task.charged;
}

/** Keeps `value` until its time to live has passed, and drops what has expired at the front. */
export function keep<T>(store: Map<string, Expiring<T>>, id: string, value: T, life: { now: number; ttlMs: number }) {
  for (const [other, kept] of store) {
    if (kept.expiresAt > life.now) break;
    store.delete(other);
  }
  store.delete(id);
  if (life.ttlMs > 0) store.set(id, { value, expiresAt: life.now + life.ttlMs });
}

/** What was kept under `id`, until it expires. */
export function kept<T>(store: ReadonlyMap<string, Expiring<T>>, id: string, now: number): T | undefined {
  const found = store.get(id);
  return found !== undefined && found.expiresAt > now ? found.value : undefined;
}
