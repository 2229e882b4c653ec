/**
 * The promoter: moves delayed and retried tasks that are due into their queues.
 *
 * Every node does it for the queues it serves; the move is atomic, so two of them never move one task twice.
 */
import type { TaskPort } from '../broker/tasks.ts';
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import { limits } from '../core/limits.ts';
import { Duty } from './duty.ts';

export interface PromoterDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly tasks: TaskPort;
  readonly node: string;
  readonly queues: () => readonly string[];
}

/** The longest a due task waits for its promotion. */
const lookEveryMs = 500;

export class Promoter extends Duty {
  readonly #deps: PromoterDeps;
  #nextMs = lookEveryMs;

  constructor(deps: PromoterDeps) {
    super(deps, { name: 'promoting delayed tasks', intervalMs: () => this.#nextMs, tick: () => this.#promote() });
    this.#deps = deps;
  }

  async #promote(): Promise<void> {
    const { tasks, node, queues } = this.#deps;
    let next = lookEveryMs;
    for (const queue of queues()) {
      const { moved, nextDueInMs } = await tasks.promote({ queue, node, count: limits.frameOps });
      next = Math.min(next, moved === limits.frameOps ? 0 : (nextDueInMs ?? lookEveryMs));
    }
    this.#nextMs = Math.max(1, next);
  }
}
