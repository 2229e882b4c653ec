/**
 * The task of `start --run`: shown from the moment it is stored to its end; a stop in between leaves it to the queue.
 *
 * The same for a node and for a supervisor process, which only differ in who hands it over.
 */
import type { FleetEnd } from '../compose/incarnations.ts';
import type { RunningFleet } from '../compose/start-fleet.ts';
import { NodeFailed } from '../runtime/ending.ts';
import type { CliContext } from './context.ts';
import { followTask } from './follow-task.ts';
import { renderResult } from './render/result.ts';
import { plain } from './render/text.ts';
import type { RunTarget } from './run-target.ts';
import { exitCodes, tellError } from './usage.ts';

export interface TaskRun {
  /** The fleet, and the end of its part in this process. */
  readonly running: Pick<RunningFleet, 'fleet' | 'ended'>;
  readonly target: RunTarget;
  readonly context: CliContext;
  /** Aborts when everything is to drain. */
  readonly signal: AbortSignal;
  readonly verbose: boolean;
}

/** Tells what becomes of the task; resolves to the exit code. */
export async function runTask(run: TaskRun): Promise<number> {
  const { running, target, signal, verbose } = run;
  const { clock, output } = run.context;
  const startedAt = clock.monotonic();
  const over = new AbortController();
  void Promise.race([running.ended, aborted(signal)]).then(() => over.abort());
  try {
    const watching = followTask(running, target, run.context, over.signal);
    watching.catch(() => undefined); // when the fleet ends first, nobody waits for it any more
    const first = await Promise.race([
      watching.then((result) => ({ result })),
      running.ended.then((end) => ({ end })),
      aborted(signal).then(() => ({ stopped: true })),
    ]);
    if ('end' in first) return tellEnd(first.end, run.context, verbose);
    if ('stopped' in first) return tellUnfinished(run);
    output.out(renderResult(target.task, first.result, clock.monotonic() - startedAt));
    return exitCodes.ok;
  } catch (error) {
    output.live('');
    tellError(error, output, verbose);
    return exitCodes.failed;
  }
}

/** The fleet's part in this process ended by itself: on purpose, or it is a failure. */
export function tellEnd(end: FleetEnd, { output }: CliContext, verbose: boolean): number {
  if (end.kind === 'drained' || end.kind === 'restart') {
    output.out(plain(end.reason));
    return end.kind === 'drained' ? exitCodes.ok : exitCodes.restart;
  }
  if (end.kind === 'failed') return tellError(new NodeFailed(end), output, verbose);
  const error = new Error(
    'expected the fleet to run until it is stopped, got: it was stopped before the task had ended',
  );
  return tellError(error, output, verbose);
}

function tellUnfinished({ running, context, target }: TaskRun): number {
  context.output.live('');
  const waits = running.fleet.info.kind === 'redis' ? 'it goes on at the next start' : 'it is lost with this process';
  context.output.out(`${plain(target.task)} has not ended; unless it does while draining, ${waits}`);
  return exitCodes.failed;
}

export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
