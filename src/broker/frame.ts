/**
 * The frame: an immutable batch of operations that one process sends to one tag, and the rules that make a repeat safe.
 *
 * F1  A tag remembers each sender's last replies per lane (port method); a frame with a remembered `seq` gets the stored
 *     reply and changes nothing.
 * F2  A frame that is neither remembered nor newer than the newest one applied is refused as `stale-frame`: whether it was
 *     applied is unknown.
 * F3  A frame whose `prev` is not among the remembered ones (not applied yet, or too long ago) is refused as `out-of-order`
 *     and changes nothing, so that frames of one sender are applied in order even when one of them failed. A tag that
 *     remembers nothing of a sender (a new sender, or lost data) accepts any `prev`.
 * F4  With `leased`, the whole frame is refused with `OwnershipError('presence-lost')` and changes nothing when the
 *     sender's presence lease has ended or was revoked. This goes before F1: the stored reply is not told either.
 * F5  The operations of a frame are applied together and in order; each has its own reply.
 * F6  A frame may name the newest frame of its sender that was answered (`known`). A tag that has applied none as new as that one
 *     has lost data: the frame is refused as `forgotten`, which tells the newest one it knows, and changes nothing. So is, once, a
 *     frame whose outcome is unknown, when another server has taken the place of the one on which it was tried: that one may have applied
 *     it and not handed it on, and nobody can tell.
 */
import { BrokerError, OwnershipError } from '../core/errors.ts';

export interface Frame<Op> {
  /** What the operations share: a queue, a mail shard, or the event stream. */
  readonly tag: string;
  /** Address of the sending process: a new one for every incarnation. */
  readonly sender: string;
  /** Grows by one with every frame of this sender, tag and lane; starts at 1. */
  readonly seq: number;
  /** The frame that must have been applied before this one; 0 when there is none. */
  readonly prev: number;
  /** The newest frame that is known to have been applied (F6); absent or 0 when there is none. */
  readonly known?: number;
  /** The sender is a node and must hold its presence lease. */
  readonly leased: boolean;
  /** At most `limits.frameOps` operations and `limits.frameBytes` bytes. */
  readonly ops: readonly Op[];
}

/** F4: what every port throws when the caller's presence lease has ended. */
export function presenceLost(address: string): OwnershipError {
  return new OwnershipError(
    'presence-lost',
    `expected node "${address}" to hold its presence lease, got: ended or revoked`,
    { address },
  );
}

/** F2 */
export function staleFrame(frame: Frame<unknown>): BrokerError {
  return new BrokerError(
    'stale-frame',
    `expected frame ${frame.seq} of ${frame.sender} to be remembered or new, got: older than all remembered`,
  );
}

/** F3 */
export function outOfOrder(frame: Frame<unknown>): BrokerError {
  return new BrokerError(
    'out-of-order',
    `expected frame ${frame.prev} of ${frame.sender} to be remembered before ${frame.seq}, got: not applied, or long ago`,
  );
}

/** F6: what the tag has applied of the sender ends with frame `last`; 0 when it remembers nothing. */
export function forgotten(frame: Frame<unknown>, last: number): BrokerError {
  const expected = `expected frame ${frame.known} of ${frame.sender} to be known to "${frame.tag}" still`;
  return new BrokerError('forgotten', `${expected}, got: ${last === 0 ? 'nothing' : `none after ${last}`}`, {
    details: { last },
  });
}

/** F6: the server that may have applied the frame is gone. */
export function replaced(frame: Frame<unknown>): BrokerError {
  const expected = `expected the server to be there still on which frame ${frame.seq} of ${frame.sender} was tried`;
  return new BrokerError('forgotten', `${expected}, got: another one`, { details: { last: frame.known ?? 0 } });
}
