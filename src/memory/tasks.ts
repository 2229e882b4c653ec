/**
 * The task port in memory: accepting, claiming, settling and recovering, each call one step on the queue's state.
 *
 * Invariants T1 to T8 stand in broker/tasks.ts; the places a task can be in, in queue-state.ts.
 */
import type { Frame } from '../broker/frame.ts';
import type {
  ClaimedTask,
  ClaimRenewal,
  ClaimRequest,
  Claims,
  EnqueueOp,
  EnqueueReply,
  HeldReceipt,
  Outcome,
  RecoverRequest,
  SettleOp,
  SettleReply,
  TaskPort,
  WaitRequest,
} from '../broker/tasks.ts';
import { everyone } from '../broker/notices.ts';
import { limits } from '../core/limits.ts';
import type { TaskOutcome } from '../broker/queues.ts';
import { endCancelled } from './control.ts';
import { copy } from './copy.ts';
import type { MemoryFleet } from './fleet.ts';
import { stepOn } from './limiter.ts';
import type { Link } from './link.ts';
import { attemptsOf, keep, kept, type QueueState, type StoredTask } from './queue-state.ts';
import { takeNow, waitForTasks } from './waiters.ts';

export class MemoryTasks implements TaskPort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  enqueue(frame: Frame<EnqueueOp>): Promise<readonly EnqueueReply[]> {
    return this.#link.call(frame, (received) => {
      const queue = this.#fleet.queue(received.tag);
      const now = this.#fleet.clock.now();
      const apply = () => this.#fleet.frames.apply('enqueue', received, (op) => enqueueOne(queue, op, now));
      return stepOn(this.#fleet, queue, apply);
    });
  }

  claim(request: ClaimRequest): Promise<Claims> {
    return this.#link.call(request, ({ queue: name, node, count }) => {
      this.#fleet.directory.demandPresence(node);
      const queue = this.#fleet.queue(name);
      if (queue.paused) return { tasks: [] };
      const { limiter } = queue;
      const next = queue.next(Math.min(count, limiter.room(queue.claimed.size)));
      const tasks = next.map((task) => queue.deliver(task, node));
      for (const _ of tasks) limiter.noteStart();
      const limited = limiter.outlook();
      return { tasks, ...(limited && { limited }) };
    });
  }

  async wait(request: WaitRequest): Promise<readonly ClaimedTask[]> {
    const { signal, ...asked } = request;
    const received = copy(asked);
    await this.#link.trip();
    this.#fleet.directory.demandPresence(received.node);
    if (signal?.aborted || received.timeoutMs < 1) return [];
    const open = {
      ...received,
      queues: (received.count < 1 ? [] : received.queues).filter((name) => this.#isOpen(name)),
    };
    const tasks = takeNow(this.#fleet, open);
    if (tasks.length > 0) return copy(tasks);
    return copy(await waitForTasks({ fleet: this.#fleet, link: this.#link, signal }, open));
  }

  settle(frame: Frame<SettleOp>): Promise<readonly SettleReply[]> {
    return this.#link.call(frame, (received) => {
      const queue = this.#fleet.queue(received.tag);
      const { frames } = this.#fleet;
      const apply = () => frames.apply('settle', received, (op) => this.#settleOne(queue, received.sender, op));
      return stepOn(this.#fleet, queue, apply);
    });
  }

  renew(request: { queue: string; node: string; receipts: readonly HeldReceipt[] }): Promise<readonly ClaimRenewal[]> {
    return this.#link.call(request, ({ queue, node, receipts }) => {
      this.#fleet.directory.demandPresence(node);
      return receipts.map((receipt) => {
        const { cancelled } = this.#fleet.queue(queue);
        const task = this.#fleet.queue(queue).held(receipt, node);
        if (task === undefined) return 'stale';
        task.renewedAt = this.#fleet.clock.now();
        if (receipt.handler !== undefined && task.handler !== 'begun') task.handler = receipt.handler;
        return cancelled.has(task.id) ? 'cancelled' : 'kept';
      });
    });
  }

  recover(request: RecoverRequest): Promise<readonly ClaimedTask[]> {
    return this.#link.call(request, ({ queue: name, node, count, leaseMs, gone }) => {
      const { directory, clock } = this.#fleet;
      directory.demandPresence(node);
      const queue = this.#fleet.queue(name);
      if (queue.paused) return [];
      const ended = new Set(gone.filter((other) => !directory.isPresent(other)));
      const overdue = (task: StoredTask): boolean => clock.now() - task.renewedAt >= leaseMs || ended.has(task.holder);
      const tasks = [...queue.claimed.values()].filter(overdue).sort((a, b) => a.order - b.order);
      const takeOver = (task: StoredTask): ClaimedTask[] => this.#takeOver(queue, task, node);
      return stepOn(this.#fleet, queue, () => tasks.slice(0, Math.max(0, count)).flatMap(takeOver));
    });
  }

  promote(request: { queue: string; node: string; count: number }): Promise<{ moved: number; nextDueInMs?: number }> {
    return this.#link.call(request, ({ queue: name, node, count }) => {
      this.#fleet.directory.demandPresence(node);
      const queue = this.#fleet.queue(name);
      const now = this.#fleet.clock.now();
      const parked = [...queue.parked.values()].sort((a, b) => a.dueAt - b.dueAt);
      const due = parked.filter((task) => task.dueAt <= now).slice(0, Math.max(0, count));
      stepOn(this.#fleet, queue, () => due.forEach((task) => queue.toBack(task)));
      const next = parked[due.length];
      return { moved: due.length, ...(next && { nextDueInMs: Math.max(0, next.dueAt - now) }) };
    });
  }

  /** O4, O7 */
  #isOpen(name: string): boolean {
    const queue = this.#fleet.queues.get(name);
    return !queue?.paused && queue?.limiter.limits === undefined;
  }

  /** One overdue claim: taken over, or ended as cancelled (O3), or put back while the rate leaves no room (O6). */
  #takeOver(queue: QueueState, task: StoredTask, node: string): ClaimedTask[] {
    const mark = queue.cancelled.get(task.id);
    if (mark !== undefined) {
      endCancelled(this.#fleet, queue, task, mark, attemptsOf(task));
      return [];
    }
    queue.chargeLoss(task);
    if (queue.limiter.startsLeft() > 0) {
      queue.limiter.noteStart();
      return [queue.deliver(task, node)];
    } else queue.putBack(task);
    return [];
  }

  #settleOne(queue: QueueState, sender: string, op: SettleOp): SettleReply {
    const task = queue.held(op.receipt, sender);
    if (task === undefined) return 'stale';
    const mark = queue.cancelled.get(task.id);
    if (mark !== undefined) {
      endCancelled(this.#fleet, queue, task, mark, attemptsOf(task));
      return 'cancelled';
    }
    const { outcome } = op;
    switch (outcome.kind) {
      case 'retry':
        if (outcome.delayMs > 0) queue.park(task, outcome.delayMs);
        else queue.toBack(task);
        break;
      case 'release':
        queue.release(task, outcome);
        if (task.place === 'released')
          this.#fleet.exchange.postNotice(everyone, { kind: 'released', queue: queue.name });
        break;
      case 'dead':
        bury(queue, task, outcome, this.#fleet.clock.now());
        this.#end(queue, task, op, { ...describe(outcome), attempts: attemptsOf(task) });
        break;
      case 'complete':
        this.#end(queue, task, op, { kind: 'completed', result: outcome.result, attempts: attemptsOf(task) });
    }
    return 'settled';
  }

  #end(queue: QueueState, task: StoredTask, op: SettleOp, outcome: TaskOutcome): void {
    const ttlMs = 'resultTtlMs' in op.outcome ? op.outcome.resultTtlMs : 0;
    queue.remove(task);
    keep(queue.outcomes, task.id, outcome, { now: this.#fleet.clock.now(), ttlMs });
    if (op.notify !== undefined)
      this.#fleet.exchange.postNotice(op.notify, { kind: 'settled', taskId: task.id, outcome });
  }
}

type Dead = Extract<Outcome, { kind: 'dead' }>;

function describe({ kind, reason, error }: Dead): Pick<Dead, 'kind' | 'reason' | 'error'> {
  return { kind, reason, error };
}

function enqueueOne(queue: QueueState, op: EnqueueOp, now: number): EnqueueReply {
  if (op.taskId !== undefined) return bringBack(queue, op, op.taskId, now);
  const key = (op.key?.ttlMs ?? 0) > 0 ? op.key : undefined;
  const known = key && kept(queue.keys, key.name, now);
  if (known !== undefined) return { kind: 'known', taskId: known };
  const tasks = queue.tasks.size;
  if (tasks >= op.maxWaiting) return { kind: 'queue-full', tasks };
  const taskId = queue.accept(op).id;
  if (key !== undefined) keep(queue.keys, key.name, taskId, { now, ttlMs: key.ttlMs });
  return { kind: 'enqueued', taskId };
}

/** T9 */
function bringBack(queue: QueueState, op: EnqueueOp, taskId: string, now: number): EnqueueReply {
  const isThere = queue.tasks.has(taskId) || queue.dead.has(taskId) || kept(queue.outcomes, taskId, now) !== undefined;
  if (!isThere) {
    queue.accept(op, taskId);
    if (op.key !== undefined && kept(queue.keys, op.key.name, now) === undefined)
      keep(queue.keys, op.key.name, taskId, { now, ttlMs: op.key.ttlMs });
  }
  return { kind: 'enqueued', taskId };
}

/** Q2 */
function bury(queue: QueueState, task: StoredTask, { reason, error }: Dead, diedAt: number): void {
  const { id: taskId, envelope } = task;
  queue.dead.set(taskId, { taskId, envelope, reason, error, attempts: attemptsOf(task), diedAt });
  for (const oldest of queue.dead.keys()) {
    if (queue.dead.size <= limits.deadLetters) break;
    queue.dead.delete(oldest);
    queue.lines.keyed.delete(oldest);
    queue.deadDropped++;
  }
}
