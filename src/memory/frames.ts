/**
 * The frame ledger of a fleet: what makes a repeated frame safe (F1 to F6 of broker/frame.ts), for every lane alike.
 *
 * The rules are checked in the order lease, repeat, forgotten, stale, order; nothing is changed by a frame that fails one.
 */
import { forgotten, type Frame, outOfOrder, presenceLost, staleFrame } from '../broker/frame.ts';
import type { Clock } from '../core/clock.ts';
import { limits } from '../core/limits.ts';
import type { Directory } from './directory.ts';

interface SenderRecord {
  /** Sequence number of the newest frame that was applied. */
  newest: number;
  usedAt: number;
  /** Replies by sequence number, oldest first. */
  readonly replies: Map<number, readonly unknown[]>;
}

export type Lane = 'enqueue' | 'settle' | 'send' | 'ask' | 'acknowledge' | 'append';

export class FrameLedger {
  readonly #clock: Clock;
  readonly #directory: Directory;
  /** By lane, tag and sender; the one whose last frame was applied longest ago first. */
  readonly senders = new Map<string, SenderRecord>();

  constructor(deps: { clock: Clock; directory: Directory }) {
    this.#clock = deps.clock;
    this.#directory = deps.directory;
  }

  /** Carries out the operations of a frame, or finds the replies they had. */
  apply<Op, Reply>(lane: Lane, frame: Frame<Op>, carryOut: (op: Op) => Reply): readonly Reply[] {
    if (frame.leased && !this.#directory.isPresent(frame.sender)) throw presenceLost(frame.sender);
    const key = `${lane} ${frame.tag} ${frame.sender}`;
    const record = this.#recordOf(key);
    const stored = record.replies.get(frame.seq);
    if (stored !== undefined) return stored as readonly Reply[];
    if ((frame.known ?? 0) > record.newest) throw forgotten(frame, record.newest);
    if (frame.seq <= record.newest) throw staleFrame(frame);
    if (frame.prev > 0 && record.newest > 0 && !record.replies.has(frame.prev)) throw outOfOrder(frame);

    const replies = frame.ops.map(carryOut);
    record.newest = frame.seq;
    record.usedAt = this.#clock.now();
    this.senders.delete(key);
    this.senders.set(key, record);
    record.replies.set(frame.seq, replies);
    for (const seq of record.replies.keys()) {
      if (record.replies.size <= limits.framesRemembered) break;
      record.replies.delete(seq);
    }
    return replies;
  }

  #recordOf(key: string): SenderRecord {
    const now = this.#clock.now();
    for (const [other, record] of this.senders) {
      if (now - record.usedAt < limits.framesRememberedMs) break;
      this.senders.delete(other);
    }
    return this.senders.get(key) ?? { newest: 0, usedAt: now, replies: new Map() };
  }
}
