/**
 * The parts of a task as whoever has its handle reads them.
 *
 * J12  Every part is read from the broker, behind the last one: a notice only says that it is time to. One that was lost is made good
 *     by a look every second.
 * J13  The task's end is believed only when a read that began after it has found no more: nothing that was stored is left out.
 */
import type { Schema } from '../agent/contract.ts';
import type { StreamOptions, TaskPart } from '../agent/task-handle.ts';
import type { StoredPart } from '../broker/logs.ts';
import { sleep } from '../core/clock.ts';
import { decodePayload } from '../core/envelope.ts';
import { abortReason, BrokerError } from '../core/errors.ts';
import { checkPayload } from './check-payload.ts';
import type { Member } from './member.ts';

export interface TaskStreamDeps {
  readonly member: Member;
  readonly taskId: string;
  readonly name: string;
  readonly partSchema?: Schema | undefined;
  /** Rejects when the task has failed for good, or `signal` aborts. Called at once: an outcome that is not kept is told only once. */
  readonly result: (signal: AbortSignal) => Promise<unknown>;
}

const lookEveryMs = 1_000;
const pageSize = 128;

export async function* readTask(deps: TaskStreamDeps, options: StreamOptions): AsyncGenerator<TaskPart> {
  const { signal } = options;
  const watch = new Watch(deps, signal);
  const left = new AbortController();
  const result = deps.result(left.signal);
  result.catch(() => undefined); // told behind the last part
  let last: StoredPart | undefined;
  try {
    for (;;) {
      const hasEnded = watch.check();
      const page = await readPage(deps, last?.entry ?? '', signal);
      for (const part of page) {
        yield await toPart(deps, part, last);
        last = part;
      }
      if (page.length > 0) continue;
      if (!hasEnded) await watch.news();
      else {
        await result;
        return;
      }
    }
  } finally {
    watch.leave();
    left.abort();
  }
}

async function toPart(deps: TaskStreamDeps, part: StoredPart, last: StoredPart | undefined): Promise<TaskPart> {
  const { attempt, number, body } = part;
  const isRestarted = last !== undefined && last.run !== part.run;
  const missed = number - 1 - (last === undefined || isRestarted ? 0 : last.number);
  const data = await checkPayload(deps.partSchema, decodePayload(body), `a part of task "${deps.name}"`);
  return { attempt, number, data, ...(isRestarted && { restarted: true }), ...(missed > 0 && { missed }) };
}

/** J12: waits out a broker that cannot be reached. */
async function readPage(
  { member, taskId }: TaskStreamDeps,
  after: string,
  signal: AbortSignal | undefined,
): Promise<readonly StoredPart[]> {
  for (;;) {
    try {
      return await member.deps.broker.logs.readParts(taskId, { after, count: pageSize });
    } catch (error) {
      if (!(error instanceof BrokerError && error.repeatable)) throw error;
      await sleep(member.deps.clock, lookEveryMs, signal);
    }
  }
}

/** What is heard of the task between two reads. */
class Watch {
  readonly #deps: TaskStreamDeps;
  readonly #signal: AbortSignal | undefined;
  readonly #stop: () => void;
  #hasEnded = false;
  #hasNews = false;
  #closed: Error | undefined;
  #wake = (): void => {};

  constructor(deps: TaskStreamDeps, signal: AbortSignal | undefined) {
    this.#deps = deps;
    this.#signal = signal;
    const onNews = (): void => {
      this.#hasNews = true;
      this.#wake();
    };
    const listener = {
      onParts: onNews,
      onSettled: () => {
        this.#hasEnded = true;
        onNews();
      },
      onClosed: (error: Error) => {
        this.#closed = error;
        onNews();
      },
    };
    signal?.addEventListener('abort', onNews);
    const stop = deps.member.tasks.listen(deps.taskId, listener, true);
    this.#stop = () => {
      signal?.removeEventListener('abort', onNews);
      stop();
    };
  }

  /** Before a read: whether the task had ended. Throws when nothing may be read any more. */
  check(): boolean {
    if (this.#signal?.aborted) throw abortReason(this.#signal);
    if (this.#closed !== undefined) throw this.#closed;
    this.#hasNews = false;
    return this.#hasEnded;
  }

  async news(): Promise<void> {
    if (this.#hasNews) return;
    const { clock } = this.#deps.member.deps;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(lookEveryMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  leave(): void {
    this.#stop();
  }
}
