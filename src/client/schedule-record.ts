/**
 * What is kept of a schedule, as text: the plan decides when and where its runs are made, the body what each of them is.
 *
 * The broker only compares the two; whoever makes a run reads them here, in any process of the fleet.
 */
import type { Schedule, SchedulePolicy } from '../agent/schedule-verbs.ts';
import type { ScheduleRecord } from '../broker/schedules.ts';
import { DeliveryError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Recurrence } from '../core/recurrence.ts';
import type { TaskCall } from './task-call.ts';

export interface Definition {
  readonly recurrence: Recurrence;
  readonly policy: Required<SchedulePolicy>;
  /** Without its schemas: its input was checked when the schedule was set. */
  readonly call: Pick<TaskCall, 'queue' | 'name' | 'input' | 'defaults' | 'options'>;
}

type Plan = Pick<Definition, 'recurrence'> & { readonly queue: string };
type Body = { readonly v: 1 } & SchedulePolicy & Omit<Definition['call'], 'queue'>;

/** Throws `DeliveryError('payload-too-large')`. */
export function encodeDefinition(name: string, definition: Definition): { plan: string; body: string } {
  const { recurrence, policy, call } = definition;
  const { queue, defaults, ...rest } = call;
  const { retries, priority, resultTtlMs } = defaults;
  const own = { ...(retries !== undefined && { retries }), ...(resultTtlMs !== undefined && { resultTtlMs }) };
  const kept = { ...own, ...(priority !== undefined && { priority }) };
  const plan = JSON.stringify({ recurrence, queue } satisfies Plan);
  const body = JSON.stringify({ v: 1, ...policy, ...rest, defaults: kept } satisfies Body);
  const bytes = Buffer.byteLength(body);
  if (bytes > limits.scheduleBytes)
    throw new DeliveryError(
      'payload-too-large',
      `expected schedule "${name}" to be at most ${limits.scheduleBytes} bytes, got: ${bytes}\nStore large data elsewhere and schedule a reference.`,
    );
  return { plan, body };
}

/** Throws `DeliveryError('malformed')` for what a newer version wrote. */
export function decodeDefinition({ name, plan, body }: Pick<ScheduleRecord, 'name' | 'plan' | 'body'>): Definition {
  const { recurrence, queue } = JSON.parse(plan) as Plan;
  const { v, missed = 'skip', overlap = 'allow', ...rest } = JSON.parse(body) as Body;
  if ((v as number) !== 1)
    throw new DeliveryError('malformed', `expected schedule "${name}" to be of version 1, got: ${String(v)}`);
  return { recurrence, policy: { missed, overlap }, call: { queue, ...rest } };
}

/** As people and programs see it. */
export function describeSchedule(record: ScheduleRecord): Schedule {
  const { name, next, last, runs, missed, skipped } = record;
  const { recurrence: when, policy, call } = decodeDefinition(record);
  const { queue, name: task, input } = call;
  const times = { ...(next !== undefined && { nextAt: next }), ...(last && { last }) };
  return { name, when, queue, task, input, policy, paused: next === undefined, ...times, runs, missed, skipped };
}
