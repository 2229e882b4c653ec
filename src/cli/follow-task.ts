/**
 * The task of `start --run`, from its enqueueing to its end, whichever incarnation of the node is there to hear of it.
 *
 * A node that is fenced comes back as a new one, whose process has the same task: enqueued again under the same key, it is found.
 */
import type { RunningFleet } from '../compose/start-fleet.ts';
import { sleep } from '../core/clock.ts';
import { BrokerError, CancelledError, OwnershipError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import type { RunTarget } from './run-target.ts';
import { watchTask } from './task-progress.ts';

const againMs = 250;

/** The result of the task; rejects as `handle.result()` does, or with the reason of `over` when that aborts first. */
export async function followTask(
  running: Pick<RunningFleet, 'fleet'>,
  { role, task, input }: RunTarget,
  { clock, output, random }: Pick<CliContext, 'clock' | 'output' | 'random'>,
  over: AbortSignal,
): Promise<unknown> {
  const key = random.id('run');
  for (;;) {
    try {
      const handle = await running.fleet.enqueue({ role, task }, input, { key });
      return await watchTask(handle, { name: task, clock, output, say: (line) => output.out(line) });
    } catch (error) {
      if (over.aborted || !isFenced(error)) throw error;
      await sleep(clock, againMs, over);
    }
  }
}

/** This incarnation of the node is gone, or is leaving; the task's own failure tells a reason, and is none of these. */
function isFenced(error: unknown): boolean {
  if (error instanceof BrokerError) return error.code === 'closed' && error.details.reason === undefined;
  if (error instanceof CancelledError) return error.code === 'stopped' && error.details.reason === undefined;
  return error instanceof OwnershipError && error.code === 'presence-lost' && error.details.reason === undefined;
}
