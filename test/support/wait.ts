/**
 * Waiting in tests: for a condition, never for a time. The one file below test/ that sets a real timer, because a real
 * Redis and real processes answer when they like.
 */
import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** Ends the sentence "expected ... within 5000 ms". */
  readonly what: string;
  /** Milliseconds after which the wait fails; 5 s by default. */
  readonly timeoutMs?: number;
}

const pollMs = 5;

/**
 * Resolves with the first truthy value of `condition`. A condition that throws counts as not yet true; the last thing it
 * threw is the cause of the error when time runs out.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 5_000 }: WaitOptions,
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const start = performance.now();
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, false | 0 | '' | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - start >= timeoutMs) throw new Error(`expected ${what} within ${timeoutMs} ms`, { cause });
    await pause(pollMs);
  }
}
