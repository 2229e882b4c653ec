/**
 * The mail port: durable inboxes of agents, and live asks.
 *
 * M1  A stored message stays in the inbox until it is acknowledged under the inbox owner's current epoch.
 * M2  Entries of one inbox are ordered by their ids, which never repeat, also not after the inbox was empty. Messages of
 *     one sender keep their order.
 * M3  When the receiver is owned, the owner's process hears `mail` with the entry; what it misses it reads.
 * M4  An acknowledgement names entry, operation id and epoch. A lower epoch is refused; an unknown entry or another
 *     operation id removes nothing.
 * M5  `redelivered` is true exactly for entries that were handed (live or read) to an earlier epoch.
 * M6  An inbox takes at most `limit` entries; the sender is told.
 * M7  An ask is published to the owner once, or not at all when there is no owner; nothing is stored.
 */
import type { Frame } from './frame.ts';

export interface SendOp {
  readonly to: string;
  readonly opId: string;
  readonly envelope: string;
  /** M6 */
  readonly limit: number;
  /** For agents that speak the classic protocol; the broker uses it only in classic mode. */
  readonly classic: ClassicMessage;
}

/** The classic form of a direct message. `metadata` is JSON text. */
export interface ClassicMessage {
  readonly from: string;
  readonly message: string;
  readonly metadata: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}

export type SendReply =
  | { readonly kind: 'stored'; readonly entry: string }
  | { readonly kind: 'inbox-full'; readonly entries: number };

export interface AskOp {
  readonly to: string;
  readonly envelope: string;
}

/** `sent` to the node `owner`; whether it arrives is not known. */
export type AskReply = { readonly kind: 'sent'; readonly owner: string } | { readonly kind: 'no-owner' };

export interface InboxEntry {
  readonly entry: string;
  readonly opId: string;
  readonly envelope: string;
  /** M5 */
  readonly redelivered: boolean;
}

export interface AcknowledgeOp {
  readonly agentId: string;
  readonly epoch: number;
  readonly entry: string;
  readonly opId: string;
}

export type AcknowledgeReply = 'acknowledged' | 'stale-epoch' | 'unknown';

export interface ReadInboxRequest {
  readonly agentId: string;
  /** The reader's epoch; a lower one than the owner's is refused with `OwnershipError('activation-lost')`. */
  readonly epoch: number;
  /** Entries behind this one; `''` reads from the start. */
  readonly after: string;
  readonly count: number;
}

export interface MailPort {
  /** The tag of an agent's inbox: frames are collected per tag. */
  tagOf(agentId: string): string;
  /** Stores messages. Lane `send`. Durable when it resolves. */
  send(frame: Frame<SendOp>): Promise<readonly SendReply[]>;
  /** Sends live requests (M7). Lane `ask`. */
  ask(frame: Frame<AskOp>): Promise<readonly AskReply[]>;
  /** Reads an inbox in order. */
  read(request: ReadInboxRequest): Promise<readonly InboxEntry[]>;
  /** Removes handled messages (M4). Lane `acknowledge`. */
  acknowledge(frame: Frame<AcknowledgeOp>): Promise<readonly AcknowledgeReply[]>;
  /** Ids of agents owned by `node` whose inbox is not empty. Cost depends on their number, not on all agents. */
  waiting(node: string): Promise<readonly string[]>;
}
