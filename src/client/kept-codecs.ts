/**
 * How the operations of each lane are kept, and what is left out: refused ones, and what an operation has in common with the one before.
 *
 * An operation that has something of its own is written whole.
 */
import type { NewMessage, SendOp, SendReply } from '../broker/mail.ts';
import type { EnqueueOp, EnqueueReply, SettleOp, SettleReply } from '../broker/tasks.ts';
import type { KeptCodec } from './kept-ops.ts';

export const keptEnqueues: KeptCodec<EnqueueOp, EnqueueReply> = {
  width: 3,
  write(texts, op, reply, before) {
    if (reply.kind !== 'enqueued') return false;
    const rest = before !== undefined && isLikeTask(op, before) ? '' : JSON.stringify({ ...op, envelope: '' });
    texts.push(rest, op.envelope, reply.taskId);
    return true;
  },
  read([rest = '', envelope = '', taskId = ''], before) {
    const like = rest === '' ? before : (JSON.parse(rest) as EnqueueOp);
    return { op: { ...(like as EnqueueOp), envelope }, reply: { kind: 'enqueued', taskId } };
  },
};

function isLikeTask(op: EnqueueOp, { priority, delayMs, maxWaiting, key, taskId, concurrencyKey }: EnqueueOp): boolean {
  return (
    op.priority === priority &&
    op.delayMs === delayMs &&
    op.maxWaiting === maxWaiting &&
    op.concurrencyKey === concurrencyKey &&
    op.key === key &&
    op.taskId === taskId
  );
}

export const keptSettles: KeptCodec<SettleOp, SettleReply> = {
  width: 4,
  write(texts, op, reply, before) {
    if (reply !== 'settled') return false;
    const { taskId, entry } = op.receipt;
    if (op.outcome.kind === 'complete' && before !== undefined && isLikeSettle(op, before))
      texts.push('', taskId, entry, op.outcome.result);
    else texts.push(JSON.stringify(op), '', '', '');
    return true;
  },
  read([whole = '', taskId = '', entry = '', result = ''], before) {
    if (whole !== '' || before?.outcome.kind !== 'complete') return settled(JSON.parse(whole) as SettleOp);
    const { receipt, outcome } = before;
    return settled({ ...before, receipt: { ...receipt, taskId, entry }, outcome: { ...outcome, result } });
  },
};

function settled(op: SettleOp) {
  return { op, reply: 'settled' as const };
}

/** Both are done, and differ in their tasks and results. */
function isLikeSettle({ receipt, outcome, notify }: SettleOp, before: SettleOp): boolean {
  return (
    outcome.kind === 'complete' &&
    before.outcome.kind === 'complete' &&
    receipt.priority === before.receipt.priority &&
    receipt.deliveries === before.receipt.deliveries &&
    outcome.resultTtlMs === before.outcome.resultTtlMs &&
    notify === before.notify
  );
}

export const keptSends: KeptCodec<SendOp, SendReply> = {
  width: 5,
  write(texts, op, reply, before) {
    if (reply.kind !== 'stored') return false;
    const { entry } = reply;
    if (isPlain(op) && before !== undefined && isPlain(before) && op.limit === before.limit)
      texts.push('', op.to, op.opId, op.envelope, entry);
    else texts.push(JSON.stringify(op), '', '', '', entry);
    return true;
  },
  read([whole = '', to = '', opId = '', envelope = '', entry = ''], before) {
    const op = whole === '' ? { to, opId, envelope, limit: before?.limit ?? 0 } : (JSON.parse(whole) as SendOp);
    return { op, reply: { kind: 'stored', entry } };
  },
};

function isPlain(op: SendOp): op is NewMessage {
  return !('letter' in op) && op.key === undefined;
}
