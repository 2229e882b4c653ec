/**
 * The mail port: durable inboxes of agents with their dead letters, and live mail.
 *
 * M1  A stored message stays in the inbox until it is acknowledged under the epoch that was granted last for that id.
 * M2  Entries of one inbox are ordered by their ids, which never repeat, also not after the inbox was empty. Messages of
 *     one sender keep their order.
 * M3  When the receiver is owned, the owner's process hears `mail` with the entry; what it misses it reads.
 * M4  An acknowledgement names entry, operation id and epoch. An unknown entry or another operation id removes nothing. An epoch
 *     that is not the one granted last is refused, whether or not somebody owns the id now; that one counts also when its
 *     owner has gone since. For an id that never was granted, or was given back or forgotten (presence, P2) with an empty inbox, there
 *     is none.
 * M5  `redelivered` is true exactly for entries that were handed (live or read) before the epoch granted last. Whoever reads an entry
 *     counts as having been handed all before it.
 * M6  An inbox takes at most `limit` entries; the sender is told.
 * M7  Live mail (an ask, a volatile message) is published to the owner once, or not at all when there is no owner; nothing is
 *     stored.
 * M8  A message with a `key` is stored only when none was stored for that agent under that key within the last `ttlMs`, whoever
 *     sent it and whether or not it was acknowledged since. Who repeats a key is told the first operation id, also when the
 *     inbox is full (M6).
 * M9  An acknowledgement with `dead` moves the message to the dead letters of the agent, in one step with M4. They are the newest
 *     `limit` ones; those that newer ones pushed out are counted for as long as the list is not empty.
 * M10 A revival puts a dead letter back into the inbox and takes it off the list, in one step: a new entry with the same operation
 *     id, handed to nobody yet. When the inbox is full (M6) the letter stays.
 * M11 An inbox is read under the epoch that was granted last; any other one is refused with `OwnershipError('activation-lost')`, also one that the
 *     broker has lost: what is stored again is for the next activation, which gets all of it in order.
 * M12 Where foreign agents use the same messages, one to an id that never was granted, and whose inbox is empty, is theirs: it is published
 *     in their form and stored nowhere. A key (M8) counts for it, too. An id of a pool is theirs again once it is forgotten (presence, P2).
 * M13 Where a notice can be lost although the link holds, as between the masters of a cluster, `mail` names the entry that stood last in the
 *     inbox, if one did: who was not handed that one has missed some, and reads.
 */
import { type ErrorRecord, OwnershipError } from '../core/errors.ts';
import type { Frame } from './frame.ts';

export type SendOp = NewMessage | Revival;

export interface NewMessage {
  readonly to: string;
  readonly opId: string;
  readonly envelope: string;
  /** M6 */
  readonly limit: number;
  /** M8 */
  readonly key?: { readonly name: string; readonly ttlMs: number };
}

/** M10 */
export interface Revival {
  readonly to: string;
  /** M6 */
  readonly limit: number;
  /** Id of the dead letter. */
  readonly letter: string;
}

export type SendReply =
  | { readonly kind: 'stored'; readonly entry: string }
  /** M8: of the message that was stored under the key. */
  | { readonly kind: 'known'; readonly opId: string }
  /** M10: there is no such dead letter. */
  | { readonly kind: 'no-letter' }
  /** M12 */
  | { readonly kind: 'published' }
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

export type AcknowledgeOp = EndOfMessage | EndOfLetter;

export interface EndOfMessage {
  readonly agentId: string;
  readonly epoch: number;
  readonly entry: string;
  readonly opId: string;
  /** M9: no handler takes it. */
  readonly dead?: { readonly reason: string; readonly error: ErrorRecord; readonly limit: number };
}

/** Forgets a dead letter, which is of no epoch. */
export interface EndOfLetter {
  readonly agentId: string;
  readonly letter: string;
}

export type AcknowledgeReply = 'acknowledged' | 'stale-epoch' | 'unknown';

export interface DeadMessage {
  /** Its id among the dead letters of the agent; greater ids died later. */
  readonly letter: string;
  readonly opId: string;
  readonly envelope: string;
  readonly reason: string;
  readonly error: ErrorRecord;
  /** Server time in milliseconds. */
  readonly diedAt: number;
}

export interface DeadMessages {
  readonly letters: readonly DeadMessage[];
  /** How many there are. */
  readonly total: number;
  /** How many newer ones pushed out (M9). */
  readonly dropped: number;
}

export interface ReadInboxRequest {
  readonly agentId: string;
  /** M11; of an id that nobody was granted: 0. */
  readonly epoch: number;
  /** Entries behind this one; `''`, like any text that is no entry id, reads from the start. */
  readonly after: string;
  readonly count: number;
}

export interface MailPort {
  /** The tag of an agent's inbox: frames are collected per tag. */
  tagOf(agentId: string): string;
  /** Stores messages, new ones and dead letters (M10). Lane `send`. Durable when it resolves. */
  send(frame: Frame<SendOp>): Promise<readonly SendReply[]>;
  /** Sends live mail (M7). Lane `ask`. */
  ask(frame: Frame<AskOp>): Promise<readonly AskReply[]>;
  /** Reads an inbox in order. */
  read(request: ReadInboxRequest): Promise<readonly InboxEntry[]>;
  /** Removes handled messages (M4), keeps those that no handler takes (M9), forgets dead letters. Lane `acknowledge`. */
  acknowledge(frame: Frame<AcknowledgeOp>): Promise<readonly AcknowledgeReply[]>;
  /** Ids of agents owned by `node` whose inbox is not empty. Cost depends on their number, not on all agents. */
  waiting(node: string): Promise<readonly string[]>;
  /** Dead letters of an agent, newest first, at most `count`, older than the letter `before` when given. */
  deadLetters(agentId: string, page: { count: number; before?: string }): Promise<DeadMessages>;
}

/** M11 */
export function activationLost(agentId: string, epoch: number): OwnershipError {
  return new OwnershipError(
    'activation-lost',
    `expected epoch ${epoch} of "${agentId}" to be the one granted last, got: another one, or none`,
    { agentId, epoch },
  );
}
