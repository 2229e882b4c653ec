/**
 * Recovery: takes over tasks whose holder failed, for as many as there are free cells here.
 *
 * A holder has failed when its lease was not renewed in time or its node's presence has ended. Every node looks; the broker hands a task to
 * one of them.
 *
 * K2  Whose presence has ended it knows from the beats of its own node (presence, P7), and asks only when a lease should have ended since.
 * K3  A task that has lost one holder is run again at once, one that has lost two 5 s later: a task that kills its process must not
 *     take one node of the fleet after the other. One that has lost `limits.lostHolders` is not run again (task-admission.ts).
 * K4  The next look comes when the first lease of a node ends, when that is sooner than usual: only a node that is gone lets it come so far.
 * K5  What a lost holder had does not wait for the end of a backlog: where no cell is free, one at a time is taken over all the same, also of
 *     a limited queue, whose limit counts it already. While a look finds as many as it asked for, the next one follows at once.
 */
import type { Beat, PresencePort } from '../broker/presence.ts';
import type { ClaimedTask, TaskPort } from '../broker/tasks.ts';
import type { Clock } from '../core/clock.ts';
import { limits } from '../core/limits.ts';
import { observe, type Observer } from '../core/observer.ts';
import { Duty } from './duty.ts';

export interface RecoveryDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly tasks: TaskPort;
  readonly presence: PresencePort;
  readonly node: string;
  readonly leaseMs: number;
  readonly queues: () => readonly string[];
  readonly freeFor: (queue: string) => number;
  readonly place: (claimed: ClaimedTask) => void;
  /** Gives it back for so long. */
  readonly putOff: (claimed: ClaimedTask, delayMs: number) => Promise<void>;
}

const lookEveryMs = 1_000;
/** K4: behind the end of a lease, and between two looks at least. */
const behindMs = 10;
/** K3: how long it is put off, by the holders that it has lost. */
const delaysMs: readonly number[] = [0, 0, 5_000];

export class Recovery extends Duty {
  readonly #deps: RecoveryDeps;
  #waitMs = lookEveryMs;
  #ended: readonly string[] = [];
  /** On the monotonic clock: when the first lease of another node ends. */
  #nextEndAt = Number.POSITIVE_INFINITY;

  constructor(deps: RecoveryDeps) {
    super(deps, { name: 'recovering tasks', intervalMs: () => this.#waitMs, tick: () => this.#look() });
    this.#deps = deps;
  }

  onBeat({ ended, nextEndInMs = Number.POSITIVE_INFINITY }: Pick<Beat, 'ended' | 'nextEndInMs'>): void {
    this.#ended = ended;
    this.#nextEndAt = this.#deps.clock.monotonic() + nextEndInMs;
  }

  async #look(): Promise<void> {
    const { tasks, node, leaseMs, queues, freeFor, observer } = this.#deps;
    this.#waitMs = lookEveryMs;
    if (this.#nextEndInMs() < 0) await this.#lookAtNodes();
    this.#waitMs = Math.min(lookEveryMs, Math.max(0, this.#nextEndInMs()) + behindMs);
    const gone = this.#ended;
    for (const queue of queues()) {
      const count = Math.min(Math.max(1, freeFor(queue)), limits.frameOps);
      const recovered = await tasks.recover({ queue, node, count, leaseMs, gone });
      if (recovered.length === count) this.#waitMs = behindMs;
      for (const claimed of recovered) {
        observe(observer, 'task.recovered', { task: claimed.receipt.taskId, from: queue });
        await this.#takeOn(claimed);
      }
    }
  }

  #nextEndInMs(): number {
    return this.#nextEndAt - this.#deps.clock.monotonic();
  }

  /** K2 */
  async #lookAtNodes(): Promise<void> {
    const { presence, node } = this.#deps;
    const records = await presence.nodes({ ending: true });
    const leftMs = records.filter((one) => one.alive && one.node !== node).map(({ leaseLeftMs }) => leaseLeftMs);
    this.onBeat({
      ended: records.filter(({ alive }) => !alive).map((record) => record.node),
      nextEndInMs: Math.min(Number.POSITIVE_INFINITY, ...leftMs),
    });
  }

  /** K3 */
  async #takeOn(claimed: ClaimedTask): Promise<void> {
    const { place, putOff } = this.#deps;
    const delayMs = delaysMs[claimed.lost?.length ?? 0] ?? 0;
    if (delayMs === 0) place(claimed);
    else await putOff(claimed, delayMs);
  }
}
