/**
 * A task in the hands of whoever enqueued it: its result, its progress, its state.
 *
 * It waits through the task watch and falls back to reading; the verbs only make it.
 */
import type { Schema } from '../agent/contract.ts';
import type { Progress, ResultOptions, TaskHandle, TaskState } from '../agent/task-handle.ts';
import type { TaskOutcome } from '../broker/queues.ts';
import { durationMs } from '../core/duration.ts';
import { decodePayload } from '../core/envelope.ts';
import { abortReason, DeliveryError, HandlerError, restoreError } from '../core/errors.ts';
import { checkPayload } from './check-payload.ts';
import type { Member } from './member.ts';

export interface HandleDeps {
  readonly member: Member;
  readonly taskId: string;
  readonly name: string;
  readonly outputSchema?: Schema | undefined;
  /** Of the handler call in which the task was enqueued: its end is the end of waiting, too. */
  readonly callSignal?: AbortSignal | undefined;
}

export class Handle implements TaskHandle {
  readonly id: string;
  readonly #deps: HandleDeps;
  #outcome: Promise<TaskOutcome> | undefined;

  constructor(deps: HandleDeps) {
    this.#deps = deps;
    this.id = deps.taskId;
  }

  /** Begins to wait in the same tick in which the task was accepted, so that nothing has to be read back. */
  listenNow(): this {
    this.#outcome ??= this.#listen(false);
    return this;
  }

  async result(options: ResultOptions = {}): Promise<unknown> {
    this.#outcome ??= this.#listen(true);
    const outcome = await this.#limited(this.#outcome, { signal: this.#deps.callSignal, ...options });
    if (outcome.kind === 'completed')
      return checkPayload(
        this.#deps.outputSchema,
        decodePayload(outcome.result),
        `the result of task "${this.#deps.name}"`,
      );
    const cause = restoreError(outcome.error);
    throw new HandlerError(
      `task "${this.#deps.name}" failed after ${outcome.attempts} attempts (${outcome.reason}): ${cause.message}`,
      {
        cause,
        details: { taskId: this.id, reason: outcome.reason, attempts: outcome.attempts },
      },
    );
  }

  async *progress(): AsyncIterable<Progress> {
    const { member, taskId } = this.#deps;
    const pending: string[] = [];
    let ended = false;
    let failure: Error | undefined;
    let wake = (): void => {};
    const listener = {
      onProgress: (body: string) => {
        pending[0] = body; // live: a step that is not read yet is replaced by the newer one
        wake();
      },
      onSettled: () => {
        ended = true;
        wake();
      },
      onClosed: (error: Error) => {
        failure = error;
        wake();
      },
    };
    const stop = member.tasks.listen(taskId, listener, true);
    try {
      const last = await member.deps.broker.queues.progress(taskId);
      if (last !== undefined && pending.length === 0) pending.push(last);
      for (;;) {
        const body = pending.shift();
        if (body !== undefined) yield decodePayload(body) as Progress;
        else if (failure !== undefined) throw failure;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
    }
  }

  state(): Promise<TaskState> {
    return this.#deps.member.deps.broker.queues.state(this.id);
  }

  #listen(late: boolean): Promise<TaskOutcome> {
    const outcome = new Promise<TaskOutcome>((resolve, reject) => {
      this.#deps.member.tasks.listen(this.id, { onSettled: resolve, onClosed: reject }, late);
    });
    outcome.catch(() => undefined); // whoever asks for the result hears of it; nobody has to
    return outcome;
  }

  #limited(outcome: Promise<TaskOutcome>, { timeout, signal }: Waiting): Promise<TaskOutcome> {
    if (timeout === undefined && signal === undefined) return outcome;
    const { clock } = this.#deps.member.deps;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal));
      const onAbort = (): void => reject(abortReason(signal));
      const ms = timeout === undefined ? undefined : durationMs(timeout, 'the timeout of a result');
      const late = (): void =>
        reject(new DeliveryError('reply-timeout', `expected task ${this.id} to end within ${ms} ms, got: it goes on`));
      const timer = ms === undefined ? undefined : clock.setTimer(ms, late);
      signal?.addEventListener('abort', onAbort, { once: true });
      const end = (): void => {
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      outcome.then(resolve, reject).finally(end);
    });
  }
}

interface Waiting extends Pick<ResultOptions, 'timeout'> {
  readonly signal: AbortSignal | undefined;
}
