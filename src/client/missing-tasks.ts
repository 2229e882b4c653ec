/**
 * Tasks that somebody waits for and nobody knows: their outcome has expired, they were never accepted, or data was lost.
 *
 * Apart from the watch, since it is a second look at those alone for which the watch found no outcome (W3).
 */
import type { QueuePort, TaskState } from '../broker/queues.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { limits } from '../core/limits.ts';

export interface MissingTasksDeps {
  readonly queues: Pick<QueuePort, 'state'>;
  readonly clock: Clock;
  readonly isAwaited: (taskId: string) => boolean;
  /** Reads the outcomes of these again, and calls `look` for those that have none. */
  readonly readAgain: (taskIds: readonly string[]) => void;
  readonly onLost: (taskId: string) => void;
  /** One is missed: has data been lost? Whoever finds that calls `onReset`. */
  readonly onMissed: () => void;
  /** This process itself is sending again what was lost: what is missed may be among it. */
  readonly isBringingBack: () => boolean;
}

/** After a lost link: those who had sent a task that was lost may still be bringing it back. */
const afterLossMs = limits.framesKeptMs;
/** Longer than a notice is on its way: a task whose outcome is not kept ends with a notice alone. */
const confirmMs = 250;
/** Between two looks while this process sends again what was lost: there may be thousands. */
const comingMs = 1_000;
/** For how long after one was lost the looks reach further. */
const manyMs = 10_000;

export class MissingTasks {
  readonly #deps: MissingTasksDeps;
  /** Since when they are missed although nobody may be sending them again: Infinity while somebody may. */
  readonly #missed = new Map<string, number>();
  #confirm: Timer | undefined;
  #patientUntil = 0;
  #manyUntil = 0;

  constructor(deps: MissingTasksDeps) {
    this.#deps = deps;
  }

  /** Looks for tasks that had no outcome a moment ago. */
  async look(taskIds: readonly string[]): Promise<void> {
    for (let from = 0; from < taskIds.length; from += limits.frameOps) {
      const page = taskIds.slice(from, from + limits.frameOps);
      const states = await Promise.all(page.map((taskId) => this.#deps.queues.state(taskId)));
      const isNew = page.map((taskId, index) => this.#note(taskId, states[index] ?? 'unknown'));
      if (isNew.includes(true)) this.#deps.onMissed();
    }
  }

  /** For how many to look in one go: where one is lost, thousands may be. */
  get reach(): number {
    return this.#deps.clock.monotonic() < this.#manyUntil ? limits.frameOps * 8 : limits.frameOps;
  }

  /** The link was lost and is back, or data was lost: whoever misses a task now has to wait until its sender had time to send it again. */
  onReset(): void {
    this.#patientUntil = this.#deps.clock.monotonic() + afterLossMs;
  }

  /** For that long a task that nobody knows may still be sent again. */
  get patientMs(): number {
    return Math.max(0, this.#patientUntil - this.#deps.clock.monotonic());
  }

  /** Somebody heard of it, or nobody waits for it any more. */
  found(taskId: string): void {
    this.#missed.delete(taskId);
  }

  stop(): void {
    this.#confirm?.cancel();
    this.#confirm = undefined;
    this.#missed.clear();
  }

  /** True when whoever misses it has to ask whether data was lost. */
  #note(taskId: string, state: TaskState): boolean {
    const { clock, isAwaited, onLost, readAgain, isBringingBack } = this.#deps;
    const now = clock.monotonic();
    const isEarly = now < this.#patientUntil || isBringingBack();
    const since = this.#missed.get(taskId) ?? Infinity;
    if (isOpen(state) || !isAwaited(taskId)) this.found(taskId);
    else if (!isEarly && now - since >= confirmMs) {
      this.#manyUntil = now + manyMs;
      this.found(taskId);
      onLost(taskId);
    } else {
      // What was missed while it may still come says nothing of what is missed now: data may have been lost again.
      this.#missed.set(taskId, isEarly ? Infinity : Math.min(since, now));
      const waitMs = Math.max(isBringingBack() ? comingMs : confirmMs, this.#patientUntil - now);
      this.#confirm ??= clock.setTimer(waitMs, () => {
        this.#confirm = undefined;
        readAgain([...this.#missed.keys()]);
      });
      return since === Infinity;
    }
    return false;
  }
}

/** False when it has ended, or nobody knows it. */
export function isOpen(state: TaskState): boolean {
  return state === 'waiting' || state === 'parked' || state === 'claimed';
}
