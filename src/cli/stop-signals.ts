/**
 * What stops `start`: SIGINT and SIGTERM (the first one drains, a second one ends the process at once), and in a node process the
 * word of its supervisor process, or the end of it.
 *
 * `npm start` passes a Ctrl-C on to a process that the terminal has told already, so under npm one press arrives twice within
 * milliseconds; there, signals that close together are one.
 */
import type { CliContext } from './context.ts';
import { exitCodes } from './usage.ts';

const samePressMs = 300;

export interface StopRequest {
  /** Aborts at the first signal or word. */
  readonly signal: AbortSignal;
  /** For what runs, when who stops it says so; else that of the configuration. */
  readonly graceMs: () => number | undefined;
  readonly close: () => void;
}

/** `atOnce`: what else has to end at the second signal. */
export function listenForStop(context: CliContext, atOnce: () => void = () => {}): StopRequest {
  const { signals, clock, output, env, channel } = context;
  const mergeMs = env['npm_lifecycle_event'] === undefined ? 0 : samePressMs;
  const stopping = new AbortController();
  let firstAt = 0;
  let graceMs: number | undefined;
  const close = signals.listen(() => {
    if (!stopping.signal.aborted) {
      firstAt = clock.monotonic();
      output.live('');
      output.out('draining, press Ctrl-C again to stop at once');
      stopping.abort();
    } else if (clock.monotonic() - firstAt >= mergeMs) {
      output.live('');
      output.err('stopped at once: tasks that ran will run again on another node, or at the next start');
      atOnce();
      signals.exitNow(exitCodes.interrupted);
    }
  });
  const closeChannel = channel?.listen((word) => {
    if (word.kind !== 'stop') return;
    graceMs ??= word.graceMs;
    stopping.abort();
  });
  return {
    signal: stopping.signal,
    graceMs: () => graceMs,
    close: () => {
      close();
      closeChannel?.();
    },
  };
}
