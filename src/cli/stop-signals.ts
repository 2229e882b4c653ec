/**
 * SIGINT and SIGTERM for `start`: the first one drains, a second one ends the process at once.
 *
 * `npm start` passes a Ctrl-C on to a process that the terminal has told already, so under npm one press arrives twice within
 * milliseconds; there, signals that close together are one.
 */
import type { CliContext } from './context.ts';
import { exitCodes } from './usage.ts';

const samePressMs = 300;

export interface StopRequest {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  readonly close: () => void;
}

export function listenForStop({ signals, clock, output, env }: CliContext): StopRequest {
  const mergeMs = env['npm_lifecycle_event'] === undefined ? 0 : samePressMs;
  const stopping = new AbortController();
  let firstAt = 0;
  const close = signals.listen(() => {
    if (!stopping.signal.aborted) {
      firstAt = clock.monotonic();
      output.live('');
      output.out('draining, press Ctrl-C again to stop at once');
      stopping.abort();
    } else if (clock.monotonic() - firstAt >= mergeMs) {
      output.live('');
      output.err('stopped at once: tasks that ran will run again on another node, or at the next start');
      signals.exitNow(exitCodes.interrupted);
    }
  });
  return { signal: stopping.signal, close };
}
