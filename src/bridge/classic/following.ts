/**
 * Taken tasks as tasks of the fleet, from the enqueue to the outcome.
 *
 * F1  A taken task is enqueued under a key of its own, by whoever is the bridge and as often as it takes: it is one task of the fleet.
 * F2  Its outcome is waited for like that of any other task, and then told (endings.ts). Its result and its key are kept until it is.
 * F3  A task of which the fleet knows nothing any more, though its key says that it was accepted, has failed; one whose key is gone too was
 *     lost with data of the broker, and is enqueued anew.
 */
import { foreignKey, type TaskEnd } from '../../broker/foreign.ts';
import type { TaskOutcome } from '../../broker/queues.ts';
import type { Member } from '../../client/member.ts';
import type { TaskListener } from '../../client/task-watch.ts';
import { sleep } from '../../core/clock.ts';
import { encodeEnvelope } from '../../core/envelope.ts';
import { BrokerError, DeliveryError, describeError, OwnershipError } from '../../core/errors.ts';
import { observe } from '../../core/observer.ts';
import { type ClassicTask, completed, failed } from './task-wire.ts';

export interface FollowingDeps {
  readonly member: Member;
  readonly maxWaiting: number;
  readonly signal: AbortSignal;
  readonly onOutcome: (end: TaskEnd) => void;
}

/** Longer than any queue should stand. Both are cut short when the task has ended (F2). */
const keptMs = 30 * 86_400_000;
const againMs = 500;

/** What becomes of a followed task in the fleet. */
interface Hears {
  settled(followed: Followed, outcome: TaskOutcome): void;
  /** F3 */
  missed(followed: Followed): void;
}

/** One task that is followed: thousands may be, so it is its own listener. */
class Followed implements TaskListener {
  readonly id: string;
  readonly task: ClassicTask;
  readonly #hears: Hears;
  /** Of the fleet, once it was enqueued. */
  taskId = '';
  /** Stops listening. */
  leave: () => void = noop;

  constructor(id: string, task: ClassicTask, hears: Hears) {
    this.id = id;
    this.task = task;
    this.#hears = hears;
  }

  onSettled(outcome: TaskOutcome): void {
    this.#hears.settled(this, outcome);
  }

  onClosed(error: Error): void {
    if (error instanceof DeliveryError) this.#hears.missed(this);
  }
}

export class Following {
  readonly #deps: FollowingDeps;
  readonly #hears: Hears = {
    settled: (followed, outcome) => this.#tell(followed, outcome),
    missed: (followed) => void this.#enqueue(followed, followed.taskId),
  };
  readonly #followed = new Map<string, Followed>();

  constructor(deps: FollowingDeps) {
    this.#deps = deps;
    deps.signal.addEventListener('abort', () => {
      for (const followed of this.#followed.values()) followed.leave();
    });
  }

  get size(): number {
    return this.#followed.size;
  }

  /** Follows a taken task, which cannot be read where it is absent; one that is followed already is left alone. */
  follow(id: string, task: ClassicTask | undefined): void {
    if (this.#followed.has(id)) return;
    const followed = new Followed(id, task ?? nobody, this.#hears);
    this.#followed.set(id, followed);
    if (task === undefined) return this.#fail(followed, 'malformed', 'it cannot be read');
    void this.#enqueue(followed);
  }

  forget(id: string): void {
    this.#followed.delete(id);
  }

  /** F1 */
  async #enqueue(followed: Followed, unknown?: string): Promise<void> {
    const { member, signal } = this.#deps;
    while (!signal.aborted) {
      try {
        const taskId = await this.#submit(followed, unknown);
        if (taskId !== undefined) return;
      } catch (error) {
        if (error instanceof DeliveryError) return this.#fail(followed, error.code, error.message);
        if (error instanceof OwnershipError || (error instanceof BrokerError && error.code === 'closed')) return; // whoever is the bridge next goes on
        observe(member.deps.observer, 'broker.trouble', {
          what: `enqueuing the classic task ${followed.task.taskId}`,
          error: describeError(error),
        });
      }
      await sleep(member.deps.clock, againMs, signal).catch(() => undefined); // stopping ends the wait
    }
  }

  /** Enqueues it and waits for its outcome; undefined when the queue has no room. */
  async #submit(followed: Followed, unknown: string | undefined): Promise<string | undefined> {
    const { id, task } = followed;
    const { member, maxWaiting } = this.#deps;
    member.tasks.beginEnqueue();
    try {
      const reply = await member.lanes.enqueue.submit(task.assignee, {
        priority: 'normal',
        delayMs: 0,
        envelope: this.#envelope(id, task),
        maxWaiting,
        key: { name: foreignKey(id), ttlMs: keptMs },
      });
      if (reply.kind === 'queue-full') return undefined;
      const { taskId, kind } = reply;
      if (taskId === unknown)
        this.#fail(followed, 'unknown-task', 'the fleet knows nothing of it any more'); // F3
      else this.#listen(followed, taskId, kind === 'known');
      return taskId;
    } finally {
      member.tasks.endEnqueue();
    }
  }

  /** The same one, whoever enqueues it. */
  #envelope(id: string, { taskId, creator, assignee, task, metadata }: ClassicTask): string {
    const { member } = this.#deps;
    return encodeEnvelope({
      v: 1,
      opId: foreignKey(id),
      kind: 'task',
      from: creator,
      via: member.deps.address,
      to: assignee,
      name: task,
      data: metadata,
      sentAt: member.serverNow(),
      trace: { id: foreignKey(id), asks: [] },
      policy: { resultTtlMs: keptMs },
      classic: taskId,
    });
  }

  /** F2 */
  #listen(followed: Followed, taskId: string, late: boolean): void {
    followed.taskId = taskId;
    const leave = this.#deps.member.tasks.listen(taskId, followed, late);
    if (this.#followed.get(followed.id) === followed) followed.leave = leave;
  }

  #tell(followed: Followed, outcome: TaskOutcome): void {
    if (this.#deps.signal.aborted) return;
    const { id, taskId } = followed;
    const ending = this.#ending(followed);
    if (outcome.kind === 'completed') this.#deps.onOutcome({ id, taskId, ...completed(ending, outcome.result) });
    else this.#deps.onOutcome({ id, taskId, ...failed(ending, outcome.reason, outcome.error.message) });
  }

  #fail(followed: Followed, reason: string, error: string): void {
    this.#deps.onOutcome({ id: followed.id, ...failed(this.#ending(followed), reason, error) });
  }

  /** The event of an end has one id, whoever tells it. */
  #ending({ id, task }: Followed) {
    return { task, opId: foreignKey(id), at: Math.floor(this.#deps.member.serverNow()) };
  }
}

const nobody: ClassicTask = { taskId: '?', creator: '?', assignee: '?', task: '?', metadata: {} };

function noop(): void {}
