/**
 * A handler that yields parts, run to its end: the one loop that calls a user's generator.
 *
 * J7  The next part is asked for only when there is room for it and the call has not ended.
 * J8  However the call ends before the generator does, its `return` is called once, so that its `finally` runs.
 */
import { wrapThrown } from '../client/reply-error.ts';
import { abortReason } from '../core/errors.ts';

/** Where the parts of one call go. */
export interface PartSink {
  /** Resolves when one more part may come. Rejects when nobody wants any. */
  room(): Promise<void>;
  /** Takes a part; rejects when it does not fit its schema or cannot be sent. */
  put(value: unknown): Promise<void>;
}

export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Resolves to what the generator returns. Rejects with what it throws, or with the reason of `signal` or `sink`. */
export async function pump(parts: AsyncIterable<unknown>, sink: PartSink, signal: AbortSignal): Promise<unknown> {
  const iterator = parts[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      await unlessAborted(sink.room(), signal);
      const step = await iterator.next().catch((error: unknown) => {
        isOver = true;
        throw wrapThrown(error);
      });
      isOver = step.done === true;
      if (step.done) return step.value;
      if (signal.aborted) throw abortReason(signal);
      await sink.put(step.value);
    }
  } finally {
    if (!isOver) await iterator.return?.();
  }
}

/** Takes every part and keeps none. */
export const drain: PartSink = { room: () => Promise.resolve(), put: () => Promise.resolve() };

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.finally(() => signal.removeEventListener('abort', onAbort)).then(resolve, reject);
  });
}
