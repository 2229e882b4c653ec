/**
 * Watching one task until it is settled: a live line on a terminal, a plain line per report elsewhere.
 * Shared by `start --run` and `enqueue --wait`.
 */
import type { Progress, TaskHandle } from '../agent/task-handle.ts';
import { type Clock, repeat } from '../core/clock.ts';
import type { Output } from './output.ts';
import { plainStep, progressLine } from './render/progress.ts';

export interface WatchOptions {
  /** The task's name. */
  readonly name: string;
  readonly clock: Clock;
  readonly output: Output;
  /** Where plain lines go: `out`, or `err` when `out` is for the result alone. */
  readonly say: (line: string) => void;
}

const redrawMs = 250;

/** The task's result; rejects as `handle.result()` does. */
export async function watchTask<T>(handle: TaskHandle<T>, options: WatchOptions): Promise<T> {
  const { clock, output, name, say } = options;
  const startedAt = clock.monotonic();
  let step: Progress | undefined;
  const draw = (): void =>
    output.live(progressLine({ name, step, elapsedMs: clock.monotonic() - startedAt, columns: output.columns }));
  const ticker = output.isTty
    ? repeat(
        clock,
        () => redrawMs,
        async () => draw(),
      )
    : undefined;
  const follow = async (): Promise<void> => {
    for await (const next of handle.progress()) {
      step = next;
      if (output.isTty) draw();
      else say(plainStep(name, next));
    }
  };
  try {
    // its end, also a broken one, says nothing that the result does not say
    const following = follow().catch(() => undefined);
    const result = await handle.result();
    await following;
    return result;
  } finally {
    ticker?.cancel();
    output.live('');
  }
}
