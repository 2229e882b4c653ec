/**
 * A task in the hands of whoever enqueued it: its result, its progress, its state.
 *
 * It waits through the task watch and falls back to reading; the verbs only make it.
 */
import type { Schema } from '../agent/contract.ts';
import type {
  CancelAnswer,
  Progress,
  ResultOptions,
  StreamOptions,
  TaskHandle,
  TaskPart,
  TaskState,
} from '../agent/task-handle.ts';
import type { TaskOutcome } from '../broker/queues.ts';
import { type Duration, durationMs } from '../core/duration.ts';
import { decodePayload } from '../core/envelope.ts';
import { abortReason, DeliveryError, HandlerError, restoreError } from '../core/errors.ts';
import { cancelTask } from './cancel.ts';
import { checkSoon } from './check-payload.ts';
import type { Member } from './member.ts';
import { readTask } from './task-stream.ts';

export interface HandleDeps {
  readonly member: Member;
  readonly taskId: string;
  readonly name: string;
  /** How long its outcome is readable. */
  readonly resultTtlMs: number;
  /** It was enqueued before, under the same key: what became of it may have been told already. */
  readonly isKnown?: boolean;
  readonly outputSchema?: Schema | undefined;
  readonly partSchema?: Schema | undefined;
  /** The handler call in which the task was enqueued: its end is the end of waiting, too. */
  readonly call?: { readonly signal: AbortSignal } | undefined;
}

/** The outcome while somebody waits for it. */
interface Waiting {
  readonly outcome: Promise<TaskOutcome>;
  readonly leave: () => void;
  waiters: number;
}

export class Handle implements TaskHandle {
  readonly id: string;
  /** See `HandleDeps`. */
  readonly isKnown: boolean;
  readonly #deps: HandleDeps;
  #waiting: Waiting | undefined;

  constructor(deps: HandleDeps) {
    this.#deps = deps;
    this.id = deps.taskId;
    this.isKnown = deps.isKnown ?? false;
  }

  /** Begins to wait in the same tick in which the task was accepted, so that nothing has to be read back. */
  listenNow(): this {
    this.#waiting ??= this.#listen(this.isKnown);
    return this;
  }

  async result(options: ResultOptions = {}): Promise<unknown> {
    const outcome = await this.#await(options);
    if (outcome.kind === 'completed') {
      const { outputSchema, name } = this.#deps;
      const checked = checkSoon(outputSchema, decodePayload(outcome.result), `the result of task "${name}"`);
      return checked instanceof Promise ? await checked : checked;
    }
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

  stream(options: StreamOptions = {}): AsyncIterable<TaskPart> {
    const { call } = this.#deps;
    const result = (signal: AbortSignal): Promise<unknown> => this.result({ signal });
    return readTask({ ...this.#deps, result }, call === undefined ? options : { signal: call.signal, ...options });
  }

  cancel(reason?: string): Promise<CancelAnswer> {
    const { member, taskId, resultTtlMs } = this.#deps;
    return cancelTask(member, { taskId, reason, resultTtlMs });
  }

  state(): Promise<TaskState> {
    return this.#deps.member.deps.broker.queues.state(this.id);
  }

  #listen(late: boolean): Waiting {
    let leave = (): void => {};
    const outcome = new Promise<TaskOutcome>((resolve, reject) => {
      leave = this.#deps.member.tasks.listen(this.id, { onSettled: resolve, onClosed: reject }, late);
    });
    outcome.catch(() => undefined); // whoever asks for the result hears of it; nobody has to
    return { outcome, leave, waiters: 0 };
  }

  /** Waits with the others. One without limits never gives up. */
  #await({ timeout, signal = this.#deps.call?.signal }: ResultOptions): Promise<TaskOutcome> {
    const waiting = (this.#waiting ??= this.#listen(true));
    waiting.waiters++;
    return timeout === undefined && signal === undefined ? waiting.outcome : this.#limited(waiting, timeout, signal);
  }

  /** The last one that gives up ends the listening. */
  async #limited(
    waiting: Waiting,
    timeout: Duration | undefined,
    signal: AbortSignal | undefined,
  ): Promise<TaskOutcome> {
    let given = false;
    try {
      const outcome = await this.#within(waiting.outcome, timeout, signal);
      given = true;
      return outcome;
    } finally {
      if (--waiting.waiters === 0 && !given) {
        waiting.leave();
        if (this.#waiting === waiting) this.#waiting = undefined;
      }
    }
  }

  #within(
    outcome: Promise<TaskOutcome>,
    timeout: Duration | undefined,
    signal: AbortSignal | undefined,
  ): Promise<TaskOutcome> {
    const { clock } = this.#deps.member.deps;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal));
      const ms = timeout === undefined ? undefined : durationMs(timeout, 'the timeout of a result');
      const end = (settle: () => void): void => {
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void => end(() => reject(abortReason(signal)));
      const late = new DeliveryError(
        'reply-timeout',
        `expected task ${this.id} to end within ${ms} ms, got: it goes on`,
      );
      const timer = ms === undefined ? undefined : clock.setTimer(ms, () => end(() => reject(late)));
      signal?.addEventListener('abort', onAbort, { once: true });
      outcome.then(
        (value) => end(() => resolve(value)),
        (error: unknown) => end(() => reject(error)),
      );
    });
  }
}
