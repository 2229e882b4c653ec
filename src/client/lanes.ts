/**
 * The lanes of one process: a collector for every port method that takes frames.
 *
 * Each lane numbers its own frames, so that a repeat in one never collides with another.
 */
import type { Broker } from '../broker/broker.ts';
import type { AppendOp } from '../broker/events.ts';
import type { AcknowledgeOp, AcknowledgeReply, AskOp, AskReply, SendOp, SendReply } from '../broker/mail.ts';
import type { EnqueueOp, EnqueueReply, SettleOp, SettleReply } from '../broker/tasks.ts';
import type { Clock } from '../core/clock.ts';
import { decodeEnvelope, encodeEnvelope } from '../core/envelope.ts';
import type { Random } from '../core/random.ts';
import type { Sender } from './frame-line.ts';
import type { LineLegacy } from './frame-history.ts';
import { Frames, type FramesDeps } from './frames.ts';
import { keptEnqueues, keptSends, keptSettles } from './kept-codecs.ts';
import { Outbox } from './outbox.ts';

export interface LanesDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly sender: Sender;
  readonly patienceMs: number;
  /** The broker has lost what it had accepted: `found` operations are sent again, `gone` could not be. */
  readonly onLost: (loss: { readonly tag: string; readonly found: number; readonly gone: number }) => void;
  /** What a process that is gone had kept. */
  readonly legacy?: Legacy | undefined;
}

/** What one process keeps for the next: its lines of frames, by lane. What it settled and acknowledged is no longer its own. */
export interface Legacy {
  readonly enqueue: readonly LineLegacy[];
  readonly send: readonly LineLegacy[];
  readonly append: readonly LineLegacy[];
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
  /** Resolves when none has to wait for its answer any more, or after so many milliseconds. */
  idle(withinMs: number): Promise<void>;
  /** Looks whether the broker still knows what it answered lately; what it has lost is sent again. */
  check(): void;
  readonly legacy: Legacy;
  /** Rejects them and refuses new ones. */
  close(): void;
}

/** What an operation needs beside its payload, roughly. */
const overheadBytes = 100;

type LaneDeps<Op, Reply> = Pick<
  FramesDeps<Op, Reply>,
  'deliver' | 'bytesOf' | 'isUnawaited' | 'again' | 'mark' | 'kept'
>;

/** How lanes are made that share one outbox. */
function laneMaker(deps: LanesDeps, onIdle: () => void) {
  const outbox = new Outbox({ clock: deps.clock });
  return <Op, Reply>(own: LaneDeps<Op, Reply>): Frames<Op, Reply> => {
    const bytesOf = (op: Op): number => own.bytesOf(op) + overheadBytes;
    return new Frames<Op, Reply>({ ...deps, outbox, onIdle, ...own, bytesOf });
  };
}

export function createLanes(deps: LanesDeps): Lanes {
  const { broker, clock } = deps;
  const idleness = new Idleness(clock, () => waiting());
  const lane = laneMaker(deps, () => idleness.look());
  const lanes = {
    enqueue: lane<EnqueueOp, EnqueueReply>({
      deliver: (frame) => broker.tasks.enqueue(frame),
      bytesOf: (op) => op.envelope.length,
      again: enqueueAgain,
      mark: (op) => ({ ...op, envelope: marked(op.envelope) }),
      kept: keptEnqueues,
    }),
    settle: lane<SettleOp, SettleReply>({
      deliver: (frame) => broker.tasks.settle(frame),
      bytesOf: settleBytes,
      again: (op, reply) => (reply === 'settled' ? op : undefined),
      kept: keptSettles,
    }),
    send: lane<SendOp, SendReply>({
      deliver: (frame) => broker.mail.send(frame),
      bytesOf: (op) => ('letter' in op ? 0 : op.envelope.length),
      again: (op, reply) => (reply.kind === 'stored' ? sendAgain(op) : undefined),
      mark: sendAgain,
      kept: keptSends,
    }),
    ask: lane<AskOp, AskReply>({
      deliver: (frame) => broker.mail.ask(frame),
      bytesOf: (op) => op.envelope.length,
    }),
    acknowledge: lane<AcknowledgeOp, AcknowledgeReply>({
      deliver: (frame) => broker.mail.acknowledge(frame),
      isUnawaited: true,
      bytesOf: (op) => ('dead' in op ? JSON.stringify(op.dead).length : 0),
      again: (op, reply) => (reply === 'acknowledged' ? op : undefined),
    }),
    append: lane<AppendOp, string>({
      deliver: (frame) => broker.events.append(frame),
      bytesOf: (op) => op.data.length,
      again: (op) => ({ ...op, again: true }),
      mark: (op) => ({ ...op, again: true }),
    }),
  };
  const all: readonly { readonly waiting: number; check(): void; close(): void }[] = Object.values(lanes);
  const { enqueue, send, append } = lanes;
  enqueue.inherit(deps.legacy?.enqueue ?? []);
  send.inherit(deps.legacy?.send ?? []);
  append.inherit(deps.legacy?.append ?? []);
  const waiting = (): number => all.reduce((sum, frames) => sum + frames.waiting, 0);
  return {
    ...lanes,
    waiting,
    idle: (withinMs) => idleness.within(withinMs),
    check: () => all.forEach((frames) => frames.check()),
    get legacy() {
      return { enqueue: enqueue.legacies, send: send.legacies, append: append.legacies };
    },
    close: () => all.forEach((frames) => frames.close()),
  };
}

/** Who waits for all lanes to have nothing to wait for. */
class Idleness {
  readonly #clock: Clock;
  readonly #waiting: () => number;
  readonly #ends = new Set<() => void>();

  constructor(clock: Clock, waiting: () => number) {
    this.#clock = clock;
    this.#waiting = waiting;
  }

  /** A lane has nothing to wait for any more; others may. */
  look(): void {
    if (this.#ends.size > 0 && this.#waiting() === 0) for (const end of this.#ends) end();
  }

  within(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#ends.delete(end);
        timer.cancel();
        resolve();
      };
      const timer = this.#clock.setTimer(ms, end);
      this.#ends.add(end);
      this.look();
    });
  }
}

/** The task comes back under the id that its caller knows, and is due when it was to be. */
function enqueueAgain(op: EnqueueOp, reply: EnqueueReply, elapsedMs: number): EnqueueOp | undefined {
  if (reply.kind !== 'enqueued') return undefined;
  const delayMs = Math.max(0, op.delayMs - elapsedMs);
  return { ...op, envelope: marked(op.envelope), delayMs, taskId: reply.taskId };
}

function sendAgain(op: SendOp): SendOp {
  return 'letter' in op ? op : { ...op, envelope: marked(op.envelope) };
}

/** Whoever gets it may have had it before the data was lost. */
function marked(envelope: string): string {
  return encodeEnvelope({ ...decodeEnvelope(envelope), again: true });
}

function settleBytes(op: SettleOp): number {
  const { outcome } = op;
  if (outcome.kind === 'complete') return 2 * outcome.result.length;
  return outcome.kind === 'release' ? 0 : 2 * JSON.stringify(outcome.error).length;
}
