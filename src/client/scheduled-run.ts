/**
 * One run of a schedule as a task: in the schedule's own name, and under a key that only this run has.
 *
 * The key makes the run one task however often it is enqueued, as long as the key lives (tasks, T7).
 */
import type { ScheduleRecord } from '../broker/schedules.ts';
import type { CallScope } from './scope.ts';
import { decodeDefinition } from './schedule-record.ts';
import { type PreparedTask, prepareTask } from './task-op.ts';
import type { VerbsDeps } from './verbs.ts';

/**
 * How long the key of a run lives. Many nodes may enqueue one run within seconds, and one that takes it over from a lost node within
 * as long as somebody is up; what is older than this is not enqueued again (runtime/scheduler.ts, Y3).
 */
export const runKeyMs = 3_600_000;

/** The task of the run that is due at `dueAt`; without one, of a run outside the regular ones. Throws like `enqueue`. */
export async function prepareRun(deps: VerbsDeps, record: ScheduleRecord, dueAt?: number): Promise<PreparedTask> {
  const { call } = decodeDefinition(record);
  const name = `schedule:${record.name}`;
  const at = dueAt === undefined ? 'by-hand' : new Date(dueAt).toISOString();
  const scope = (): CallScope => ({ trace: { id: `${name}@${at}`, asks: [] }, signal: new AbortController().signal });
  const key = dueAt === undefined ? {} : { key: `${name}@${dueAt}`, keyTtl: runKeyMs };
  const task = { ...call, options: { ...call.options, ...key } };
  return await prepareTask({ ...deps, identity: { name, isAgent: false, scope } }, task, { waits: false });
}
