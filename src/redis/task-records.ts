/**
 * Tasks as the scripts of a queue tell of them, and task ids as they are stored.
 *
 * Inside a queue's keys a task is called by its name, the task id without the queue: `<letter>.<number>`.
 */
import type { QueueLimits } from '../broker/control.ts';
import type { DeadLetter, TaskOutcome } from '../broker/queues.ts';
import { formatTaskId, type Priority, priorities } from '../broker/task-id.ts';
import type { ClaimedTask } from '../broker/tasks.ts';
import type { ErrorRecord } from '../core/errors.ts';

/** lane 1-3, entry, deliveries, releases, flat fields, the past: of the field of the entry where there is none. */
export type DeliveryRow = readonly [number, string, number, number, readonly string[], string?];

const unit = '\x1f';
/** Between the parts of a task's past: how often it was released begun, then the nodes that were lost with it. */
const pastUnit = '\x1e';
/** Numbers of a new millisecond start below this (broker/task-id.ts). */
export const seedBelow = 2 ** 40;

/** A name that no task has in place of an id of another queue. */
export function nameOf(queue: string, taskId: string): string {
  return taskId.startsWith(`${queue}.`) ? taskId.slice(queue.length + 1) : `?${taskId}`;
}

/** Whether a task that never moved from this entry has that name. */
export function isNameOf(entry: string, priority: Priority, name: string): boolean {
  return name.length === entry.length + 2 && name.endsWith(entry) && name.startsWith(`${priority.charAt(0)}.`);
}

/** 1 for the priority that is claimed first. */
export function laneOf(priority: Priority): number {
  return priorities.indexOf(priority) + 1;
}

/** An entry id that Redis takes; one that never exists in place of text that is none. */
export function entryOf(text: string): string {
  return /^\d{1,16}-\d{1,16}$/.test(text) ? text : '0-0';
}

export function decodeDelivery(queue: string, row: DeliveryRow): ClaimedTask {
  const [lane, entry, deliveries, releases, flat, told] = row;
  const fields: { e?: string; a?: string; t?: string; p?: string } = {};
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const field = flat[i];
    if (field === 'e' || field === 'a' || field === 't' || field === 'p') fields[field] = flat[i + 1] ?? '';
  }
  const priority = priorities[lane - 1] ?? 'normal';
  const taskId = fields.t === undefined ? formatTaskId({ queue, priority, number: entry }) : `${queue}.${fields.t}`;
  const charged = deliveries - releases;
  const past = told ?? fields.p ?? '';
  const claimed = {
    queue,
    receipt: { taskId, priority, entry, deliveries },
    envelope: fields.e ?? '',
    attempt: (Number(fields.a) || 0) + charged,
    redelivered: charged > 1,
  };
  return past === '' ? claimed : { ...claimed, ...decodePast(past, claimed.redelivered) };
}

function decodePast(past: string, redelivered: boolean): Partial<ClaimedTask> {
  const [returned = '', ...lost] = past.split(pastUnit);
  const times = Number(returned) || 0;
  return {
    redelivered: redelivered || times > 0,
    ...(lost.length > 0 && { lost }),
    ...(times > 0 && { returned: times }),
  };
}

/** Most claims, most starts, their window in ms; undefined when there are none. */
export function decodeLimits(text: string | number | null | undefined): QueueLimits | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const [concurrency = '', max = '', perMs = ''] = text.split(unit);
  return {
    ...(concurrency !== '' && { concurrency: Number(concurrency) }),
    ...(max !== '' && { rate: { max: Number(max), perMs: Number(perMs) } }),
  };
}

/** kind, attempts, then the result, or the reason and the error as JSON. */
export function decodeOutcome(text: string): TaskOutcome {
  const [kind, attempts, first = '', second = ''] = text.split(unit);
  if (kind === 'dead') return { ...decodeFailure(first, second), kind: 'dead', attempts: Number(attempts) };
  if (kind !== 'complete') throw new TypeError(`expected an outcome, got: ${text.slice(0, 40)}`);
  return { kind: 'completed', result: first, attempts: Number(attempts) };
}

export function encodeOutcome(outcome: TaskOutcome): string {
  const { attempts } = outcome;
  if (outcome.kind === 'completed') return `complete${unit}${attempts}${unit}${outcome.result}${unit}`;
  return ['dead', attempts, JSON.stringify(outcome.reason), JSON.stringify(outcome.error)].join(unit);
}

/** When it died, its outcome, and the envelope behind it. */
export function decodeDeadLetter(taskId: string, text: string): DeadLetter {
  const [diedAt, , attempts, reason = '', error = '', ...envelope] = text.split(unit);
  return {
    taskId,
    envelope: envelope.join(unit),
    ...decodeFailure(reason, error),
    attempts: Number(attempts),
    diedAt: Number(diedAt),
  };
}

function decodeFailure(reason: string, error: string): { reason: string; error: ErrorRecord } {
  return { reason: JSON.parse(reason) as string, error: JSON.parse(error) as ErrorRecord };
}
