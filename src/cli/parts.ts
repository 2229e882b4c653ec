/**
 * Streamed answers on the standard output: one line of JSON for each part, as it comes.
 *
 * Shared by `ask --stream` and `enqueue --follow`.
 */
import type { TaskPart } from '../agent/task-handle.ts';
import type { Output } from './output.ts';
import { record } from './render/text.ts';

/** Rejects as the loop does, behind the parts before. */
export async function printParts(parts: AsyncIterable<unknown>, output: Output): Promise<void> {
  for await (const part of parts) output.out(record(part));
}

/** The same for a task; a new try, and what is kept no longer, is said on the side. */
export async function printTaskParts(parts: AsyncIterable<TaskPart>, output: Output): Promise<void> {
  for await (const { data, attempt, restarted, missed } of parts) {
    if (restarted) output.err(`begun anew, attempt ${attempt}: what was printed before counts no longer`);
    if (missed !== undefined) output.err(`${missed} parts before this one are kept no longer`);
    output.out(record(data));
  }
}
