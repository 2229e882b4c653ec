/**
 * Tasks and their ends as classic agents write them: what an entry of the shared list means to this fleet, and what it writes back.
 *
 * Pure. An entry is somebody's word: whose it is is read as loosely as can be, so that a foreign one is left alone whatever else is wrong
 * with it; what the fleet takes is read strictly.
 */
import type { AppendOp } from '../../broker/events.ts';
import type { LookedAt } from '../../broker/foreign.ts';
import { isoSeconds } from '../../core/classic-time.ts';
import { decodePayload } from '../../core/envelope.ts';
import { limits } from '../../core/limits.ts';

/** A task of a classic agent for one of this fleet. */
export interface ClassicTask {
  /** By whatever its creator numbers them: not unique. */
  readonly taskId: string;
  readonly creator: string;
  readonly assignee: string;
  readonly task: string;
  readonly metadata: unknown;
}

export type Judgement =
  | { readonly kind: 'ours'; readonly task: ClassicTask }
  | { readonly kind: 'others' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** What to do with an entry. `isOurs` knows the roles and agents of the fleet. */
export function judge(entry: LookedAt, isOurs: (assignee: string) => boolean): Judgement {
  const { text, isWhole, isUtf8, bytes } = entry;
  const read = isWhole ? readText(text) : malformed(`at most ${limits.foreignText} bytes`, `${bytes}`);
  const assignee = read.kind === 'ours' ? read.task.assignee : isWhole ? assigneeOf(text) : peekAssignee(text);
  if (assignee !== undefined && assignee !== '' && !isOurs(assignee)) return { kind: 'others' };
  return isUtf8 ? read : malformed('UTF-8', 'other bytes');
}

/** The task of an entry that was taken; undefined when it cannot be read after all. */
export function readTaken(text: string): ClassicTask | undefined {
  const read = readText(text);
  return read.kind === 'ours' ? read.task : undefined;
}

function readText(text: string): Judgement {
  const value = decode(text);
  return value.kind === 'value' ? readTask(value.value) : value;
}

function decode(
  text: string,
): { readonly kind: 'value'; readonly value: unknown } | (Judgement & { kind: 'malformed' }) {
  try {
    return { kind: 'value', value: decodePayload(text) };
  } catch (error) {
    return { kind: 'malformed', reason: (error instanceof Error ? error.message : String(error)).slice(0, 300) };
  }
}

function readTask(value: unknown): Judgement {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed('an object', typeOf(value));
  const fields = value as { readonly [field in string]?: unknown };
  for (const name of ['taskId', 'creator', 'assignee', 'task', 'createdAt'] as const)
    if (typeof fields[name] !== 'string' || (fields[name] === '' && name !== 'creator'))
      return malformed(`text in the field ${name}`, typeOf(fields[name]));
  if (fields['status'] !== undefined && typeof fields['status'] !== 'string')
    return malformed('text in the field status', typeOf(fields['status']));
  const { taskId, creator, assignee, task, metadata = {} } = fields as unknown as ClassicTask;
  return { kind: 'ours', task: { taskId, creator, assignee, task, metadata: mapOf(metadata) } };
}

/** PHP writes an empty map as `[]`. */
function mapOf(metadata: unknown): unknown {
  return Array.isArray(metadata) && metadata.length === 0 ? {} : metadata;
}

function malformed(rule: string, got: string): Judgement & { kind: 'malformed' } {
  return { kind: 'malformed', reason: `expected the entry to be ${rule}, got: ${got}` };
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : value === '' ? 'an empty text' : typeof value;
}

/** By plain parsing, which minds no depth and no odd key; undefined when it is no JSON or names nobody. */
function assigneeOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'assignee')) return undefined;
    const { assignee } = value as { readonly assignee?: unknown };
    return typeof assignee === 'string' ? assignee : undefined;
  } catch {
    return undefined;
  }
}

/** Classic agents write it third; of an entry that is not read whole, that is as far as one looks. */
const beginning =
  /^\s*\{(?:\s*"(?:taskId|creator)"\s*:\s*"(?:[^"\\]|\\.)*"\s*,)*\s*"assignee"\s*:\s*("(?:[^"\\]|\\.)*")/;

function peekAssignee(text: string): string | undefined {
  const quoted = beginning.exec(text)?.[1];
  return quoted === undefined ? undefined : assigneeOf(`{"assignee":${quoted}}`);
}

/** The entry of a task of the fleet, in the form that PHP writes. */
export function encodeTask({ taskId, creator, assignee, task, metadata }: ClassicTask, now: number): string {
  return JSON.stringify({ taskId, creator, assignee, task, metadata, createdAt: isoSeconds(now), status: 'pending' });
}

export interface TaskEnding {
  readonly task: ClassicTask;
  /** Operation id of the event. */
  readonly opId: string;
  /** Server time in milliseconds. */
  readonly at: number;
}

/** The completion, and the broadcast behind it. `result` is JSON text. */
export function completed({ task, opId, at }: TaskEnding, result: string): { completion: string; event: AppendOp } {
  const { taskId, assignee } = task;
  const head = JSON.stringify({ taskId, completedBy: assignee });
  const tail = JSON.stringify({ metadata: {}, completedAt: isoSeconds(at), status: 'completed' });
  const completion = `${head.slice(0, -1)},"result":${result},${tail.slice(1)}`;
  const event = { opId, topic: `Task completed: ${taskId}`, from: assignee, data: completion, sentAt: at };
  return { completion, event };
}

/** The broadcast of a failure; nothing is stored as completed. */
export function failed({ task, opId, at }: TaskEnding, reason: string, error: string): { event: AppendOp } {
  const { taskId, assignee } = task;
  const data = JSON.stringify({ taskId, failedBy: assignee, task: task.task, error, reason, failedAt: isoSeconds(at) });
  return { event: { opId, topic: `${failurePrefix}${taskId}`, from: assignee, data, sentAt: at } };
}

const failurePrefix = 'Task failed: ';

/** What a foreign agent says of a task that it was given. */
export interface ForeignAnswer {
  readonly taskId: string;
  /** As it is kept: JSON text of `{ok: true, result}` or `{ok: false, error}`. */
  readonly answer: string;
}

/** A completion; a text why it is none. */
export function readCompletion(entry: LookedAt): ForeignAnswer | string {
  if (!entry.isWhole) return `expected a completion of at most ${limits.foreignText} bytes, got: ${entry.bytes}`;
  if (!entry.isUtf8) return 'expected a completion to be UTF-8, got: other bytes';
  const value = decode(entry.text);
  if (value.kind === 'malformed') return value.reason.replace('the record', 'a completion');
  const { taskId, completedBy, result } = (value.value ?? {}) as { readonly [field in string]?: unknown };
  if (typeof taskId !== 'string' || typeof completedBy !== 'string')
    return `expected a completion to have taskId and completedBy as text, got: ${typeOf(taskId)} and ${typeOf(completedBy)}`;
  if (result === undefined) return 'expected a completion to have a result, got: none';
  return { taskId, answer: JSON.stringify({ ok: true, result }) };
}

/** The broadcast of a foreign failure; undefined when it is another one. */
export function readFailure(topic: string, data: string): ForeignAnswer | undefined {
  if (!topic.startsWith(failurePrefix)) return undefined;
  const value = decode(data);
  const { error } = ((value.kind === 'value' ? value.value : undefined) ?? {}) as { readonly error?: unknown };
  const text = typeof error === 'string' ? error : error === undefined ? 'it gave no reason' : JSON.stringify(error);
  return {
    taskId: topic.slice(failurePrefix.length),
    answer: JSON.stringify({ ok: false, error: text.slice(0, 2_000) }),
  };
}

/** The same as it is published, which may be all there is of it. */
export function readPublishedFailure(text: string): ForeignAnswer | undefined {
  if (!text.includes(failurePrefix)) return undefined;
  const value = decode(text);
  const { message, metadata } = ((value.kind === 'value' ? value.value : undefined) ?? {}) as {
    readonly [field in string]?: unknown;
  };
  return typeof message === 'string' ? readFailure(message, JSON.stringify(metadata ?? {})) : undefined;
}
