/**
 * Tasks of the fleet with foreign agents: each is claimed like any other task, put into the shared list, and held until the answer comes.
 *
 * O1  A task is put out once, however often it is claimed: who holds it after a take-over waits for the same answer.
 * O2  The claim is kept while the foreign agent works. Its end by cancel, deadline or timeout withdraws the task; its end because this node
 *     leaves does not.
 * O3  An answer is forgotten after the task of the fleet has ended with it; a failure before, so that a retry is a new task for the foreign
 *     agent.
 * O4  What is out and belongs to no task that is still to be done is withdrawn, with every start and then once a minute.
 */
import type { Task } from '../../agent/envelopes.ts';
import type { Broker } from '../../broker/broker.ts';
import type { Out } from '../../broker/outgoing.ts';
import type { TaskWatch } from '../../client/task-watch.ts';
import { type Clock, sleep } from '../../core/clock.ts';
import { abortReason, CancelledError, describeError, HandlerError, OwnershipError } from '../../core/errors.ts';
import { observe, type Observer } from '../../core/observer.ts';
import type { Random } from '../../core/random.ts';
import { encodeTask } from './task-wire.ts';

export interface OutgoingDeps {
  readonly broker: Pick<Broker, 'outgoing' | 'queues'>;
  readonly tasks: TaskWatch;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly node: string;
  readonly signal: AbortSignal;
  readonly serverNow: () => number;
  /** The list has another type than it should. */
  readonly onHeld: () => void;
}

const heldMs = 500;
const sweepEveryMs = 60_000;

export class Outgoing {
  readonly #deps: OutgoingDeps;
  /** Who waits for which answer; undefined for what is out and not claimed here. */
  readonly #out = new Map<string, ((answer: string) => void) | undefined>();
  /** Tasks that are claimed here. */
  readonly #claimed = new Set<string>();

  constructor(deps: OutgoingDeps) {
    this.#deps = deps;
  }

  isOut(foreignId: string): boolean {
    return this.#out.has(foreignId);
  }

  /** Takes up what an earlier bridge has put out. */
  resume(outs: readonly Out[]): void {
    for (const { foreignId, answer } of outs) if (answer === undefined) this.#out.set(foreignId, undefined);
  }

  onAnswer(foreignId: string, answer: string): void {
    const tell = this.#out.get(foreignId);
    this.#out.delete(foreignId);
    tell?.(answer);
  }

  /** Has a foreign agent do a task; resolves to its result. Rejects with what it says, or with the reason of the task's signal. */
  async relay(assignee: string, { id, from, name, input, signal }: Task): Promise<unknown> {
    this.#claimed.add(id);
    try {
      const classic = { taskId: this.#newId(), creator: from, assignee, task: name, metadata: input ?? {} };
      const { foreignId, answer } = await this.#put(
        id,
        classic.taskId,
        encodeTask(classic, this.#deps.serverNow()),
        signal,
      );
      return await this.#close(id, assignee, answer ?? (await this.#await(foreignId, signal)));
    } catch (error) {
      if (signal.aborted && isOver(signal.reason)) await this.#withdraw(id); // O2
      throw error;
    } finally {
      this.#claimed.delete(id);
    }
  }

  /** O1 */
  async #put(taskId: string, foreignId: string, text: string, signal: AbortSignal): Promise<Out> {
    const { broker, clock, node, onHeld } = this.#deps;
    for (;;) {
      this.#out.set(foreignId, undefined); // its answer may come before the reply
      const reply = await broker.outgoing.put({ node, taskId, foreignId, text });
      if (reply.kind !== 'put') this.#out.delete(foreignId);
      if (reply.kind !== 'held') return reply.out;
      onHeld();
      await sleep(clock, heldMs, signal);
    }
  }

  #await(foreignId: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      const onAbort = (): void => {
        if (this.#out.has(foreignId)) this.#out.set(foreignId, undefined);
        reject(abortReason(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#out.set(foreignId, (answer) => {
        signal.removeEventListener('abort', onAbort);
        resolve(answer);
      });
    });
  }

  /** O3 */
  async #close(taskId: string, assignee: string, text: string): Promise<unknown> {
    const answer = JSON.parse(text) as { readonly ok: boolean; readonly result?: unknown; readonly error?: string };
    if (!answer.ok) {
      await this.#withdraw(taskId);
      throw new HandlerError(`${assignee}: ${answer.error}`);
    }
    const forget = (): void => void this.#withdraw(taskId);
    this.#deps.tasks.listen(taskId, { onSettled: forget, onClosed: () => {} }, false);
    return answer.result;
  }

  /** What remains of it is withdrawn later (O4). */
  async #withdraw(...taskIds: readonly string[]): Promise<void> {
    const { broker, node, observer, signal } = this.#deps;
    if (taskIds.length === 0 || signal.aborted) return;
    await broker.outgoing.withdraw(node, taskIds).catch((error: unknown) => {
      const what = 'withdrawing tasks from classic agents';
      if (!(error instanceof OwnershipError))
        observe(observer, 'broker.trouble', { what, error: describeError(error) });
    });
  }

  /** O4: until the signal aborts. */
  async sweep(): Promise<void> {
    const { broker, clock, observer, signal } = this.#deps;
    while (!signal.aborted) {
      try {
        const { outs } = await broker.outgoing.read();
        const idle = outs.filter(({ taskId }) => !this.#claimed.has(taskId));
        for (const { taskId, foreignId } of idle) {
          const state = await broker.queues.state(taskId);
          if (state !== 'completed' && state !== 'dead' && state !== 'unknown') continue;
          this.#out.delete(foreignId);
          await this.#withdraw(taskId);
        }
      } catch (error) {
        if (!signal.aborted)
          observe(observer, 'broker.trouble', { what: 'reading what is out', error: describeError(error) });
      }
      await sleep(clock, sweepEveryMs, signal).catch(() => undefined); // stopping ends the wait
    }
  }

  /** In the form that PHP gives its own. */
  #newId(): string {
    const digits = (): string =>
      Math.floor(this.#deps.random.fraction('classic-id') * 16 ** 7)
        .toString(16)
        .padStart(7, '0');
    return `task_${`${digits()}${digits()}`.slice(0, 13)}`;
  }
}

/** The task is over, and not only here. */
function isOver(reason: unknown): boolean {
  if (reason instanceof OwnershipError) return false;
  return !(reason instanceof CancelledError) || reason.code === 'cancelled' || reason.code === 'timeout';
}
