/**
 * The lanes of one process: a collector for every port method that takes frames.
 *
 * Each lane numbers its own frames, so that a repeat in one never collides with another.
 */
import type { Broker } from '../broker/broker.ts';
import type { AppendOp } from '../broker/events.ts';
import type { Frame } from '../broker/frame.ts';
import type { AcknowledgeOp, AcknowledgeReply, AskOp, AskReply, SendOp, SendReply } from '../broker/mail.ts';
import type { EnqueueOp, EnqueueReply, SettleOp, SettleReply } from '../broker/tasks.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Sender } from './frame-line.ts';
import { Frames } from './frames.ts';

export interface LanesDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly sender: Sender;
  readonly patienceMs: number;
}

export interface Lanes {
  readonly enqueue: Frames<EnqueueOp, EnqueueReply>;
  readonly settle: Frames<SettleOp, SettleReply>;
  readonly send: Frames<SendOp, SendReply>;
  readonly ask: Frames<AskOp, AskReply>;
  readonly acknowledge: Frames<AcknowledgeOp, AcknowledgeReply>;
  readonly append: Frames<AppendOp, string>;
  /** Operations that have no answer yet. */
  waiting(): number;
  /** Rejects them and refuses new ones. */
  close(): void;
}

/** What an operation needs beside its payload, roughly. */
const overheadBytes = 100;

export function createLanes(deps: LanesDeps): Lanes {
  const { broker } = deps;
  const lane = <Op, Reply>(
    deliver: (frame: Frame<Op>) => Promise<readonly Reply[]>,
    bytesOf: (op: Op) => number,
  ): Frames<Op, Reply> => new Frames<Op, Reply>({ ...deps, deliver, bytesOf: (op) => bytesOf(op) + overheadBytes });
  const lanes = {
    enqueue: lane<EnqueueOp, EnqueueReply>(
      (frame) => broker.tasks.enqueue(frame),
      (op) => Buffer.byteLength(op.envelope),
    ),
    settle: lane<SettleOp, SettleReply>((frame) => broker.tasks.settle(frame), settleBytes),
    send: lane<SendOp, SendReply>(
      (frame) => broker.mail.send(frame),
      (op) => Buffer.byteLength(op.envelope) + Buffer.byteLength(op.classic.metadata),
    ),
    ask: lane<AskOp, AskReply>(
      (frame) => broker.mail.ask(frame),
      (op) => Buffer.byteLength(op.envelope),
    ),
    acknowledge: lane<AcknowledgeOp, AcknowledgeReply>(
      (frame) => broker.mail.acknowledge(frame),
      () => 0,
    ),
    append: lane<AppendOp, string>(
      (frame) => broker.events.append(frame),
      (op) => Buffer.byteLength(op.data),
    ),
  };
  const all: readonly { readonly waiting: number; close(): void }[] = Object.values(lanes);
  return {
    ...lanes,
    waiting: () => all.reduce((sum, frames) => sum + frames.waiting, 0),
    close: () => all.forEach((frames) => frames.close()),
  };
}

function settleBytes(op: SettleOp): number {
  const { outcome } = op;
  if (outcome.kind === 'complete') return 2 * Buffer.byteLength(outcome.result);
  return outcome.kind === 'release' ? 0 : 2 * Buffer.byteLength(JSON.stringify(outcome.error));
}
