/**
 * What a mailbox holds: one piece of work for a handler.
 *
 * One union, so that the mailbox, the cell and the execution agree on every kind there is.
 */
import type { TimerHandler } from '../agent/handlers.ts';
import type { Down } from '../agent/watch-verbs.ts';
import type { EventRecord } from '../broker/events.ts';
import type { InboxEntry } from '../broker/mail.ts';
import type { ClaimedTask } from '../broker/tasks.ts';
import type { Envelope } from '../core/envelope.ts';
import type { Lease } from './leases.ts';

/** What a durable subscription wants to know of a broadcast that it has handed out. */
export interface Delivery {
  /** The agent may have handled it before a crash. */
  readonly redelivered: boolean;
  /** It is from before the agent came up: for durable handlers only. */
  readonly missed: boolean;
  /** A handler begins. */
  begin(): void;
  /** All handlers have ended. */
  end(): void;
}

export type Work =
  | {
      readonly kind: 'task';
      readonly claimed: ClaimedTask;
      readonly lease: Lease;
      /** When it came, on the node's monotonic clock in milliseconds. */
      readonly since: number;
    }
  | {
      readonly kind: 'message';
      readonly entry: InboxEntry;
      /** That of the entry, where it was read already. */
      readonly envelope?: Envelope | undefined;
      /** Its operation id may be handed over again. */
      readonly forget: () => void;
    }
  | { readonly kind: 'ask'; readonly envelope: Envelope }
  /** A live message that nobody waits for. */
  | { readonly kind: 'volatile'; readonly envelope: Envelope }
  /** A live message from an agent that speaks the classic protocol. */
  | {
      readonly kind: 'classic';
      readonly id: string;
      readonly from: string;
      readonly name: string;
      readonly data: unknown;
      readonly sentAt: number;
    }
  | { readonly kind: 'broadcast'; readonly event: EventRecord; readonly gap: boolean; readonly delivery?: Delivery }
  | {
      /** An agent that is watched is down. */
      readonly kind: 'down';
      readonly down: Down;
      /** A handler is about to hear of it; false when it was unwatched. */
      readonly begin: () => boolean;
    }
  | {
      readonly kind: 'timer';
      readonly timer: TimerHandler;
      /** The turn has ended. */
      readonly done: () => void;
    };

/** What no broker stores: a full mailbox may refuse or drop it. */
export type LiveWork = Extract<Work, { readonly kind: 'ask' | 'volatile' | 'classic' }>;

export function isLive(work: Work): work is LiveWork {
  return work.kind === 'ask' || work.kind === 'volatile' || work.kind === 'classic';
}
