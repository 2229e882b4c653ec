/**
 * The small words of the task tests: put tasks in, take them, end them.
 */
import { expect } from 'vitest';
import type { Priority } from '../../src/broker/task-id.ts';
import type { ClaimedTask, EnqueueOp, Outcome, SettleReply } from '../../src/broker/tasks.ts';
import type { ErrorRecord } from '../../src/core/errors.ts';
import { frame, type Member } from './harness.ts';

export const queue = 'audit';
export const failure: ErrorRecord = { name: 'Error', code: 'error', message: 'it broke' };

export const complete: Outcome = { kind: 'complete', result: '"done"', resultTtlMs: 600_000 };
export const release: Outcome = { kind: 'release' };
export const die: Outcome = { kind: 'dead', reason: 'attempts', error: failure, resultTtlMs: 600_000 };
export const retry = (delayMs = 0): Outcome => ({ kind: 'retry', delayMs, error: failure });

export function op(envelope: string, options: Partial<EnqueueOp> = {}): EnqueueOp {
  return { priority: 'normal', delayMs: 0, envelope, maxWaiting: 1_000_000, ...options };
}

/** Enqueues one task per envelope, in frames as large as they may be; their ids in order. */
export async function put(
  member: Member,
  envelopes: readonly string[],
  options: Partial<EnqueueOp> & { queue?: string } = {},
): Promise<string[]> {
  const { queue: tag = queue, ...rest } = options;
  const ids: string[] = [];
  for (let from = 0; from < envelopes.length; from += 128) {
    const ops = envelopes.slice(from, from + 128).map((envelope) => op(envelope, rest));
    const replies = await member.tasks.enqueue(frame(tag, ops, { sender: member.address }));
    ids.push(...replies.map((reply) => (reply.kind === 'enqueued' ? reply.taskId : expect.fail(reply.kind))));
  }
  return ids;
}

export async function putOne(member: Member, envelope = 'one', options: Partial<EnqueueOp> = {}): Promise<string> {
  const [id] = await put(member, [envelope], options);
  return id ?? expect.fail('no id');
}

export async function take(member: Member, count = 1_000, from = queue): Promise<readonly ClaimedTask[]> {
  return (await member.tasks.claim({ queue: from, node: member.address, count })).tasks;
}

/** Claims exactly one task; fails when none waits. */
export async function takeOne(member: Member): Promise<ClaimedTask> {
  const [task] = await take(member, 1);
  return task ?? expect.fail('no task waits');
}

/** Ends deliveries of one queue, in frames as large as they may be. */
export async function settle(
  member: Member,
  tasks: readonly ClaimedTask[],
  outcome: Outcome,
  notify?: string,
): Promise<SettleReply[]> {
  const replies: SettleReply[] = [];
  for (let from = 0; from < tasks.length; from += 128) {
    const ops = tasks
      .slice(from, from + 128)
      .map(({ receipt }) => ({ receipt, outcome, ...(notify !== undefined && { notify }) }));
    const tag = tasks[0]?.queue ?? queue;
    replies.push(...(await member.tasks.settle(frame(tag, ops, { sender: member.address, leased: true }))));
  }
  return replies;
}

export async function settleOne(
  member: Member,
  task: ClaimedTask,
  outcome: Outcome,
  notify?: string,
): Promise<SettleReply | undefined> {
  return (await settle(member, [task], outcome, notify))[0];
}

export const envelopesOf = (tasks: readonly ClaimedTask[]): string[] => tasks.map(({ envelope }) => envelope);
export const idsOf = (tasks: readonly ClaimedTask[]): string[] => tasks.map(({ receipt }) => receipt.taskId);
export const numbered = (count: number, prefix = 't'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

export const priorities: readonly Priority[] = ['low', 'normal', 'high'];
